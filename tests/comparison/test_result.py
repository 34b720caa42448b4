"""Outcomes, pairs, gates and the answer, on conversations whose outcomes are known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from duologue.comparison.gates import check_gates, failed_gates, gated_outcomes
from duologue.comparison.manifest import Difference, FailedGate
from duologue.comparison.outcomes import BUILT_IN, Measured, Status, measure, status_of
from duologue.comparison.pairs import Pair, first_differing_turn, paired, seed_values
from duologue.comparison.result import answer, differences_of, pair_counts, reliability
from duologue.comparison.sides import Side
from duologue.errors import UsageError
from duologue.settings.comparison import ComparisonGates
from duologue.settings.rules import Severity
from duologue.validation.rule import Violation
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


@pytest.mark.parametrize(
    ("violations", "status"),
    [
        ([], Status.VALID),
        ([("placeholder", 2)], Status.USER_AT_FAULT),
        ([("placeholder", 2), ("own_rule", 1)], Status.INVALID),
        ([("own_rule", None)], Status.INVALID),
        # Whoever gets no answer asks again.
        ([("user_repeats_itself", 2)], Status.INVALID),
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
