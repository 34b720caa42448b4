import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.evaluation.manifest import Estimate
from duologue.evaluation.replies import Side, Verdict
from duologue.evaluation.summary import estimate, summarise
from duologue.settings.evaluation import ScoringSettings
from tests.evaluation.exchanges import FAILED, said, scored

SETTINGS = ScoringSettings()


def test_an_interval_agrees_with_the_one_worked_out_by_hand() -> None:
    """Of two conversations with the values 1 and 0, 0, 0 a resample is, with a quarter, a half and
    a quarter of the chance, the first twice (mean 1), both (0.25), or the second twice (0).
    """
    values = [("a", 1.0), ("b", 0.0), ("b", 0.0), ("b", 0.0)]
    assert estimate(values, 0.4) == Estimate(mean=0.25, low=0.25, high=0.25, count=4)
    assert estimate(values, 0.6) == Estimate(mean=0.25, low=0.0, high=1.0, count=4)


def test_the_same_values_give_the_same_figures_in_any_order() -> None:
    values = [(f"c{i % 7}", i * 0.25) for i in range(40)]
    found = estimate(values, 0.9)
    assert found == estimate(values, 0.9)
    assert found is not None
    assert found.low < found.mean < found.high
    wider = estimate(values, 0.99)
    assert wider is not None
    assert wider.low < found.low < found.high < wider.high


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.1, 0.7, 1.0]))))
def test_an_interval_holds_its_mean_and_nothing_is_warned_of(
    values: list[tuple[str, float]],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(values, 0.95)
    if found is None:
        assert not values
        return
    assert min(v for _, v in values) - 1e-9 <= found.low <= found.mean <= found.high
    assert found.high <= max(v for _, v in values) + 1e-9
    assert found.mean == pytest.approx(np.mean([v for _, v in values]))
    assert found.count == len(values)


@pytest.mark.parametrize(
    "values", [[("a", 0.1)], [("a", 0.0), ("a", 0.2)], [("a", 0.1), ("b", 0.1), ("c", 0.1)]]
)
def test_without_anything_to_compare_the_interval_is_the_mean(
    values: list[tuple[str, float]],
) -> None:
    assert estimate(values, 0.95) == Estimate(mean=0.1, low=0.1, high=0.1, count=len(values))


def test_the_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    """On conversations that differ more than their prefixes do, as real ones; one that took each
    prefix for a draw of its own would be far too sure.
    """
    draws = np.random.default_rng(1)
    clustered = naive = 0
    for _ in range(200):
        values = draws.normal(0, 1, (40, 1)) + draws.normal(0, 0.5, (40, 5))
        pairs = [(str(row), float(v)) for row, of_one in enumerate(values) for v in of_one]
        alone = [(str(i), v) for i, (_, v) in enumerate(pairs)]
        clustered += holds_0(estimate(pairs, 0.95))
        naive += holds_0(estimate(alone, 0.95))
    assert 0.9 <= clustered / 200 <= 0.99
    assert naive / 200 < 0.75


def holds_0(found: Estimate | None) -> bool:
    return found is not None and found.low <= 0 <= found.high


def test_a_side_is_summed_up() -> None:
    replies = [
        scored(0.5, "a", reply=said("Yes", 100), verdict=Verdict.SAME),
        scored(
            0.25, "b", reply=said("Yes", 300), verdict=Verdict.REGRESSED, broken_rules=("slow",)
        ),
        scored(0.75, "b", 2, reply=said("Yes"), broken_rules=("empty", "slow")),
        scored(None, "c", reply=FAILED, verdict=Verdict.FAILED),
    ]
    sides, differences = summarise(replies, SETTINGS)
    assert differences == {}
    assert list(sides) == [Side.CANDIDATE]
    candidate = sides[Side.CANDIDATE]
    assert candidate.verdicts == {
        Verdict.FAILED: 1,
        Verdict.REGRESSED: 1,
        Verdict.CHANGED: 1,
        Verdict.SAME: 1,
        Verdict.WITHOUT_REFERENCE: 0,
    }
    assert candidate.broken_rules == {"empty": 1, "slow": 2}
    # The mean over replies, and both conversations' means are 0.5 as well.
    assert candidate.scores == {"similarity": Estimate(mean=0.5, low=0.5, high=0.5, count=3)}
    assert candidate.latency_ms == {"p50": 200, "p95": 290}


def test_what_no_reply_has_is_left_out() -> None:
    sides, _ = summarise([scored(None, reply=FAILED, verdict=Verdict.FAILED)], SETTINGS)
    assert sides[Side.CANDIDATE].scores == {}
    assert sides[Side.CANDIDATE].latency_ms == {}
    assert summarise([], SETTINGS) == ({}, {})


def test_differences_are_over_the_prefixes_where_both_sides_have_the_score() -> None:
    replies = [
        *(scored(0.5, "a", turn) for turn in (1, 2, 3)),
        scored(None, "b"),
        scored(0.75, "a", 2, Side.BASELINE),
        scored(1.0, "a", 1, Side.BASELINE),
        scored(0.0, "b", 1, Side.BASELINE),
    ]
    sides, differences = summarise(replies, SETTINGS)
    assert sides[Side.BASELINE].scores["similarity"].count == 3
    assert differences == {"similarity": Estimate(mean=-0.375, low=-0.375, high=-0.375, count=2)}


def test_the_confidence_is_the_settings() -> None:
    replies = [scored(i / 20, f"c{i}") for i in range(20)]
    found = [
        summarise(replies, ScoringSettings(confidence=c))[0][Side.CANDIDATE].scores["similarity"]
        for c in (0.5, 0.95)
    ]
    assert found[1].low < found[0].low < found[0].high < found[1].high


@pytest.mark.parametrize("sign", [1, -1])
def test_a_narrow_interval_of_skewed_values_holds_the_mean(sign: int) -> None:
    """The middle resamples are all on one side of the mean where a few values make it."""
    found = estimate([(f"c{i}", sign * 2.0**i) for i in range(10)], 0.05)
    assert found is not None
    assert found.low <= found.mean <= found.high
