"""The test cases that a dataset's conversations become, whoever takes them."""

from collections.abc import Iterator
from dataclasses import dataclass

from upath import UPath

from duologue.conversation.messages import Conversation, Message, NextTurn
from duologue.settings.test_suites import CasePer
from duologue.versions.reading import read_conversations


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """One question to a chatbot, with all that was said before it."""

    external_id: str
    """The same in every version of a dataset, so that a newer version replaces its case."""
    label: str
    chat_history: tuple[Message, ...]
    """Ends with a USER message."""
    reference_reply: str | None
    """What the chatbot replied when the dataset was made; None where the conversation ended."""


def external_id_prefix(dataset: str) -> str:
    """What the external ids of a dataset's cases begin with, and those of no other one.

    No dataset's name holds a colon.
    """
    return f"duologue:{dataset}:"


def external_id(dataset: str, conversation_id: str, turn: int | None) -> str:
    """Names the case that a conversation, or its prefix up to a turn, becomes."""
    whole = f"{external_id_prefix(dataset)}{conversation_id}"
    return whole if turn is None else f"{whole}:{turn}"


def per_of(external_id: str) -> CasePer:
    """Tells from a case's external id what had become the case."""
    # A conversation's id ends with its sample, as in `s1-1`, and so never in a number alone.
    last = external_id.rpartition(":")[2]
    return CasePer.PREFIX if last.isdigit() else CasePer.CONVERSATION


def cases_of(
    conversations: UPath, dataset: str, per: CasePer = CasePer.CONVERSATION
) -> Iterator[SuiteCase]:
    """Makes the cases of a version, in the order of its conversations.

    Args:
        conversations: the version's Parquet file.
        dataset: the dataset's name.
        per: what becomes a case.

    Raises:
        UsageError: the file is not there, or was not written by this Duologue or an older one.
    """
    for conversation in read_conversations(conversations):
        if per is CasePer.PREFIX:
            yield from _prefix_cases(conversation, dataset)
        else:
            yield _whole_case(conversation, dataset)


def _prefix_cases(conversation: Conversation, dataset: str) -> Iterator[SuiteCase]:
    for turn in conversation.next_turns:
        yield _case(
            turn,
            external_id=external_id(dataset, conversation.conversation_id, turn.index),
            label=f"{conversation.conversation_id}, turn {turn.index}",
        )


def _whole_case(conversation: Conversation, dataset: str) -> SuiteCase:
    return _case(
        conversation.next_turns[-1],
        external_id=external_id(dataset, conversation.conversation_id, None),
        label=conversation.conversation_id,
    )


def _case(turn: NextTurn, external_id: str, label: str) -> SuiteCase:
    reference = turn.reply.text if turn.reply else None
    return SuiteCase(external_id, label, turn.chat_history, reference)
