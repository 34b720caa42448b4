"""How much a message reads like an assistant's: a small linear model over hashed characters.

The weights are in `role_weights.npz`, from `scripts/train_role_model.py`. The model reads the
beginning and the end of each message as character n-grams, and what needs no language: its length,
its questions, its numbers, and the message before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

ORDERS = (3, 5, 7)
"""Lengths of the n-grams, in characters."""
BUCKET_BITS = 16
"""The n-grams of one length share 2 to this power of weights."""
FORMS = 10
"""Number of features that need no language; see `_forms`."""

_HEAD, _TAIL = 140, 100
"""Characters read of a message: the role shows where it begins and where it ends."""
_PAD = "\x03" * (max(ORDERS) - 1)
"""Between two messages, so that no n-gram contains letters of both."""
_BASE, _MIX = np.uint32(0x01000193), np.uint32(0x9E3779B1)
_ZERO, _NINE = ord("0"), ord("9")
_QUESTION_MARKS = np.array([ord(mark) for mark in "?\uff1f\u061f"], dtype=np.uint32)
_SENTENCE_ENDS = frozenset("?\uff1f\u061f")


@dataclass(frozen=True, slots=True)
class RoleModel:
    """Weights. A positive sum means an assistant."""

    ngrams: Floats
    """For each n-gram length one row of 2 ** BUCKET_BITS weights."""
    forms: Floats
    """One weight for each feature that needs no language."""
    bias: float

    def score(self, texts: Sequence[str]) -> Floats:
        """Returns for each message of a conversation the log odds that an assistant wrote it.

        Args:
            texts: All messages, in order.
        """
        if not texts:
            return np.zeros(0, dtype=np.float32)
        features = read(texts)
        total = np.zeros(len(texts), dtype=np.float32)
        for weights, buckets in zip(self.ngrams, features.buckets, strict=True):
            total += np.add.reduceat(weights[buckets], features.starts)
        scored: Floats = total * features.scale + features.forms @ self.forms + np.float32(self.bias)
        return scored


@dataclass(frozen=True, slots=True)
class Features:
    """What the model reads of a conversation."""

    buckets: tuple[npt.NDArray[np.uint32], ...]
    """For each n-gram length, the bucket of each n-gram of all messages."""
    starts: npt.NDArray[np.intp]
    """Where each message begins in `buckets`."""
    scale: Floats
    """For each message, one by the square root of the number of n-grams of one length."""
    forms: Floats
    """For each message, the features that need no language."""


def read(texts: Sequence[str]) -> Features:
    """Returns the features of the messages of one conversation (at least one), in order."""
    parts = [_ends(text).casefold() for text in texts]
    joined = _PAD + _PAD.join(parts) + _PAD
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.array([len(part) for part in parts], dtype=np.intp)
    sizes = lengths + len(_PAD)
    starts = np.cumsum(sizes) - sizes
    digits = (codes >= _ZERO) & (codes <= _NINE)
    folded = np.where(digits, np.uint32(_ZERO), codes)
    scale = (1 / np.sqrt(sizes)).astype(np.float32)
    return Features(
        tuple(_buckets(folded, int(sizes.sum()))), starts, scale, _forms(texts, codes, digits, starts)
    )


def _ends(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\x03{text[-_TAIL:]}"


def _buckets(codes: npt.NDArray[np.uint32], positions: int) -> list[npt.NDArray[np.uint32]]:
    """Hashes the n-grams that start at each of the first positions; arithmetic is modulo 2**32."""
    hashed = np.zeros(positions, dtype=np.uint32)
    found = []
    for offset in range(max(ORDERS)):
        hashed = (hashed + codes[offset : offset + positions]) * _BASE
        if offset + 1 in ORDERS:
            found.append((hashed * _MIX) >> np.uint32(32 - BUCKET_BITS))
    return found


def _forms(
    texts: Sequence[str],
    codes: npt.NDArray[np.uint32],
    digits: npt.NDArray[np.bool_],
    starts: npt.NDArray[np.intp],
) -> Floats:
    """Features from -1 to about 1 that need no language; each row is one message."""
    stripped = [text.strip() for text in texts]
    length = np.log1p(np.array([len(text) for text in stripped], dtype=np.float32)) / 8
    asks = np.array([text[-1:] in _SENTENCE_ENDS for text in stripped], dtype=np.float32)
    questions = np.add.reduceat(np.isin(codes, _QUESTION_MARKS), starts) > 0
    numbers = np.log1p(np.add.reduceat(digits, starts, dtype=np.float32)) / 4
    lines = np.array([min(text.count("\n"), 8) for text in stripped], dtype=np.float32) / 8
    before = np.roll(length, 1)
    before[0] = length[0]
    asked = np.roll(asks, 1)
    asked[0] = 0
    columns = [
        length,
        length - before,
        asks,
        asked,
        asks * asked,
        questions,
        numbers,
        lines,
        (length < 0.35) * 1.0,
        (1 - asks) * (1 - asked),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


@cache
def role_model() -> RoleModel:
    """Returns the model that comes with Duologue."""
    file = resources.files("duologue.validation") / "role_weights.npz"
    with file.open("rb") as opened, np.load(opened) as stored:
        return _unpacked(dict(stored))


def _unpacked(stored: dict[str, Any]) -> RoleModel:
    """Weights are stored as whole numbers from -127 to 127, with one step for all."""
    return RoleModel(
        stored["ngrams"].astype(np.float32) * np.float32(stored["step"]),
        stored["forms"].astype(np.float32),
        float(stored["bias"]),
    )
