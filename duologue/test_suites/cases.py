"""The test cases made from a dataset's conversations."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import JsonValue
from upath import UPath

from duologue.conversation.messages import Conversation, Message, NextTurn
from duologue.participants.protocol import TurnContext, further_inputs
from duologue.settings.participants import ParticipantSettings
from duologue.settings.test_suites import CasePer
from duologue.versions.reading import read_seeded_conversations


@dataclass(frozen=True, slots=True)
class SuiteInput:
    """An input of the chatbot apart from the chat history."""

    name: str
    value: JsonValue
    """As the settings or the seed have it."""
    type: str | None = None
    """The type that the chatbot declares; None if it is unknown."""


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """One question to a chatbot, with the messages before it."""

    external_id: str
    """The same in every version of a dataset, so that a newer version replaces its case."""
    label: str
    chat_history: tuple[Message, ...]
    """Ends with a USER message."""
    reference_reply: str | None
    """The chatbot's reply when the dataset was made; None if the conversation ended before it."""
    inputs: tuple[SuiteInput, ...] = ()
    """All other inputs of the chatbot. Vellum wants a case to have exactly the chatbot's inputs."""


def external_id_prefix(dataset: str) -> str:
    """Returns the prefix of the external ids of a dataset's cases.

    No other dataset's cases have it: no dataset's name contains a colon.
    """
    return f"duologue:{dataset}:"


def external_id(dataset: str, conversation_id: str, turn: int | None) -> str:
    """Names the case of a conversation, or of its prefix up to a turn."""
    whole = f"{external_id_prefix(dataset)}{conversation_id}"
    return whole if turn is None else f"{whole}:{turn}"


def per_of(external_id: str) -> CasePer:
    """Infers from a case's external id whether it is of a conversation or a prefix."""
    # A conversation's id ends with its sample, as in `s1-1`, and so never in a number alone.
    last = external_id.rpartition(":")[2]
    return CasePer.PREFIX if last.isdigit() else CasePer.CONVERSATION


def cases_of(
    conversations: UPath,
    dataset: str,
    per: CasePer = CasePer.CONVERSATION,
    chatbot: ParticipantSettings | None = None,
) -> Iterator[SuiteCase]:
    """Yields the cases of a version, in the order of its conversations.

    Args:
        conversations: the version's Parquet file.
        dataset: the dataset's name.
        per: what becomes a case.
        chatbot: whose inputs the cases have, apart from the chat history; None for no others.

    Raises:
        UsageError: the file is not there, or was not written by this Duologue or an older one.
    """
    for seed, conversation in read_seeded_conversations(conversations):
        context = TurnContext(seed, conversation.conversation_id, conversation.sample)
        inputs = () if chatbot is None else inputs_of(chatbot, context)
        made = _prefix_cases if per is CasePer.PREFIX else _whole_case
        for case in made(conversation, dataset):
            yield replace(case, inputs=inputs)


def inputs_of(chatbot: ParticipantSettings, context: TurnContext) -> tuple[SuiteInput, ...]:
    """Returns a chatbot's inputs for a conversation, apart from the chat history."""
    types = chatbot.pinned.input_types if chatbot.pinned else {}
    inputs = further_inputs(chatbot, context)
    return tuple(SuiteInput(name, value, types.get(name)) for name, value in inputs.items())


def _prefix_cases(conversation: Conversation, dataset: str) -> Iterator[SuiteCase]:
    for turn in conversation.next_turns:
        yield _case(
            turn,
            external_id=external_id(dataset, conversation.conversation_id, turn.index),
            label=f"{conversation.conversation_id}, turn {turn.index}",
        )


def _whole_case(conversation: Conversation, dataset: str) -> Iterator[SuiteCase]:
    yield _case(
        conversation.next_turns[-1],
        external_id=external_id(dataset, conversation.conversation_id, None),
        label=conversation.conversation_id,
    )


def _case(turn: NextTurn, external_id: str, label: str) -> SuiteCase:
    reference = turn.reply.text if turn.reply else None
    return SuiteCase(external_id, label, turn.chat_history, reference)
