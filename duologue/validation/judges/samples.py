"""Several answers of a judge about one conversation, as one verdict on each criterion."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from duologue.settings.judges import JudgeSettings
from duologue.validation.judges.reading import CriterionVerdict, JudgeAnswer
from duologue.validation.verdict import Verdict


def combined(judge: JudgeSettings, answers: Sequence[JudgeAnswer]) -> tuple[Verdict, ...]:
    """Combines the answers that a judge gave: the majority decides, scores are averaged.

    A criterion is failed only if more than half of its answers fail it. The reason is the first of
    the majority's, about the message that most of the majority name.

    Returns:
        The verdicts, in the order in which the criteria were first answered.
    """
    by_criterion: dict[str, list[CriterionVerdict]] = {}
    for answer in answers:
        for verdict in answer.verdicts:
            by_criterion.setdefault(verdict.criterion, []).append(verdict)
    return tuple(_combined(judge, name, found) for name, found in by_criterion.items())


def needed(samples: int) -> int:
    """Returns how many answers there must be, so that a failed call does not decide."""
    return samples // 2 + 1


def preference(judge: JudgeSettings, criterion: str, forward: float, swapped: float) -> Verdict:
    """Combines the two answers of a pairwise question.

    Args:
        judge: who was asked.
        criterion: what the verdict is called.
        forward: 1 if it prefers the reply, 0 if the reference, which came second; 0.5 for a tie.
        swapped: 1 if it prefers the reference, which came first.

    Returns:
        A verdict with the score 1, 0.5 or 0: the reply is better, neither is, the reference is.
        Two answers that contradict each other are a tie.
    """
    score = {2.0: 1.0, 0.0: 0.0}.get(forward + (1 - swapped), 0.5)
    words = {1.0: "better than", 0.5: "as good as", 0.0: "worse than"}
    return Verdict(
        judge=judge.title,
        criterion=criterion,
        passed=score > 0,
        score=score,
        reason=f"{words[score]} the reference reply",
        severity=judge.severity(criterion),
        samples=2,
        agreement=1.0 if forward == 1 - swapped else 0.5,
    )


def _combined(judge: JudgeSettings, criterion: str, found: Sequence[CriterionVerdict]) -> Verdict:
    passes = [_passes(one, judge.min_passing_score) for one in found]
    passed = 2 * sum(passes) >= len(found)
    majority = [one for one, passes_it in zip(found, passes, strict=True) if passes_it is passed]
    message = Counter(one.message for one in majority).most_common(1)[0][0]
    scores = [one.score for one in found if one.score is not None]
    return Verdict(
        judge=judge.title,
        criterion=criterion,
        passed=passed,
        score=fmean(scores) if scores else None,
        reason=next(one.reason for one in majority if one.message == message),
        message=message,
        severity=judge.severity(criterion),
        samples=len(found),
        agreement=len(majority) / len(found),
    )


def _passes(verdict: CriterionVerdict, least: float) -> bool:
    if verdict.passed is not None:
        return verdict.passed
    return verdict.score is not None and verdict.score >= least
