"""Outcomes, pairs, gates and the answer, on conversations whose outcomes are known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from duologue.comparison.gates import check_gates, failed_gates, gated_outcomes
from duologue.comparison.manifest import Difference, FailedGate
from duologue.comparison.outcomes import BUILT_IN, Measured, Status, measure, status_of
from duologue.comparison.paired import p_value
from duologue.comparison.pairs import Pair, first_differing_turn, paired, seed_values
from duologue.comparison.result import answer, differences_of, pair_counts, reliability, visible
from duologue.comparison.sides import Side
from duologue.comparison.verdicts import values_of_verdicts
from duologue.errors import UsageError
from duologue.settings.comparison import ComparisonGates
from duologue.settings.rules import Severity
from duologue.validation.rule import Violation
from duologue.validation.verdict import Verdict
from tests.dataset.making import checked

SHARES = [outcome for outcome in BUILT_IN if outcome.is_share]
CLEAN = next(outcome for outcome in SHARES if outcome.name == "clean")


def made(
    seed: int, clean: float, sample: int = 1, status: Status = Status.VALID, **values: float
) -> Measured:
    known = {"valid": 1.0, "clean": clean, "user_satisfied": 0.0, **values}
    if status is Status.FAILED:
        known = {}
    return Measured(f"s{seed}-{sample}", f"s{seed}", sample, status, known)


def judged(
    pairs: list[Pair], gates: ComparisonGates
) -> tuple[tuple[Difference, ...], list[FailedGate]]:
    found = differences_of(pairs, SHARES, gated_outcomes(gates), 0.95)
    return found, list(failed_gates(found, pair_counts(pairs), gates, None, 0.95))


def sides(
    rng: np.random.Generator, clean: float, planted: float, seeds: int = 200
) -> list[Measured]:
    faulty = rng.random(seeds) < planted
    return [
        made(n, float(rng.random() < clean and not faulty[n]), valid=float(rng.random() < 0.97))
        for n in range(seeds)
    ]


def failures_of(planted: float, runs: int = 100) -> int:
    rng, failures = np.random.default_rng(8), 0
    for _ in range(runs):
        pairs = paired(sides(rng, 0.93, 0.0), sides(rng, 0.93, planted))
        failures += bool(judged(pairs, ComparisonGates())[1])
    return failures


def test_a_fault_in_three_of_ten_seeds_fails_the_default_gates() -> None:
    assert failures_of(planted=0.3) >= 95


def test_two_equal_noisy_chatbots_pass_the_default_gates() -> None:
    assert failures_of(planted=0.0) <= 5


def test_a_drop_within_what_is_allowed_passes() -> None:
    before = [made(n, 1.0) for n in range(100)]
    after = [made(n, float(n >= 20)) for n in range(100)]
    assert judged(paired(before, after), ComparisonGates(max_drops={"clean": 0.1}))[1]
    assert not judged(paired(before, after), ComparisonGates(max_drops={"clean": 0.15}))[1]


def test_a_gain_must_be_significant_and_large_enough() -> None:
    before = [made(n, float(n >= 20)) for n in range(100)]
    after = [made(n, 1.0) for n in range(100)]
    pairs = paired(before, after)
    enough = ComparisonGates(max_drops={}, min_gains={"clean": 0.15})
    assert not judged(pairs, enough)[1]
    assert judged(pairs, ComparisonGates(max_drops={}, min_gains={"clean": 0.25}))[1]
    assert judged(paired(after, after), enough)[1]
    assert answer(judged(pairs, enough)[0], 0.95) == (
        "The candidate is better than the baseline: clean 80.0% → 100.0%."
    )


def test_a_users_fault_on_either_side_leaves_the_pair_out_of_both() -> None:
    before = [made(1, 1.0), made(2, 1.0, status=Status.USER_AT_FAULT, valid=0.0)]
    after = [made(1, 0.0), made(2, 0.0)]
    pairs = paired(before, after)
    assert seed_values(pairs, CLEAN).differences.tolist() == [-1.0]
    assert seed_values(pairs, CLEAN, with_users_faults=True).differences.tolist() == [-1.0, -1.0]
    assert pair_counts(pairs).users_fault == {Side.BASELINE: 1, Side.CANDIDATE: 0}


def test_only_the_candidates_missing_conversation_counts_against_it() -> None:
    lost = [made(1, 1.0, status=Status.FAILED), made(2, 1.0)]
    whole = [made(1, 1.0), made(2, 1.0)]
    assert seed_values(paired(lost, whole), CLEAN).differences.tolist() == [0.0]
    assert seed_values(paired(whole, lost), CLEAN).differences.tolist() == [-1.0, 0.0]


def test_samples_of_a_seed_are_averaged_before_seeds_are_compared() -> None:
    before = [made(1, 1.0, sample) for sample in (1, 2)] + [made(2, 1.0)]
    after = [made(1, 0.0, 1), made(1, 1.0, 2), made(2, 1.0)]
    assert seed_values(paired(before, after), CLEAN).differences.tolist() == [-0.5, 0.0]


def test_flaky_and_broken_seeds_are_told_apart() -> None:
    found = reliability(
        [made(1, 1.0, 1), made(1, 0.0, 2), made(2, 0.0, 1), made(2, 0.0, 2), made(3, 1.0, 1)]
    )
    assert (found.flaky_seeds, found.broken_seeds) == (("s1",), ("s2",))


@pytest.mark.parametrize(("share", "seeds"), [(0.99, 60), (0.99, 200), (0.8, 200), (0.5, 100)])
def test_the_difference_that_is_planned_for_is_found_four_times_of_five(
    share: float, seeds: int
) -> None:
    good = round(share * 2000)
    size = visible([1.0] * good + [0.0] * (2000 - good), True, seeds, 1, tests=1, level=0.05)
    assert size is not None
    rng, found = np.random.default_rng(4), 0
    for _ in range(400):
        before, after = rng.random(seeds) < share, rng.random(seeds) < share - size
        found += p_value(after.astype(float) - before.astype(float), 1) < 0.05
    assert 0.74 <= found / 400 <= 0.91


def test_too_few_seeds_for_any_difference_are_said_to_be() -> None:
    assert visible([1.0] * 20, True, 3, 1, tests=3, level=0.05) is None


def verdict(criterion: str, passed: bool, score: float | None = None, judge: str = "a") -> Verdict:
    return Verdict(
        judge=judge, criterion=criterion, passed=passed, score=score, severity=Severity.INFO
    )


def test_judges_agree_in_part_and_a_taken_name_is_another() -> None:
    said = [
        verdict("goal_reached", True, 0.9),
        verdict("goal_reached", False, 0.5, judge="b"),
        verdict("valid", True),
        verdict("own", False),
    ]
    assert values_of_verdicts(said, taken=["own"]) == pytest.approx(
        {"goal_reached": 0.5, "goal_reached_score": 0.7, "judge_valid": 1.0, "judge_own": 0.0}
    )


def test_each_gate_is_one_case_of_junit() -> None:
    """Also where the name of one outcome begins like that of another."""
    before = [made(n, 1.0) for n in range(100)]
    after = [made(n, float(n >= 30)) for n in range(100)]
    gates = ComparisonGates(max_drops={"clean": 0.0, "valid": 0.0}, min_gains={"clean": 0.1})
    failed = judged(paired(before, after), gates)[1]
    assert [one.outcome for one in failed] == ["clean", "clean"]


@pytest.mark.parametrize(
    ("violations", "status"),
    [
        ([], Status.VALID),
        ([("placeholder", 2)], Status.USER_AT_FAULT),
        ([("placeholder", 2), ("own_rule", 1)], Status.INVALID),
        ([("own_rule", None)], Status.INVALID),
        # Whoever gets no answer asks again.
        ([("user_repeats_itself", 2)], Status.INVALID),
        # A judge need not name a message, and may name the reply that the user took over.
        ([("judge:user_in_role", None)], Status.USER_AT_FAULT),
        ([("judge:user_in_role", 1)], Status.USER_AT_FAULT),
        ([("judge:polite_bot", None)], Status.INVALID),
    ],
)
def test_whose_fault_an_invalid_conversation_is(
    violations: Sequence[tuple[str, int | None]], status: Status
) -> None:
    conversation = replace(
        checked("Where is it?", "On its way.", "Where is it?"),
        violations=tuple(
            Violation(rule, Severity.INVALID, index, "") for rule, index in violations
        ),
    )
    assert status_of(conversation) is status


def test_a_conversation_is_measured() -> None:
    found = measure(checked("Where is it?", "On its way, madam.", "Thank you, bye!")).values
    assert {name: found[name] for name in ("valid", "clean", "turns", "words")} == {
        "valid": 1.0,
        "clean": 1.0,
        "turns": 1.0,
        "words": 4.0,
    }


@pytest.mark.parametrize(
    ("one", "other", "turn"),
    [
        (("a", "b", "c", "d", "e"), ("a", "b", "c", "d", "e"), None),
        (("a", "b", "c", "d", "e"), ("a", "x", "c", "d", "e"), 1),
        (("a", "b", "c", "d", "e"), ("a", "b", "x", "d", "e"), 1),
        (("a", "b", "c", "d", "e"), ("a", "b", "c", "x", "e"), 2),
        (("a", "b", "c", "d", "e"), ("a", "b", "c"), 2),
    ],
)
def test_the_first_turn_that_differs(
    one: tuple[str, ...], other: tuple[str, ...], turn: int | None
) -> None:
    a, b = checked(*one).conversation, checked(*other).conversation
    assert first_differing_turn(a, b) == first_differing_turn(b, a) == turn


def test_a_gate_on_what_is_not_measured_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no outcome 'goal'; there are valid, clean"):
        check_gates(ComparisonGates(max_drops={"goal": 0.1}), BUILT_IN)
    with pytest.raises(UsageError, match="turns is neither better nor worse"):
        check_gates(ComparisonGates(min_gains={"turns": 1}), BUILT_IN)
