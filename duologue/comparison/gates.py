"""The gates of a comparison: what the candidate must reach."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from duologue.comparison.manifest import Difference, FailedGate, PairCounts
from duologue.comparison.outcomes import Better, Outcome
from duologue.comparison.result import shown, span, spoken
from duologue.comparison.sides import Side
from duologue.dataset.judges import JudgeSummary
from duologue.errors import UsageError
from duologue.settings.comparison import ComparisonGates


def gated_outcomes(gates: ComparisonGates) -> tuple[str, ...]:
    """Returns the names of the outcomes that gates use."""
    return tuple(dict.fromkeys((*gates.max_drops, *gates.min_gains)))


def check_gates(
    gates: ComparisonGates, outcomes: Sequence[Outcome], may_have_more: bool = False
) -> None:
    """Checks, before anything is billed, that each gate has an outcome that can improve.

    Args:
        gates: of the comparison.
        outcomes: those that are known.
        may_have_more: whether a judge names its criteria only when it answers.

    Raises:
        UsageError: a gate names an outcome that is not measured, or that has no better and worse.
    """
    known = {outcome.name: outcome for outcome in outcomes}
    usable = [name for name, one in known.items() if one.better is not Better.NEITHER]
    for gate, names in (("max_drops", gates.max_drops), ("min_gains", gates.min_gains)):
        for name in names:
            if name not in known and may_have_more:
                continue
            if name not in known:
                raise UsageError(
                    f"{gate}: there is no outcome {name!r}; there are {', '.join(usable)}"
                )
            if known[name].better is Better.NEITHER:
                raise UsageError(
                    f"{gate}: {name} is neither better nor worse for being more; use one of "
                    f"{', '.join(usable)}"
                )


def failed_gates(
    differences: Sequence[Difference],
    pairs: PairCounts,
    gates: ComparisonGates,
    stopped_early: str | None,
    confidence: float,
    judges: Mapping[str, JudgeSummary] = MappingProxyType({}),
) -> tuple[FailedGate, ...]:
    """Returns the gates that the candidate fails; empty if it passes them all.

    Args:
        differences: of all outcomes.
        pairs: their counts.
        gates: of the comparison.
        stopped_early: why the run did not simulate all conversations; None if it did.
        confidence: the level of the tests.
        judges: the verdicts on the candidate, of judges whose criteria the gates use.
    """
    found = {one.outcome: one for one in differences}
    early = f"the run stopped early: {stopped_early}"
    return (
        *([FailedGate(reason=early)] if stopped_early else []),
        *(FailedGate(reason=reason) for reason in _missing(pairs, gates)),
        *(FailedGate(reason=reason) for reason in _unanswered(judges, gates)),
        *_dropped(found, gates, 1 - confidence),
        *_not_gained(found, gates),
    )


def _missing(pairs: PairCounts, gates: ComparisonGates) -> Iterator[str]:
    missing = pairs.missing[Side.CANDIDATE]
    if missing > gates.max_failed_share * pairs.pairs + 1e-9:
        yield (
            f"{missing} of {pairs.pairs} conversations of the candidate failed "
            f"({missing / pairs.pairs:.1%}); max_failed_share allows {gates.max_failed_share:.1%}"
        )
    if not pairs.compared:
        yield "no pair of conversations could be compared; expected at least one"


def _unanswered(judges: Mapping[str, JudgeSummary], gates: ComparisonGates) -> Iterator[str]:
    for judge, summary in judges.items():
        missing = sum(summary.no_verdict.values())
        if missing > gates.max_failed_share * summary.asked + 1e-9:
            yield (
                f"{judge} gave no verdict on {missing} of {summary.asked} conversations of the "
                f"candidate ({missing / summary.asked:.1%}); max_failed_share allows "
                f"{gates.max_failed_share:.1%}"
            )


def _dropped(
    found: Mapping[str, Difference], gates: ComparisonGates, level: float
) -> Iterator[FailedGate]:
    for name, most in gates.max_drops.items():
        if (one := found.get(name)) is None:
            # Outcomes such as cost_usd have no values where nothing reports them.
            reason = (
                f"{spoken(name)} has no values on both sides; max_drops allows a drop of {most:g}"
            )
            yield FailedGate(outcome=name, reason=reason)
        elif one.p_adjusted is not None and one.p_adjusted < level and _smallest_drop(one) > most:
            reason = (
                f"{spoken(name)} is worse, {shown(one, one.baseline)} → "
                f"{shown(one, one.candidate)} ({span(one)}, p {one.p_adjusted:.2g}); "
                f"max_drops allows {most:g}"
            )
            yield FailedGate(outcome=name, reason=reason)


def _smallest_drop(one: Difference) -> float:
    """Returns the end of the interval that is nearest to no drop; negative if it includes none.

    A significant difference can have an interval that just includes 0, because the two are computed
    differently; then the drop counts as larger than 0 by its sign alone.
    """
    assert one.p_adjusted is not None
    if one.low is None or one.high is None:
        return -1.0
    nearest, mean = (
        (-one.high, -one.difference) if one.better is Better.MORE else (one.low, one.difference)
    )
    return max(nearest, 1e-12) if mean > 0 else nearest


def _not_gained(found: Mapping[str, Difference], gates: ComparisonGates) -> Iterator[FailedGate]:
    for name, least in gates.min_gains.items():
        one = found.get(name)
        if one is None:
            reason = f"{spoken(name)} has no values on both sides; min_gains asks for {least:g}"
            yield FailedGate(outcome=name, reason=reason)
            continue
        gain = one.difference if one.better is Better.MORE else -one.difference
        if one.verdict != "better" or gain < least:
            reason = (
                f"{spoken(name)} did not gain enough, {shown(one, one.baseline)} → "
                f"{shown(one, one.candidate)} ({span(one)}, "
                f"p {one.p_adjusted:.2g}); min_gains asks for {least:g}"
            )
            yield FailedGate(outcome=name, reason=reason)
