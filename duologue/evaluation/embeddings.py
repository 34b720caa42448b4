"""How close two replies are in meaning, measured by a model2vec model's embeddings."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from duologue.errors import UsageError

if TYPE_CHECKING:
    from model2vec import StaticModel

_PAIRS_PER_BATCH = 1024
"""Limits the memory: a thousand pairs of 256 dimensions take about 4 MB."""

EmbeddingScorer = Callable[[Sequence[tuple[str, str]]], list[float | None]]
"""Returns the cosine of each pair's embeddings, 0 to 1; negative values count as 0. None if the
model knows no word of one of the texts."""


def load_embedding_scorer(name: str) -> EmbeddingScorer:
    """Loads a model2vec model from a folder, or from Hugging Face if it is not in the cache yet.

    Raises:
        UsageError: the package is not installed, or the model does not exist.
    """
    subject = f"embedding_model {name!r}"
    try:
        from model2vec import StaticModel
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{subject}: the package {error.name!r} is not installed; "
            "install duologue[embeddings], or leave embedding_model out"
        ) from None
    try:
        model = StaticModel.from_pretrained(name, force_download=False)
    except Exception as error:
        raise UsageError(
            f"{subject}: cannot be loaded ({type(error).__name__}); expected the folder of a "
            "model2vec model, or the name of one on Hugging Face, such as minishlab/potion-base-8M"
        ) from error
    return partial(_similarities, model)


def _similarities(model: "StaticModel", pairs: Sequence[tuple[str, str]]) -> list[float | None]:
    found: list[float | None] = []
    for start in range(0, len(pairs), _PAIRS_PER_BATCH):
        found += _cosines(model, pairs[start : start + _PAIRS_PER_BATCH])
    return found


def _cosines(model: "StaticModel", pairs: Sequence[tuple[str, str]]) -> list[float | None]:
    one, other = (np.float64(model.encode(texts)) for texts in zip(*pairs, strict=True))
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    products = np.einsum("ij,ij->i", one, other)
    return [
        min(max(float(product / length), 0.0), 1.0) if length else None
        for product, length in zip(products, lengths, strict=True)
    ]
