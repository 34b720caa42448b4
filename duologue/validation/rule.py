"""What a validation rule is, what it looks at, and what it reports."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from duologue.conversation.messages import EndReason, EndsWith, Message
from duologue.settings.rules import Severity


@dataclass(frozen=True, slots=True)
class Expectations:
    """What is known of how a conversation should look. Whatever is None is not checked, as with
    transcripts that Duologue did not make.
    """

    seed_message: str | None = None
    turns: int | None = None
    """The most turns that it may have; exactly so many where it ended with MAX_TURNS."""
    ends_with: EndsWith | None = None
    end_reason: EndReason | None = None
    end_marker: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a rule is broken, and how, in words that make sense beside the rule's name."""

    message_index: int | None
    """Counted from 0; None where the finding is about the conversation as a whole."""
    detail: str


Check = Callable[[Sequence[Message], Expectations], Iterable[Finding]]
"""What a rule does: a pure function that looks at the messages of one conversation."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check of one conversation: a pure function and how severe its findings are."""

    name: str
    severity: Severity
    check: Check


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding with the rule that made it."""

    rule: str
    severity: Severity
    message_index: int | None
    detail: str
