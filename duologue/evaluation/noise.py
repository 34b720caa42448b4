"""Does a chatbot differ from another by more than the other differs from itself?

A language model does not answer the same way twice. Its noise is measured by asking it again. If
the candidate is no worse, nobody can tell its reply from the replies of the chatbot asked again:
the replies to one prefix are exchangeable. This needs no assumption on the noise's shape.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ids = npt.NDArray[np.intp]

_TAILS = (0.02, 0.05, 0.1, 0.2)
"""Shares of the least similar replies that are compared. One wrong reply in ten hardly moves a
mean; it shows among the least similar replies, and nobody knows beforehand how far down."""

_PERMUTATIONS = 2000
_PICKS_PER_BATCH = 2_000_000
"""Limits the memory to about 50 MB, however many seeds there are."""

_RANDOM_SEED = 0
"""Fixed, so that the same evaluation gives the same figures."""

_TOLERANCE = 1e-9

_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.12, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
"""Of wrong replies, of which the smallest is named that would be found."""

_SIMULATIONS = 40

_RARE = 0.005
"""The share of the replies that measured the noise of which the worst are below this."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Whether the replies in the first column stand out among those in the other columns."""

    p_value: float
    """How often replies that do not differ would look at least as different as these."""
    critical: float
    """How many standard deviations the largest excess must exceed at the level."""


def closeness(similarities: Array, columns: int) -> Array:
    """Returns how similar each reply is to the most similar of the other replies to its prefix.

    To the nearest one, because a right reply resembles at least one of several right ones, while a
    wrong one resembles none.

    Args:
        similarities: of all replies to a prefix, shape (prefixes, replies, replies), symmetric.
            The reference reply, if included, comes last.
        columns: how many of the replies to look at, from the first; the others are only compared
            with.

    Returns:
        Shape (prefixes, columns), from 0 to 1.
    """
    others = similarities.copy()
    diagonal = np.arange(others.shape[1])
    others[:, diagonal, diagonal] = -np.inf
    nearest: Array = others[:, :columns].max(axis=2)
    return nearest


def difference(values: Array, seeds: Ids, level: float, two_sided: bool = False) -> Difference:
    """Tests whether the first column of replies is worse than the others.

    A permutation test, exact at any size and for any distribution (Hemerik & Goeman 2018, "Exact
    testing with random permutations"). Who counts as the candidate is redrawn seed by seed, not
    prefix by prefix, because what a chatbot says in one conversation may depend on a common cause.
    Several statistics, each standardised, compete, and the largest is compared with the largest of
    each permutation, which is the correction for several tests (Westfall & Young 1993, maxT). They
    are the mean, and the number of replies in the lower tails, as in higher criticism (Donoho & Jin
    2004, "Higher criticism for detecting sparse heterogeneous mixtures").

    Args:
        values: closeness of each reply; shape (prefixes, replies), the candidate's first.
        seeds: the seed's number for each prefix, from 0.
        level: the largest p-value that counts as a difference, for `critical`.
        two_sided: also finds a first column that is better than the others.
    """
    by_seed = _by_seed(_statistics(values), seeds)
    if not _spread(by_seed).any():
        return Difference(1.0, 0.0)
    found = _largest_excess(by_seed, by_seed[:, 0].sum(axis=0), two_sided)
    permuted = np.concatenate(
        [_largest_excess(by_seed, totals, two_sided) for totals in _permuted(by_seed)]
    )
    as_large = np.count_nonzero(permuted >= found - _TOLERANCE)
    critical = float(np.quantile(permuted, 1 - level))
    return Difference(float((1 + as_large) / (_PERMUTATIONS + 1)), critical)


