"""What a participant is: it is shown a chat history, and replies."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Protocol

from pydantic import BaseModel, JsonValue

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Message, unwritable_reason
from duologue.conversation.usage import Usage
from duologue.errors import EmptyReplyError, FatalError, TransientError
from duologue.seeds import Seed
from duologue.settings.participants import ParticipantSettings


@dataclass(frozen=True, slots=True)
class Reply:
    """What a participant said, and what is known about the call that said it."""

    text: str
    execution_id: str | None = None
    """Vellum's id of the Workflow execution; None where the participant is not on Vellum."""
    latency_ms: int | None = None
    """How long the successful call took."""
    attempts: int = 1
    """Calls made, the successful one included."""
    usage: Usage | None = None
    """What these calls used, if known; None if usage is not recorded."""
    content: str | None = None
    """Vellum's content as JSON, if it is more than text; see `Message.content`."""
    state: str | None = None
    """The state of a local stateful Workflow after this reply, as JSON, to continue from."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """Which reply of which conversation a participant gives."""

    seed: Seed
    """What opened the conversation; its columns may be inputs of a participant."""
    conversation_id: str = ""
    """Distinct within a version: a participant with sessions has one for each."""
    sample: int = 1
    """Which conversation of the seed this is, from 1."""
    turn: int = 1
    """The turn that the reply belongs to, from 1. Both sides have one reply in each turn."""
    side: str = "chatbot"
    """`chatbot` or `simulated_user`; in an evaluation `candidate`, `baseline` or `noise`."""
    dataset: str = ""
    version: str = ""
    """Of the dataset; in an evaluation, the evaluation's own name."""
    attempt: int = 1
    """Which attempt at the whole conversation this is, from 1; repeated calls do not count."""
    previous_execution_id: str | None = None
    """The execution that gave this participant's last reply in this conversation. A stateful
    participant continues from it; None if it has not replied yet."""
    previous_state: str | None = None
    """The `Reply.state` of that reply."""
    private: tuple[str, ...] = ()
    """Further texts that an error must not quote, such as messages within a judge's prompt."""


class Participant(Protocol):
    """One side of a conversation: the chatbot, or the simulated user."""

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message.

        Args:
            chat_history: the conversation from this participant's own point of view: its own
                messages are ASSISTANT, the other side's are USER. It is not empty.
            context: which conversation and turn the reply belongs to.

        Raises:
            TransientError: no usable reply although the call was tried again within its deadline.
            LostStateError: it no longer has the conversation that it should continue.
            BudgetExhaustedError: not asked, or not asked again, because the run's budget is spent.
            FatalError: no usable reply, and asking again cannot help.
            RunStoppingError: this participant cannot be used at all.
        """
        ...


def further_inputs(settings: ParticipantSettings, context: TurnContext) -> dict[str, JsonValue]:
    """Returns a participant's inputs apart from the chat history, by name.

    Columns are those of the seed file, and `message`, `seed_id` and `conversation_id`.

    Raises:
        FatalError: the seed has no such column.
    """
    seed = context.seed
    columns = {
        **seed.context,
        **seed.scenario.texts,
        "message": seed.message,
        "seed_id": seed.seed_id,
        "conversation_id": context.conversation_id,
    }
    inputs = dict(settings.static_inputs)
    for name, column in settings.seed_inputs.items():
        if column not in columns:
            raise FatalError(
                f"seed {seed.seed_id} has no column {column!r}, which {settings.reference} takes "
                f"as its input {name!r}; it has {', '.join(sorted(columns))}"
            )
        inputs[name] = columns[column]
    return inputs


def scenario_inputs(
    settings: ParticipantSettings, context: TurnContext, names: Iterable[str]
) -> dict[str, JsonValue]:
    """Returns what a simulated user receives of the seed's scenario without further settings.

    Args:
        settings: of the participant; the chatbot receives nothing.
        context: which conversation it is for.
        names: of the inputs that the participant takes. What the seed does not say is left out,
            so that the participant's own default applies.
    """
    if not settings.takes_scenario:
        return {}
    texts = context.seed.scenario.texts
    set_already = {*settings.static_inputs, *settings.seed_inputs, settings.history_input}
    return {name: texts[name] for name in names if name in texts and name not in set_already}


def verdict_text(said: object, participant: str) -> str:
    """Returns a judge's answer as text: JSON, unless it is text already.

    Raises:
        FatalError: it is something that JSON cannot hold.
    """
    if isinstance(said, str):
        return said
    if isinstance(said, BaseModel):
        return said.model_dump_json()
    if is_dataclass(said) and not isinstance(said, type):
        said = asdict(said)
    try:
        return json.dumps(said, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise FatalError(
            f"{participant} answered with {type(said).__name__}, which is no verdict; expected "
            "JSON, as text or as a dict, such as {'passed': True, 'reason': '…'}"
        ) from None


def usable_text(said: object, participant: str, content: str | None = None) -> str:
    """Returns a reply's text without the white space around it.

    Args:
        said: whatever the participant returned.
        participant: its reference, for the errors.
        content: the reply's other content; with it, the text may be empty.

    Raises:
        EmptyReplyError: it said nothing.
        TransientError: it said something that no file could hold; language models do, now and then.
        FatalError: it returned something else than text.
    """
    if said is None:
        raise EmptyReplyError(f"{participant} replied with nothing")
    if not isinstance(said, str):
        raise FatalError(
            f"{participant} replied with {type(said).__name__}, not text; a reply must be a string"
        )
    text = said.strip()
    if is_empty(text) and content is None:
        raise EmptyReplyError(f"{participant} replied with an empty message")
    if reason := unwritable_reason(text) or unwritable_reason(content or ""):
        raise TransientError(f"{participant} replied with {reason} in its text")
    return text
