"""What a judge said about a conversation."""

from collections.abc import Iterable, Iterator

from duologue.settings.options import Record
from duologue.settings.rules import Severity
from duologue.validation.rule import Violation

JUDGE_PREFIX = "judge:"
"""A failed criterion is a finding of the rule of this name, as in `judge:user_in_role`."""


class Verdict(Record):
    """A judge's verdict on one criterion of one conversation."""

    judge: str
    """Its name in the settings, or its reference."""
    criterion: str
    passed: bool
    score: float | None = None
    """From 0 to 1, the mean of the samples that have one; None if the judge gave none."""
    reason: str = ""
    """In the judge's words."""
    message: int | None = None
    """Index of the message it is about, from 0; None if it is about the whole conversation."""
    severity: Severity
    """What it does if the criterion is failed."""
    samples: int = 1
    """Answers that it is made of."""
    agreement: float = 1.0
    """The share of these that pass or fail the criterion as it does."""


class NoVerdict(Record):
    """A conversation that a judge was asked about in vain."""

    judge: str
    conversation_id: str
    reason: str
    """Why there is no verdict; never a conversation's text."""


def violations_of(verdicts: Iterable[Verdict]) -> Iterator[Violation]:
    """Yields a finding for each criterion that a conversation fails."""
    for verdict in verdicts:
        if not verdict.passed:
            said = verdict.reason or f"{verdict.judge} gave no reason"
            yield Violation(
                f"{JUDGE_PREFIX}{verdict.criterion}", verdict.severity, verdict.message, said
            )