def findable_share(values: Array, unrelated: Array, seeds: Ids, level: float) -> float | None:
    """Estimates the smallest share of wrong replies that 95 of 100 such evaluations would find.

    Simulates candidates that are as noisy as the noise, with some replies replaced by wrong ones.
    It takes a wrong reply for one that is as close as a reply to another prefix.

    Args:
        values: as for `difference`; the first column is not used.
        unrelated: closeness of a reply to another prefix, for each prefix.
        seeds: as for `difference`.
        level: as for `difference`.

    Returns:
        A share from 0.01 to 1, rounded up; None if not even a chatbot that is always wrong would be
        found.
    """
    if level <= 0:
        return None
    prefixes, columns = values.shape
    seeds_needed = np.log(1 / level) / np.log(columns)
    rng = np.random.default_rng(_RANDOM_SEED)
    unchanged = values.copy()
    unchanged[:, 0] = values[np.arange(prefixes), rng.integers(1, columns, prefixes)]
    critical = difference(unchanged, seeds, level).critical

    def is_found(share: float) -> bool:
        found = 0
        for _ in range(_SIMULATIONS):
            simulated = unchanged.copy()
            simulated[:, 0] = values[np.arange(prefixes), rng.integers(1, columns, prefixes)]
            wrong = rng.random(prefixes) < share
            simulated[wrong, 0] = unrelated[wrong]
            by_seed = _by_seed(_statistics(simulated), seeds)
            excess = _largest_excess(by_seed, by_seed[:, 0].sum(axis=0))
            enough = len(np.unique(seeds[wrong])) >= seeds_needed
            found += bool(enough and excess > critical)
        return found >= 0.95 * _SIMULATIONS

    place = bisect_left(_SHARES, True, key=is_found)
    return _SHARES[place] if place < len(_SHARES) else None


def below_noise(values: Array) -> npt.NDArray[np.bool_]:
    """Checks for each prefix whether the reply in the first column is below the noise.

    It is if it is less close than every other reply to its prefix, and besides either less close
    than all but 0.5 % of the replies that measured the noise, or further below its prefix's mean
    than all but 0.5 % of them. The second finds the wrong reply where usually all are the same. So
    about 1 in 100 replies of an unchanged chatbot are below the noise. With fewer than two columns
    of noise none is.

    Args:
        values: as for `difference`.
    """
    if len(values) == 0 or values.shape[1] < 3:
        return np.zeros(len(values), dtype=np.bool_)
    found = np.zeros(len(values), dtype=np.bool_)
    for of in (values, -_below_mean(values)):
        rare = np.quantile(of[:, 1:], _RARE, method="lower")
        found |= of[:, 0] < rare - _TOLERANCE
    lowest = values[:, 0] < values[:, 1:].min(axis=1) - _TOLERANCE
    below: npt.NDArray[np.bool_] = found & lowest
    return below


def _below_mean(values: Array) -> Array:
    below: Array = values.mean(axis=1, keepdims=True) - values
    return below


def _statistics(values: Array) -> Array:
    """Returns what is counted of each reply; more is worse. Shape (prefixes, replies, statistics).

    The tails are counted twice: among all replies, and after taking out how much the prefixes
    differ, as some have one right answer and others have many.
    """
    below_mean = _below_mean(values)
    counted = [below_mean]
    for of in (values, -below_mean):
        thresholds = np.quantile(of, _TAILS) - _TOLERANCE
        counted += [(of < threshold).astype(np.float64) for threshold in thresholds]
    return np.stack(counted, axis=2)


def _by_seed(statistics: Array, seeds: Ids) -> Array:
    """Adds up the prefixes of each seed; shape (seeds, replies, statistics)."""
    sums = np.zeros((int(seeds.max()) + 1, *statistics.shape[1:]))
    np.add.at(sums, seeds, statistics)
    return sums


def _spread(by_seed: Array) -> Array:
    """Returns the standard deviation of each total when the candidate is redrawn in each seed."""
    spread: Array = np.sqrt(by_seed.var(axis=1).sum(axis=0))
    return np.where(spread > _TOLERANCE, spread, 0.0)


def _largest_excess(by_seed: Array, totals: Array, two_sided: bool = False) -> Array:
    """Returns by how many standard deviations the most unusual total is above its mean.

    Args:
        by_seed: from `_by_seed`.
        totals: of one candidate or of several; shape (…, statistics).
        two_sided: whether a total below its mean is as unusual.
    """
    spread = _spread(by_seed)
    varies = spread > 0
    if not varies.any():
        return np.zeros(totals.shape[:-1])
    excess = (totals - by_seed.mean(axis=1).sum(axis=0))[..., varies] / spread[varies]
    largest: Array = (np.abs(excess) if two_sided else excess).max(axis=-1)
    return largest


def _permuted(by_seed: Array) -> list[Array]:
    """Returns the totals with the candidate redrawn in each seed, in batches."""
    rng = np.random.default_rng(_RANDOM_SEED)
    seeds, columns = by_seed.shape[:2]
    batch = max(1, _PICKS_PER_BATCH // seeds)
    found = []
    for start in range(0, _PERMUTATIONS, batch):
        picks = rng.integers(0, columns, (min(batch, _PERMUTATIONS - start), seeds), dtype=np.int8)
        found.append(
            sum(
                ((picks == column).astype(np.float64) @ by_seed[:, column])
                for column in range(columns)
            )
        )
    return found
