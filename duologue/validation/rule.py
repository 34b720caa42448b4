"""What a validation rule is, takes and returns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from duologue.conversation.messages import EndReason, EndsWith, Message
from duologue.settings.rules import Severity


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a conversation should look like. Fields that are None are not checked, as in transcripts
    that Duologue did not make.
    """

    seed_message: str | None = None
    turns: int | None = None
    """Maximum number of turns; the exact number if the conversation ended with MAX_TURNS."""
    ends_with: EndsWith | None = None
    end_reason: EndReason | None = None
    end_marker: str | None = None
    opening: int = 0
    """How many messages were given before the seed message."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the user knows, by name; empty if the seed has no facts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where and how a conversation breaks a rule."""

    message_index: int | None
    """From 0; None if the finding is about the conversation as a whole."""
    detail: str
    """An explanation to read next to the rule's name."""


Check = Callable[[Sequence[Message], Expectations], Iterable[Finding]]
"""A pure function from the messages of one conversation to findings."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A named check and the severity of its findings."""

    name: str
    severity: Severity
    check: Check
    marks: tuple[str, ...] = ()
    """Strings of which a conversation has at least one where the rule finds anything; empty if that
    is not known. The rule does not run where none of them is, which saves time."""
    ahead: Callable[[Sequence[Sequence[Message]]], None] | None = None
    """Does part of the work for several conversations at once, before `check` reads each."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding, with its rule and severity."""

    rule: str
    severity: Severity
    message_index: int | None
    detail: str
