"""Precision and recall from a stratified sample, with intervals that respect its weights.

The estimates are weighted shares: a conversation counts as often as its weight says, the inverse of
its inclusion probability. A weight is the same for all conversations of a stratum.

The intervals are those of double sampling (Tenenbein 1970, JASA 65:1350-1361): a version's
conversations are a sample of what its two participants say, and the reviewed ones a sample of them
in each stratum. Each stratum has four cells (found or not, broken or not) with Jeffreys' prior of
half a conversation each, if they are possible there. Its share of the conversations is uncertain
too. Drawing from the posterior gives the interval.

With one stratum and equal weights it is Jeffreys' interval for a binomial share (Brown, Cai and
DasGupta 2001, Statistical Science 16:101-133), which keeps its level near 0 and 1 as well. As
there, it extends to 0 or 1 where the estimate is 0 or 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95

DRAWS = 20_000
"""From the posterior: a limit varies by about a hundredth of the interval's width."""

PRIOR = 0.5
"""Jeffreys: half a conversation in each cell."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A weighted share of conversations, from 0 to 1, with its 95 % interval."""

    estimate: float
    low: float
    high: float
    conversations: int
    """Reviewed conversations that the share is of, unweighted."""


def precision_and_recall(
    strata: Sequence[str],
    weights: Sequence[float],
    found: Sequence[bool],
    broken: Sequence[float],
) -> tuple[Estimate | None, Estimate | None]:
    """Estimates how often a finding is right, and how many broken conversations have one.

    All arguments have an item for each reviewed conversation, in the same order.

    Args:
        strata: the stratum that it was drawn from.
        weights: the number of conversations that it stands for.
        found: whether the rule or judge reports it.
        broken: whether people call it broken, from 0 to 1; between if they disagree.

    Returns:
        Precision (None if nothing is reported) and recall (None if nothing is broken).
    """
    cells = _cells(np.asarray(found, dtype=float), np.asarray(broken, dtype=float))
    weighted = np.asarray(weights, dtype=float) @ cells
    drawn = _drawn(np.asarray(strata), np.asarray(weights, dtype=float), cells)
    precision_size = int((cells[:, 0] + cells[:, 1] > 0).sum())
    recall_size = int((cells[:, 0] + cells[:, 2] > 0).sum())
    return (
        _estimate(weighted, drawn, other=1, conversations=precision_size),
        _estimate(weighted, drawn, other=2, conversations=recall_size),
    )


def _cells(found: Numbers, broken: Numbers) -> Numbers:
    """A row for each conversation: found and broken, found and sound, missed, rightly passed."""
    missed, sound = 1 - found, 1 - broken
    return np.stack([found * broken, found * sound, missed * broken, missed * sound], axis=1)


def _drawn(strata: NDArray[np.str_], weights: Numbers, cells: Numbers) -> Numbers:
    """Draws the size of each cell from the posterior; `DRAWS` rows."""
    random = np.random.default_rng(0)
    names = np.unique(strata)
    counts = np.array([cells[strata == name].sum(axis=0) for name in names])
    sizes = np.array([weights[strata == name].sum() for name in names])
    prior = _prior(counts)
    total = np.zeros((DRAWS, cells.shape[1]))
    for of_stratum, size, before in zip(counts, sizes, prior, strict=True):
        shares = random.gamma(of_stratum + before, size=total.shape)
        shares /= shares.sum(axis=1, keepdims=True)
        total += random.gamma(size + before.sum(), size=(DRAWS, 1)) * shares
    return total


def _prior(counts: Numbers) -> Numbers:
    """Returns the prior count of each cell: a row for each stratum.

    A stratum of invalid conversations holds none that is not found, and one of valid ones none that
    is: found or not found is possible where it was observed, or anywhere if it was observed
    nowhere.
    """
    observed = counts.reshape(len(counts), 2, 2).sum(axis=2) > 0
    possible = observed | ~observed.any(axis=0)
    return np.repeat(PRIOR * possible, 2, axis=1)


def _estimate(weighted: Numbers, drawn: Numbers, other: int, conversations: int) -> Estimate | None:
    """Estimates the first cell's share of itself and another cell."""
    whole = weighted[0] + weighted[other]
    if whole == 0:
        return None
    share = float(weighted[0] / whole)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn[:, 0] / (drawn[:, 0] + drawn[:, other]), [tail, 1 - tail])
    return Estimate(
        estimate=share,
        low=0.0 if share == 0 else min(float(low), share),
        high=1.0 if share == 1 else max(float(high), share),
        conversations=conversations,
    )
