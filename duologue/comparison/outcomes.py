"""What is compared: the outcomes of one conversation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from duologue.conversation.courtesy import is_polite
from duologue.conversation.farewells import mostly_says_farewell
from duologue.conversation.messages import Conversation, EndReason, Message, Role
from duologue.conversation.wording import wording
from duologue.settings.judges import USER_IN_ROLE
from duologue.settings.rules import Severity
from duologue.simulation import FailedSeed
from duologue.validation.check import CheckedConversation
from duologue.validation.rule import Violation
from duologue.validation.verdict import JUDGE_PREFIX


class Better(StrEnum):
    """Which way an outcome improves."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that is compared."""

    name: str
    better: Better
    is_share: bool
    """Whether a conversation's value is 0 or 1."""
    description: str
    unit: str = ""


class Status(StrEnum):
    """What became of one conversation of a comparison."""

    VALID = "valid"
    INVALID = "invalid"
    USER_AT_FAULT = "user_at_fault"
    """Invalid, because the simulated user left its role: no evidence about the chatbot."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Measured:
    """One conversation of one side, and its outcomes."""

    conversation_id: str
    seed_id: str
    sample: int
    status: Status
    values: Mapping[str, float]
    """By outcome; what a conversation has no value for is left out."""
    conversation: Conversation | None = None
    """None if it failed."""
    note: str = ""
    """The rules that it breaks, or why it failed."""


_USER_IN_ROLE = f"{JUDGE_PREFIX}{USER_IN_ROLE}"
"""This criterion is about the user, even if the judge names a chatbot's message."""

_OF_NOBODY = frozenset({"loop", "user_repeats_itself", "opening_restated"})
"""Rules about the user's messages that a chatbot may cause: whoever gets no answer asks again."""


def status_of(checked: CheckedConversation) -> Status:
    """Says whether a conversation is valid, and if not, who is at fault.

    The simulated user is at fault if every rule of severity `invalid` that the conversation breaks
    is about a USER message, except for repetitions.
    """
    broken = [one for one in checked.violations if one.severity is Severity.INVALID]
    if not broken:
        return Status.VALID
    messages = checked.conversation.messages

    if all(_is_users(one, messages) and one.rule not in _OF_NOBODY for one in broken):
        return Status.USER_AT_FAULT
    return Status.INVALID


def _is_users(violation: Violation, messages: Sequence[Message]) -> bool:
    """Checks whether a violation is about what the simulated user said."""
    index = violation.message_index
    if violation.rule == _USER_IN_ROLE or index is None:
        return violation.rule == _USER_IN_ROLE
    return messages[index].role is Role.USER


def measure(
    made: CheckedConversation | FailedSeed, scores: Mapping[str, float] | None = None
) -> Measured:
    """Measures every outcome of a conversation.

    Args:
        made: the conversation, or how it failed.
        scores: those of own scorers, by name.
    """
    if isinstance(made, FailedSeed):
        return Measured(
            made.conversation_id,
            made.seed.seed_id,
            made.sample,
            Status.FAILED,
            {},
            note=made.reason,
        )
    conversation = made.conversation
    found = {outcome.name: function(made) for outcome, function in _BUILT_IN}
    values = {name: value for name, value in found.items() if value is not None}
    return Measured(
        conversation.conversation_id,
        conversation.seed_id,
        conversation.sample,
        status_of(made),
        values | dict(scores or {}),
        conversation,
        ", ".join(dict.fromkeys((*made.broken_rules, *made.warnings))),
    )


def _valid(checked: CheckedConversation) -> float:
    return float(checked.is_valid)


def _rules_broken(checked: CheckedConversation) -> float:
    """Counts the rules that the chatbot's messages break."""
    messages = checked.conversation.messages
    return float(
        len(
            {
                one.rule
                for one in checked.violations
                if one.severity is not Severity.INFO and not _is_users(one, messages)
            }
        )
    )


def _clean(checked: CheckedConversation) -> float:
    return float(_rules_broken(checked) == 0)


def _user_satisfied(checked: CheckedConversation) -> float:
    """Checks whether the user left by itself, and not in the middle of a complaint."""
    conversation = checked.conversation
    if conversation.end_reason is EndReason.MAX_TURNS:
        return 0.0
    last = conversation.messages[-1]
    said_nothing_more = last.role is Role.ASSISTANT
    return float(said_nothing_more or mostly_says_farewell(last.text) or is_polite(last.text))


def _ended(reason: EndReason, checked: CheckedConversation) -> float:
    return float(checked.conversation.end_reason is reason)


def _turns(checked: CheckedConversation) -> float:
    return float(checked.conversation.turn_count)


def _words(checked: CheckedConversation) -> float | None:
    replies = _replies(checked)
    return sum(len(wording(text).words) for text in replies) / len(replies) if replies else None


def _replies(checked: CheckedConversation) -> list[str]:
    return [m.text for m in checked.conversation.messages if m.role is Role.ASSISTANT]


def _latency_ms(checked: CheckedConversation) -> float | None:
    known = [
        message.latency_ms
        for message in checked.conversation.messages
        if message.role is Role.ASSISTANT and message.latency_ms is not None
    ]
    return sum(known) / len(known) if known else None


def _tokens(checked: CheckedConversation) -> float | None:
    used = [
        (message.usage.input_tokens or 0) + (message.usage.output_tokens or 0)
        for message in checked.conversation.messages
        if message.role is Role.ASSISTANT and message.usage is not None
    ]
    return float(sum(used)) if used else None


def _cost_usd(checked: CheckedConversation) -> float | None:
    costs = [
        message.usage.cost_usd
        for message in checked.conversation.messages
        if message.role is Role.ASSISTANT
        and message.usage is not None
        and message.usage.cost_usd is not None
    ]
    return float(sum(costs)) if costs else None


_BUILT_IN: tuple[tuple[Outcome, Callable[[CheckedConversation], float | None]], ...] = (
    (
        Outcome("valid", Better.MORE, True, "breaks no rule of severity invalid"),
        _valid,
    ),
    (
        Outcome("clean", Better.MORE, True, "no message of the chatbot breaks a rule"),
        _clean,
    ),
    (
        Outcome(
            "user_satisfied", Better.MORE, True, "the user left by itself, with thanks or a goodbye"
        ),
        _user_satisfied,
    ),
    (
        Outcome(
            "rules_broken", Better.LESS, False, "rules that the chatbot's messages break", "rules"
        ),
        _rules_broken,
    ),
    (
        Outcome("ended_by_user", Better.NEITHER, True, "the user ended the conversation"),
        partial(_ended, EndReason.USER_ENDED),
    ),
    (
        Outcome("farewell_loop", Better.NEITHER, True, "both sides were only saying goodbye"),
        partial(_ended, EndReason.FAREWELL_LOOP),
    ),
    (Outcome("turns", Better.NEITHER, False, "chatbot replies", "turns"), _turns),
    (Outcome("words", Better.NEITHER, False, "mean length of a chatbot reply", "words"), _words),
    (Outcome("latency_ms", Better.LESS, False, "mean time of a chatbot reply", "ms"), _latency_ms),
    (Outcome("tokens", Better.LESS, False, "tokens of the chatbot's calls", "tokens"), _tokens),
    (Outcome("cost_usd", Better.LESS, False, "cost of the chatbot's calls", "USD"), _cost_usd),
)

BUILT_IN = tuple(outcome for outcome, _ in _BUILT_IN)
