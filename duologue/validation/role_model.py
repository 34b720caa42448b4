"""How much a message reads like an assistant's: a small linear model over hashed characters.

The weights are in `role_weights.npz`, from `scripts/train_role_model.py`. The model reads the
beginning and the end of each message as character n-grams, and what needs no language: its length,
its questions, its numbers, and the message before it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

ORDERS = (2, 4, 6)
"""Lengths of the n-grams, in characters; each is two more than the one before."""
BUCKET_BITS = 16
"""The n-grams of one length share 2 to this power of weights."""
FORMS = 10
"""Number of features that need no language; see `_forms`."""

_HEAD, _TAIL = 140, 100
"""Characters read of a message: the role shows where it begins and where it ends."""
_PAD = "\x03" * (max(ORDERS) - 1)
"""Between two messages, so that no n-gram contains letters of both."""
_BASE, _MIX = np.uint32(0x01000193), np.uint32(0x9E3779B1)
_SHIFT = np.uint32(32 - BUCKET_BITS)
_ROWS = (np.arange(len(ORDERS), dtype=np.uint32) << np.uint32(BUCKET_BITS))[:, None]
_ZERO, _TEN = np.uint32(ord("0")), np.uint32(10)
_SHORT = 0.35
"""About 15 characters."""
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")


@dataclass(frozen=True, slots=True)
class RoleModel:
    """Weights. A positive sum means an assistant."""

    ngrams: Floats | npt.NDArray[np.int8]
    """For each n-gram length 2 ** BUCKET_BITS weights, one length after the other. As whole numbers
    from -127 to 127 they are so small that they stay in the processor's cache."""
    forms: Floats
    """One weight for each feature that needs no language."""
    bias: float
    step: float = 1.0
    """By how much the weights of n-grams are multiplied."""

    def score(self, texts: Sequence[str], before: Sequence[str]) -> Floats:
        """Returns for each message the log odds that an assistant wrote it.

        Args:
            texts: The messages.
            before: For each of them, the message before it; empty if there is none.

        Returns:
            For each message the same number, whichever others are scored with it.
        """
        if not texts:
            return np.zeros(0, dtype=np.float32)
        features = read(texts, before)
        each = self.ngrams.take(features.buckets).sum(axis=0, dtype=np.float32)
        total = np.add.reduceat(each, features.starts) * features.scale * np.float32(self.step)
        scored: Floats = total + (features.forms * self.forms).sum(axis=1) + np.float32(self.bias)
        return scored


@dataclass(frozen=True, slots=True)
class Features:
    """What the model reads of a conversation."""

    buckets: npt.NDArray[np.uint32]
    """The bucket of each n-gram of all messages: one row for each n-gram length."""
    starts: npt.NDArray[np.intp]
    """Where each message begins in a row of `buckets`."""
    scale: Floats
    """For each message, one by the square root of the number of n-grams of one length."""
    forms: Floats
    """For each message, the features that need no language."""


def read(texts: Sequence[str], before: Sequence[str]) -> Features:
    """Returns the features of messages (at least one), each with the message before it."""
    texts = [text.strip() for text in texts]
    parts = [_ends(text).casefold() for text in texts]
    joined = _PAD + _PAD.join(parts) + _PAD
    codes = np.frombuffer(bytearray(joined, "utf-32-le", "surrogatepass"), dtype=np.uint32)
    sizes = np.array([len(part) for part in parts], dtype=np.intp) + len(_PAD)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    digits = codes - _ZERO < _TEN
    numbers = np.add.reduceat(digits, starts, dtype=np.float32)
    codes[digits] = _ZERO
    forms = [_forms(*row) for row in zip(texts, before, numbers.tolist(), strict=True)]
    scale = (1 / np.sqrt(sizes)).astype(np.float32)
    return Features(
        _buckets(codes, int(ends[-1])), starts, scale, np.array(forms, dtype=np.float32)
    )


def _ends(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\x03{text[-_TAIL:]}"


def _buckets(codes: npt.NDArray[np.uint32], positions: int) -> npt.NDArray[np.uint32]:
    """Hashes the n-grams that start at each of the first positions; arithmetic is modulo 2**32.

    Each length is hashed from the one before and the pair of characters that follows.
    """
    pairs = codes[:-1] * _BASE
    pairs += codes[1:]
    found = np.empty((len(ORDERS), positions), dtype=np.uint32)
    found[0] = pairs[:positions]
    for row, order in enumerate(ORDERS[1:], 1):
        np.multiply(found[row - 1], _BASE, out=found[row])
        found[row] += pairs[order - 2 : order - 2 + positions]
    found *= _MIX
    found >>= _SHIFT
    found += _ROWS
    return found


def _forms(text: str, before: str, digits: float) -> tuple[float, ...]:
    """Returns `FORMS` features, from -1 to about 1, that need no language."""
    before = before.strip()
    length = math.log1p(len(text)) / 8
    asks, asked = text.endswith(_QUESTION_MARKS), before.endswith(_QUESTION_MARKS)
    return (
        length,
        length - math.log1p(len(before)) / 8 if before else 0,
        asks,
        asked,
        asks and asked,
        not asks and not asked,
        any(mark in text for mark in _QUESTION_MARKS),
        math.log1p(digits) / 4,
        min(text.count("\n"), 8) / 8,
        length < _SHORT,
    )


@cache
def role_model() -> RoleModel:
    """Returns the model that comes with Duologue."""
    file = resources.files("duologue.validation") / "role_weights.npz"
    with file.open("rb") as opened, np.load(opened) as stored:
        return _unpacked(dict(stored))


def _unpacked(stored: dict[str, Any]) -> RoleModel:
    return RoleModel(
        stored["ngrams"].astype(np.int8),
        stored["forms"].astype(np.float32),
        float(stored["bias"]),
        float(stored["step"]),
    )
