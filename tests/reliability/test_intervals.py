"""Precision and recall: against hand calculations, published tables, and a known truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from duologue.reliability import intervals
from duologue.reliability.intervals import Estimate, precision_and_recall

Range = tuple[float, float]


def unweighted(hits: int, misses: int, false_alarms: int = 0, sound: int = 0) -> list[Estimate]:
    """Precision and recall where every conversation is reviewed."""
    found = [True] * hits + [False] * misses + [True] * false_alarms + [False] * sound
    broken = [1.0] * (hits + misses) + [0.0] * (false_alarms + sound)
    size = len(found)
    estimates = precision_and_recall(["all"] * size, [1.0] * size, found, broken)
    return [estimate for estimate in estimates if estimate is not None]


def test_the_estimates_are_those_of_a_hand_calculation() -> None:
    # Flagged: 3 of 12 reviewed, so each stands for 4. The rest: 4 of 100, each stands for 25.
    precision, recall = precision_and_recall(
        ["flagged"] * 3 + ["rest"] * 4,
        [4.0] * 3 + [25.0] * 4,
        [True, True, True, True, False, False, False],
        [1.0, 1.0, 0.0, 0.5, 1.0, 0.0, 0.0],
    )
    assert precision is not None
    assert recall is not None
    # Found: 3 x 4 + 25 = 37, of them broken 2 x 4 + 25 / 2 = 20.5; broken: 20.5 + 25 = 45.5.
    assert precision.estimate == pytest.approx(20.5 / 37, abs=1e-12)
    assert recall.estimate == pytest.approx(20.5 / 45.5, abs=1e-12)
    assert (precision.conversations, recall.conversations) == (4, 4)
    for estimate in (precision, recall):
        assert estimate.low < estimate.estimate < estimate.high


# Brown, Cai and DasGupta 2001, Statistical Science 16, Table 5: Jeffreys' intervals.
@pytest.mark.parametrize(
    ("hits", "size", "low", "high"),
    [(0, 10, 0, 0.217), (1, 10, 0.011, 0.381), (3, 10, 0.093, 0.606), (5, 10, 0.224, 0.776)],
)
def test_one_stratum_has_the_published_intervals(
    hits: int, size: int, low: float, high: float
) -> None:
    recall = unweighted(hits, size - hits, false_alarms=4, sound=6)[-1]
    assert (recall.low, recall.high) == pytest.approx((low, high), abs=0.009)
    precision = unweighted(hits, 4, false_alarms=size - hits, sound=6)[0]
    assert (precision.low, precision.high) == pytest.approx((low, high), abs=0.009)


@pytest.mark.parametrize("size", [1, 5, 50])
def test_all_and_none_have_an_interval(size: int) -> None:
    for estimate in unweighted(size, 0):
        assert (estimate.estimate, estimate.high) == (1, 1)
        assert estimate.low < 1 - 1 / (2 * size)
    none = unweighted(0, size, false_alarms=size)
    for estimate in none:
        assert (estimate.estimate, estimate.low) == (0, 0)
        assert estimate.high > 1 / (2 * size)


def test_nothing_found_has_no_precision_and_nothing_broken_no_recall() -> None:
    assert precision_and_recall(["a"], [1.0], [False], [1.0])[0] is None
    assert precision_and_recall(["a"], [1.0], [True], [0.0])[1] is None


def test_what_few_reviewed_conversations_stand_for_makes_recall_uncertain() -> None:
    """20 flagged ones are broken, and none of 20 others: these stand for 20, or for 2,000."""
    lows = []
    for weight in (1.0, 100.0):
        recall = precision_and_recall(
            ["flagged"] * 20 + ["rest"] * 20,
            [1.0] * 20 + [weight] * 20,
            [True] * 20 + [False] * 20,
            [1.0] * 20 + [0.0] * 20,
        )[1]
        assert recall is not None
        assert recall.estimate == recall.high == 1
        lows.append(recall.low)
    assert lows[0] > 0.8
    assert lows[1] < 0.3


@dataclass(frozen=True)
class World:
    """How conversations come about; each review has rates of its own from these ranges."""

    strata: Sequence[float]
    """Shares of the strata; all of the first is found, nothing else."""
    reviewed: Sequence[int]
    """How many of each are reviewed."""
    broken: Sequence[Range]
    """The share of broken ones in each."""


WORLDS = {
    "middling": World((0.1, 0.2, 0.7), (30, 30, 60), ((0.3, 0.8), (0.1, 0.4), (0.05, 0.3))),
    "near 1": World((0.2, 0.2, 0.6), (60, 30, 60), ((0.85, 1), (0, 0.05), (0, 0.03))),
    "tiny strata": World((0.2, 0.2, 0.6), (4, 3, 6), ((0.3, 0.9), (0.1, 0.4), (0.05, 0.3))),
    "near 0": World((0.05, 0.25, 0.7), (60, 30, 60), ((0, 0.15), (0.3, 0.7), (0.2, 0.6))),
}


def covered(world: World, random: np.random.Generator) -> list[bool]:
    """Reviews a version that this world made; whether the intervals hold the truth."""
    rates = np.array([random.uniform(*span) for span in world.broken])
    masses = np.array(world.strata) * rates
    truths = (rates[0], masses[0] / masses.sum())
    stratum = random.choice(3, 2000, p=world.strata)
    broken = random.random(2000) < rates[stratum]
    drawn = [np.flatnonzero(stratum == s)[:count] for s, count in enumerate(world.reviewed)]
    chosen = np.concatenate(drawn)
    weights = [(stratum == s).sum() / len(of) for s, of in enumerate(drawn) for _ in of]
    estimates = precision_and_recall(
        [str(s) for s in stratum[chosen]],
        weights,
        list(stratum[chosen] == 0),
        list(broken[chosen].astype(float)),
    )
    return [
        estimate.low <= truth <= estimate.high
        for estimate, truth in zip(estimates, truths, strict=True)
        if estimate is not None
    ]


@pytest.mark.parametrize("name", WORLDS)
def test_the_intervals_keep_their_level_over_a_thousand_reviews(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intervals, "DRAWS", 2000)
    random = np.random.default_rng(1)
    results = [covered(WORLDS[name], random) for _ in range(1000)]
    for index in (0, 1):
        of_all = [result[index] for result in results if len(result) == 2]
        assert len(of_all) > 990
        assert 0.93 <= sum(of_all) / len(of_all) <= 0.97
