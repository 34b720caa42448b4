"""Groups messages about the same matter, by their words and letters."""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

COLUMNS = 1024
"""Of the hashed vectors. Signs are hashed too, so products stay right on average, with an error of
about 1/sqrt(COLUMNS)."""
DIMENSIONS = 128
"""At most, after the latent semantic analysis, which brings words together that occur with the same
ones; a third of the number of different messages, if that is less, and FEWEST_DIMENSIONS."""
FEWEST_DIMENSIONS = 48
MIN_SIMILARITY = 0.2
"""The mean cosine of two groups that still become one. On samples of 90 to 4,500 labelled questions
(CLINC150 and BANKING77) it gives 0.9 to 1.5 times as many groups as there are labels."""
MOST_LINKED = 6000
"""Messages that are grouped pair by pair; each further one joins the group that is nearest."""
CHARACTERS = 3, 4
"""The lengths of the character n-grams within words."""
CHARACTER_WEIGHT = 1.0
"""Of all character n-grams of a message, against its words and word pairs."""

_WORD = re.compile(r"\w+", re.UNICODE)


def cluster(
    messages: Sequence[str],
    *,
    min_similarity: float = MIN_SIMILARITY,
    vectors: Matrix | None = None,
) -> list[int]:
    """Groups messages about the same matter.

    Each message is a vector of its words, word pairs and character n-grams, weighted by how rare
    they are (tf-idf), and reduced to DIMENSIONS by latent semantic analysis (Deerwester et al.,
    1990). Groups are joined by average linkage (Sokal and Michener, 1958) as long as their mean
    cosine is at least `min_similarity`. The result depends only on the messages and their order.

    Args:
        messages: in any order; the same message may occur several times.
        min_similarity: from 0, one group, to 1, each message on its own.
        vectors: one row for each message, in place of words and letters, such as embeddings.

    Returns:
        A label for each message, from 0 for the largest group, in descending order of size; groups
        of one size in the order of their first messages.
    """
    if not messages:
        return []
    rows = _hashed(messages) if vectors is None else _unit_rows(np.asarray(vectors, np.float32))
    distinct, places = _distinct_rows(rows)
    if vectors is None:
        distinct = _reduced(distinct)
    linked = distinct[:: -(-len(distinct) // MOST_LINKED)]
    labels = _linked(linked, min_similarity)
    if len(linked) < len(distinct):
        labels = _nearest(distinct, linked, labels, min_similarity)
    return _by_size([int(labels[place]) for place in places])


def _reduced(rows: Matrix) -> Matrix:
    """Projects vectors of words on their main directions, and returns them with length 1."""
    dimensions = min(DIMENSIONS, max(FEWEST_DIMENSIONS, len(rows) // 3))
    # The eigenvectors of the smaller Gram matrix give the singular vectors at a tenth of the cost.
    if len(rows) < COLUMNS:
        values, scores = np.linalg.eigh(rows @ rows.T)
        reduced = scores * np.sqrt(np.maximum(values, 0))
    else:
        values, directions = np.linalg.eigh(rows.T @ rows)
        reduced = rows @ directions[:, -dimensions:]
    kept = values[-dimensions:] > 1e-6
    return _unit_rows(np.asarray(reduced[:, -dimensions:][:, kept], np.float32))


def _hashed(messages: Sequence[str]) -> Matrix:
    numbers: dict[str, int] = {}
    counted = [_counted(message, numbers) for message in messages]
    spread = np.bincount(np.concatenate([ids for ids, _ in counted]), minlength=len(numbers))
    rarity = np.log((1 + len(messages)) / (1 + spread)) + 1
    is_word = np.array([feature[0] == "w" for feature in numbers], bool)
    columns, signs = np.array([_place(feature) for feature in numbers] or [(0, 0)]).T
    table = np.zeros((len(messages), COLUMNS), np.float32)
    for row, (ids, counts) in zip(table, counted, strict=True):
        values = (1 + np.log(counts)) * rarity[ids]
        # Words and characters count each with its share, however many there are.
        for kind, share in ((is_word[ids], 1.0), (~is_word[ids], CHARACTER_WEIGHT)):
            values[kind] *= share / (np.linalg.norm(values[kind]) or 1)
        row[:] = np.bincount(columns[ids], signs[ids] * values, COLUMNS)
    return _unit_rows(table)


def _counted(message: str, numbers: dict[str, int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Returns the numbers of a message's features, new ones included, and how often each occurs."""
    found = _features(message)
    ids = [numbers.setdefault(feature, len(numbers)) for feature in found]
    return np.array(ids, np.int32), np.array(list(found.values()), np.int32)


def _features(message: str) -> Counter[str]:
    words = [word for word in _WORD.findall(message.lower()) if not word.isdigit()]
    found = Counter(f"w{word}" for word in words)
    found.update(f"w{one} {other}" for one, other in pairwise(words))
    for word in words:
        padded = f" {word} "
        for length in CHARACTERS:
            found.update(f"c{padded[i : i + length]}" for i in range(len(padded) - length + 1))
    return found


def _place(feature: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest())
    return (number >> 1) % COLUMNS, 1 if number & 1 else -1


def _unit_rows(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Matrix = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit


def _distinct_rows(rows: Matrix) -> tuple[Matrix, list[int]]:
    """Returns each different row once, and for every row which of them it is."""
    seen: dict[bytes, int] = {}
    digests = (blake2b(row.tobytes(), digest_size=16).digest() for row in rows)
    places = [seen.setdefault(digest, len(seen)) for digest in digests]
    firsts = {place: index for index, place in reversed(list(enumerate(places)))}
    return rows[[firsts[place] for place in range(len(seen))]], places


def _linked(rows: Matrix, min_similarity: float) -> list[int]:
    """Joins groups by average linkage, along chains of nearest neighbours (Murtagh, 1983).

    The mean cosine of two groups is the product of their sums over their sizes, so no matrix of all
    pairs is needed.
    """
    sums, sizes = rows.copy(), np.ones(len(rows), np.float32)
    parent, chain = list(range(len(rows))), list[int]()
    is_open = np.ones(len(rows), bool)
    while is_open.any():
        if not chain:
            chain.append(int(np.argmax(is_open)))
        here = chain[-1]
        similar = np.where(is_open, sums @ sums[here] / (sizes * sizes[here]), -2.0)
        similar[here] = -2.0
        if len(chain) > 1:
            similar[chain[-2]] += 1e-6  # of several nearest ones, the one it came from
        nearest = int(np.argmax(similar))
        if similar[nearest] < min_similarity:
            # Groups only become less similar, so no group will ever join this one.
            is_open[here] = False
            chain.pop()
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-2:]
            sums[nearest] += sums[here]
            sizes[nearest] += sizes[here]
            is_open[here], parent[here] = False, nearest
        else:
            chain.append(nearest)
    return [_root(parent, index) for index in range(len(rows))]


def _root(parent: Sequence[int], index: int) -> int:
    while parent[index] != index:
        index = parent[index]
    return index


def _nearest(
    rows: Matrix, linked: Matrix, labels: Sequence[int], min_similarity: float
) -> list[int]:
    """Labels all rows by the group whose members are nearest on average; groups the rest."""
    names = sorted(set(labels))
    means = np.stack([linked[np.equal(labels, name)].mean(axis=0) for name in names])
    similar = rows @ means.T
    found = [names[i] for i in np.argmax(similar, axis=1)]
    left = np.flatnonzero(similar.max(axis=1) < min_similarity)
    while len(left):
        some = left[:MOST_LINKED]
        for index, label in zip(some, _linked(rows[some], min_similarity), strict=True):
            found[index] = len(rows) + int(some[label])
        left = left[MOST_LINKED:]
    return found


def _by_size(labels: Sequence[int]) -> list[int]:
    sizes = Counter(labels)
    firsts = {label: index for index, label in reversed(list(enumerate(labels)))}
    order = sorted(sizes, key=lambda label: (-sizes[label], firsts[label]))
    names = {label: name for name, label in enumerate(order)}
    return [names[label] for label in labels]
