"""Where people disagree: with each other, with the rules, and with the judges."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import Literal

from duologue.reliability.reviewed import Opinion, Reviewed, Source
from duologue.settings.options import Record
from duologue.settings.rules import Severity


class Agreement(Record):
    """How far two reviewers agree on what is broken."""

    reviewers: tuple[str, str]
    conversations: int
    """That both reviewed."""
    agreed: float
    """The share on which they decided the same."""
    kappa: float | None
    """Cohen's kappa; None if both gave every conversation the same decision."""


class Disagreement(Record):
    """A conversation to read again."""

    conversation_id: str
    between: Literal["people_and_rules", "people_and_judges", "reviewers"]
    detail: str


def cohens_kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float | None:
    """Computes Cohen's kappa (1960, Educational and Psychological Measurement 20:37-46).

    Args:
        one: the decisions of a reviewer; at least one.
        other: those of another, about the same conversations in the same order.

    Returns:
        From -1 to 1; 0 if they agree as often as by chance. None if chance alone explains full
        agreement, because both always decided the same.
    """
    size = len(one)
    observed = sum(a == b for a, b in zip(one, other, strict=True)) / size
    counts, others = Counter(one), Counter(other)
    expected = sum(counts[value] * others[value] for value in counts) / size**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def agreements(conversations: Sequence[Reviewed]) -> list[Agreement]:
    """Compares each two reviewers who reviewed some of the same conversations. Unweighted."""
    by_reviewer: dict[str, dict[str, bool]] = {}
    for conversation in conversations:
        for opinion in conversation.opinions:
            by_reviewer.setdefault(opinion.reviewer, {})[conversation.id] = opinion.broken
    found = []
    for one, other in combinations(sorted(by_reviewer), 2):
        both = sorted(by_reviewer[one].keys() & by_reviewer[other].keys())
        if both:
            decisions = [[by_reviewer[name][id] for id in both] for name in (one, other)]
            agreed = sum(a == b for a, b in zip(*decisions, strict=True)) / len(both)
            found.append(
                Agreement(
                    reviewers=(one, other),
                    conversations=len(both),
                    agreed=agreed,
                    kappa=cohens_kappa(*decisions),
                )
            )
    return found


def disagreements(conversations: Sequence[Reviewed]) -> list[Disagreement]:
    """Lists every disagreement, in the order of the conversations."""
    return [found for conversation in conversations for found in _disagreements(conversation)]


def _disagreements(conversation: Reviewed) -> Iterator[Disagreement]:
    opinions = "; ".join(map(_shown, conversation.opinions))
    if 0 < conversation.broken < 1:
        yield Disagreement(conversation_id=conversation.id, between="reviewers", detail=opinions)
    if conversation.broken == 0.5:
        return
    broken = conversation.broken > 0.5
    invalid = conversation.named(Source.RULE, Severity.INVALID)
    if broken != bool(invalid):
        said = f"invalid: {', '.join(invalid)}" if invalid else "no rule finds it invalid"
        yield Disagreement(
            conversation_id=conversation.id,
            between="people_and_rules",
            detail=f"{opinions}; {said}",
        )
    failed = conversation.named(Source.JUDGE, *Severity)
    if conversation.judged and broken != bool(failed):
        said = f"fails {', '.join(failed)}" if failed else "passes every judge's criterion"
        yield Disagreement(
            conversation_id=conversation.id,
            between="people_and_judges",
            detail=f"{opinions}; {said}",
        )


def _shown(opinion: Opinion) -> str:
    if not opinion.broken:
        return f"{opinion.reviewer}: sound"
    place = [] if opinion.message_index is None else [f"message {opinion.message_index}"]
    details = ", ".join([*opinion.kinds, *place])
    return f"{opinion.reviewer}: broken" + (f" ({details})" if details else "")
