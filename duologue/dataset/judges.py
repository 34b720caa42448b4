"""What the judges of a version said, counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from duologue.conversation.usage import Usage
from duologue.dataset.counts import Count
from duologue.settings.options import Record
from duologue.settings.rules import Severity
from duologue.validation.verdict import NoVerdict, Verdict


class CriterionSummary(Record):
    """A judge's verdicts on one criterion."""

    severity: Severity
    """What a failed one does."""
    passed: Count
    failed: Count
    mean_score: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of the verdicts with a score; None if there is none."""


class JudgeSummary(Record):
    """What became of the questions to one judge."""

    asked: Count
    """Conversations that it was asked about."""
    no_verdict: dict[str, int] = {}
    """Conversations that it gave no verdict on, by reason."""
    criteria: dict[str, CriterionSummary] = {}
    """By criterion, sorted."""
    usage: Usage | None = None
    """What the answers behind its verdicts used, in all revisions; None where it is not known."""


def judge_summaries(
    verdicts: Iterable[Sequence[Verdict]],
    missing: Iterable[NoVerdict],
    usage: Mapping[str, Usage] = MappingProxyType({}),
) -> dict[str, JudgeSummary]:
    """Counts verdicts by judge and criterion.

    Args:
        verdicts: of each conversation.
        missing: the questions without an answer.
        usage: by judge, what its answers used.

    Returns:
        A summary of each judge that was asked anything, sorted by its name.
    """
    given = list(verdicts)
    reasons: dict[str, Counter[str]] = {}
    for one in missing:
        reasons.setdefault(one.judge, Counter())[one.reason] += 1
    judged = Counter(judge for one in given for judge in {verdict.judge for verdict in one})
    all_verdicts = [verdict for one in given for verdict in one]
    return {
        judge: JudgeSummary(
            asked=judged[judge] + reasons.get(judge, Counter()).total(),
            no_verdict=dict(reasons.get(judge, Counter()).most_common()),
            criteria=_criteria([one for one in all_verdicts if one.judge == judge]),
            usage=usage.get(judge),
        )
        for judge in sorted({*judged, *reasons})
    }


def _criteria(verdicts: Sequence[Verdict]) -> dict[str, CriterionSummary]:
    return {
        name: _criterion([one for one in verdicts if one.criterion == name])
        for name in sorted({one.criterion for one in verdicts})
    }


def _criterion(verdicts: Sequence[Verdict]) -> CriterionSummary:
    passed = sum(one.passed for one in verdicts)
    scores = [one.score for one in verdicts if one.score is not None]
    return CriterionSummary(
        severity=verdicts[0].severity,
        passed=passed,
        failed=len(verdicts) - passed,
        mean_score=fmean(scores) if scores else None,
    )


def missed_gates(
    judges: Mapping[str, JudgeSummary], min_passed: Mapping[str, float]
) -> Iterator[str]:
    """Yields a sentence for each criterion that too few verdicts pass, or that has none.

    Without a question there is nothing to miss: a judge may be asked only about what is doubtful.
    """
    for name, least in min_passed.items():
        passed, given = _passed_of(judges, name)
        if given == 0:
            if any(one.asked for one in judges.values()):
                yield f"no judge gave a verdict on {name}; min_passed asks for {least:.1%}"
        # A hair less is let through: 0.29 of 100 is 28.999999999999996 in floating point.
        elif passed < least * given - 1e-9:
            yield (
                f"{passed} of {given} verdicts pass {name} ({passed / given:.1%}); "
                f"min_passed asks for {least:.1%}"
            )


def share_passed(judges: Mapping[str, JudgeSummary], criterion: str) -> float | None:
    """Returns the share of all judges' verdicts that pass a criterion; None without a verdict."""
    passed, given = _passed_of(judges, criterion)
    return passed / given if given else None


def _passed_of(judges: Mapping[str, JudgeSummary], criterion: str) -> tuple[int, int]:
    found = [one.criteria[criterion] for one in judges.values() if criterion in one.criteria]
    passed = sum(one.passed for one in found)
    return passed, passed + sum(one.failed for one in found)


def judge_lines(judges: Mapping[str, JudgeSummary]) -> Iterator[str]:
    """Yields a line for each judge, for a terminal, and one for each reason of no verdict."""
    for judge, summary in judges.items():
        passed = ", ".join(
            f"{name} {one.passed} of {one.passed + one.failed} passed"
            for name, one in summary.criteria.items()
        )
        noun = "conversation" if summary.asked == 1 else "conversations"
        yield f"Judge {judge}, {summary.asked} {noun}: {passed or 'no verdict'}"
    yield from no_verdict_notes(judges)


def no_verdict_notes(judges: Mapping[str, JudgeSummary]) -> Iterator[str]:
    """Yields a sentence for each reason why a judge gave no verdict."""
    for judge, summary in judges.items():
        for reason, count in summary.no_verdict.items():
            noun = "conversation" if count == 1 else "conversations"
            yield f"{judge} gave no verdict on {count} {noun}: {reason}"
