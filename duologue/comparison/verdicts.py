"""Judges' verdicts as outcomes: a criterion is a share, and its score a number."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from statistics import fmean

from duologue.comparison.outcomes import BUILT_IN, Better, Outcome
from duologue.settings.judges import JudgeSettings
from duologue.validation.verdict import Verdict

_TAKEN = {outcome.name for outcome in BUILT_IN}


def outcomes_of_judges(judges: Sequence[JudgeSettings]) -> list[Outcome]:
    """Describes the criteria that judges are asked about, each with its score, as outcomes.

    A criterion that several judges are asked about is one outcome.
    """
    criteria = dict.fromkeys(name for judge in judges for name in judge.asked_criteria)
    return [outcome for name in criteria for outcome in _outcomes(name)]


def outcomes_of_verdicts(names: Iterable[str], shares: Collection[str]) -> list[Outcome]:
    """Describes values from `values_of_verdicts` as outcomes.

    Args:
        names: of the values.
        shares: those that are all 0 or 1.
    """
    return [Outcome(name, Better.MORE, name in shares, _DESCRIPTION) for name in names]


def judges_of(names: Collection[str], judges: Iterable[JudgeSettings]) -> set[str]:
    """Returns the titles of the judges that may answer about one of these outcomes."""
    return {
        judge.title
        for judge in judges
        if may_answer_more([judge])
        or any(outcome.name in names for outcome in outcomes_of_judges([judge]))
    }


def may_answer_more(judges: Iterable[JudgeSettings]) -> bool:
    """Checks whether a judge names its criteria only when it answers."""
    return any(not judge.asked_criteria for judge in judges)


def values_of_verdicts(
    verdicts: Iterable[Verdict], taken: Collection[str] = ()
) -> dict[str, float]:
    """Returns the values of one conversation by outcome.

    Where several judges judge a criterion, it is the share of them that pass it, and the mean of
    their scores.

    Args:
        verdicts: on the conversation.
        taken: names of own scorers. A criterion of the same name becomes `judge_NAME`.
    """
    passed, scores = defaultdict(list), defaultdict(list)
    for verdict in verdicts:
        name = _name(verdict.criterion, taken)
        passed[name].append(float(verdict.passed))
        if verdict.score is not None:
            scores[_score(name)].append(verdict.score)
    return {name: fmean(values) for found in (passed, scores) for name, values in found.items()}


_DESCRIPTION = "verdicts of the judges"


def _outcomes(criterion: str) -> tuple[Outcome, Outcome]:
    name = _name(criterion)
    return (
        Outcome(name, Better.MORE, True, _DESCRIPTION),
        Outcome(_score(name), Better.MORE, False, _DESCRIPTION),
    )


def _name(criterion: str, taken: Collection[str] = ()) -> str:
    return f"judge_{criterion}" if criterion in _TAKEN or criterion in taken else criterion


def _score(name: str) -> str:
    return f"{name}_score"
