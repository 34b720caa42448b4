import pytest

from duologue.errors import UsageError
from duologue.evaluation.gates import check_gates, failed_gates
from duologue.evaluation.manifest import Estimate, SideSummary, SuiteRunRecord
from duologue.evaluation.replies import Side, Verdict
from duologue.settings.evaluation import EvaluationGates

OPEN = EvaluationGates(max_failed_share=1, max_regressed_share=1)


def estimate(mean: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(
        mean=mean,
        low=mean if low is None else low,
        high=mean if high is None else high,
        count=10,
    )


def sides(failed: int = 0, regressed: int = 0, similarity: float = 0.9) -> dict[Side, SideSummary]:
    verdicts = {Verdict.FAILED: failed}
    bad = {Verdict.FAILED: 100, Verdict.REGRESSED: 0}
    scores = {"similarity": estimate(similarity)}
    return {
        Side.BASELINE: SideSummary(verdicts=bad, broken_rules={}, scores={}, latency_ms={}),
        Side.CANDIDATE: SideSummary(
            verdicts=verdicts,
            regressed_for_themselves=regressed,
            broken_rules={},
            scores=scores,
            latency_ms={},
        ),
    }


@pytest.mark.parametrize(
    ("failed", "regressed", "gates", "told"),
    [
        (5, 0, EvaluationGates(), ()),
        (
            6,
            0,
            EvaluationGates(),
            ("6 of 100 prefixes have no reply (6.0%); max_failed_share allows 5.0%",),
        ),
        (29, 0, EvaluationGates(max_failed_share=0.29), ()),
        (50, 2, EvaluationGates(max_failed_share=1), ()),
        (
            50,
            3,
            EvaluationGates(max_failed_share=1),
            (
                "3 of 50 replies break a rule or fail before a judge (6.0%); max_regressed_share "
                "allows 5.0%",
            ),
        ),
        (100, 0, EvaluationGates(max_failed_share=1, max_regressed_share=0), ()),
    ],
)
def test_too_many_failed_or_regressed(
    failed: int, regressed: int, gates: EvaluationGates, told: tuple[str, ...]
) -> None:
    assert failed_gates(sides(failed, regressed), {}, 100, gates, None) == told


def test_a_mean_that_is_too_low_or_missing() -> None:
    gates = OPEN.model_copy(update={"min_scores": {"similarity": 0.9, "politeness": 0.5}})
    missing = "no reply has the score politeness; min_scores asks for a mean of 0.5"
    assert failed_gates(sides(similarity=0.9), {}, 100, gates, None) == (missing,)
    assert failed_gates(sides(similarity=0.899), {}, 100, gates, None) == (
        "the mean of similarity is 0.899; min_scores asks for 0.9",
        missing,
    )


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (estimate(-0.2, -0.3, -0.1), ()),
        (estimate(0.2, 0.1, 0.3), ()),
        (
            estimate(-0.2, -0.3, -0.11),
            (
                "the mean of similarity is 0.200 below the baseline's (confidence interval 0.110 "
                "to 0.300); max_drops allows 0.1",
            ),
        ),
        (
            None,
            ("no prefix has the score similarity of both sides; max_drops allows a drop of 0.1",),
        ),
    ],
)
def test_a_drop_counts_where_the_whole_interval_is_beyond(
    difference: Estimate | None, told: tuple[str, ...]
) -> None:
    gates = OPEN.model_copy(update={"max_drops": {"similarity": 0.1}})
    differences = {"similarity": difference} if difference else {}
    assert failed_gates(sides(), differences, 100, gates, None) == told


def test_a_test_suite_without_a_result_fails() -> None:
    good = SuiteRunRecord(suite="returns", state="COMPLETE")
    bad = SuiteRunRecord(suite="returns", error="it took more than 1800 s")
    assert failed_gates(sides(), {}, 100, OPEN, good) == ()
    assert failed_gates(sides(), {}, 100, OPEN, bad) == (
        "the Test Suite returns has no result (it took more than 1800 s); expected one",
    )


def test_without_any_prefix_nothing_passes() -> None:
    (told,) = failed_gates({}, {}, 0, OPEN, None)
    assert "expected at least one prefix" in told


@pytest.mark.parametrize(
    ("gates", "has_baseline", "told"),
    [
        (EvaluationGates(min_scores={"simlarity": 0.5}), True, "min_scores: there is no scorer"),
        (EvaluationGates(max_drops={"simlarity": 0.5}), True, "max_drops: there is no scorer"),
        (EvaluationGates(max_drops={"same": 0.5}), False, "max_drops has same, and there is no"),
    ],
)
def test_a_gate_with_nothing_to_measure_is_refused(
    gates: EvaluationGates, has_baseline: bool, told: str
) -> None:
    with pytest.raises(UsageError) as error:
        check_gates(gates, ("same", "similarity"), has_baseline)
    assert told in str(error.value)


def test_gates_with_something_to_measure_are_fine() -> None:
    gates = EvaluationGates(min_scores={"same": 0.5}, max_drops={"similarity": 0.1})
    check_gates(gates, ("same", "similarity"), has_baseline=True)
    check_gates(EvaluationGates(min_scores={"same": 0.5}), ("same",), has_baseline=False)
