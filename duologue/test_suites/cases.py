"""The test cases that a dataset's conversations become, whoever takes them."""

from collections.abc import Iterator
from dataclasses import dataclass

from upath import UPath

from duologue.conversation import Conversation, Message, Role
from duologue.dataset.reading import read_conversations
from duologue.test_suites.per import CasePer


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
        cases = _prefix_cases(conversation, dataset)
        yield from cases if per is CasePer.PREFIX else _whole_case(conversation, dataset)


def _prefix_cases(conversation: Conversation, dataset: str) -> Iterator[SuiteCase]:
    for turn, end in enumerate(_user_ends(conversation), start=1):
        yield SuiteCase(
            external_id=f"{external_id_prefix(dataset)}{conversation.conversation_id}:{turn}",
            label=f"{conversation.conversation_id}, turn {turn}",
            chat_history=conversation.messages[:end],
            reference_reply=_reply_at(conversation, end),
        )


def _whole_case(conversation: Conversation, dataset: str) -> Iterator[SuiteCase]:
    for end in _user_ends(conversation)[-1:]:
        yield SuiteCase(
            external_id=f"{external_id_prefix(dataset)}{conversation.conversation_id}",
            label=conversation.conversation_id,
            chat_history=conversation.messages[:end],
            reference_reply=_reply_at(conversation, end),
        )


def _user_ends(conversation: Conversation) -> list[int]:
    """The lengths of the prefixes that end with a USER message."""
    messages = enumerate(conversation.messages, start=1)
    return [end for end, message in messages if message.role is Role.USER]


def _reply_at(conversation: Conversation, index: int) -> str | None:
    following = conversation.messages[index : index + 1]
    return next((one.text for one in following if one.role is Role.ASSISTANT), None)
