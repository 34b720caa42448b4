"""What a participant is: something that is shown a chat history and replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

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
    """What these calls used, as far as it is known; None where it is not recorded."""


class Participant(Protocol):
    """One side of a conversation: the chatbot, or the simulated user."""

    async def reply(self, chat_history: Sequence[Message], seed: Seed) -> Reply:
        """Answers the latest message.

        Args:
            chat_history: the conversation from this participant's own point of view: its own
                messages are ASSISTANT, the other side's are USER. It is not empty.
            seed: the seed of the conversation, for participants that take inputs from its columns.

        Raises:
            TransientError: no usable reply although the call was tried again within its deadline.
            BudgetExhaustedError: not asked, or not asked again, because the run's budget is spent.
            FatalError: no usable reply, and asking again cannot help.
            RunStoppingError: this participant cannot be used at all.
        """
        ...


def further_inputs(settings: ParticipantSettings, seed: Seed) -> dict[str, JsonValue]:
    """Collects what a participant is given besides the chat history, by input name.

    Seed columns are the context's, `message`, and `seed_id`.

    Raises:
        FatalError: the seed has no such column.
    """
    columns = {**seed.context, "message": seed.message, "seed_id": seed.seed_id}
    inputs = dict(settings.static_inputs)
    for name, column in settings.seed_inputs.items():
        if column not in columns:
            raise FatalError(
                f"seed {seed.seed_id} has no column {column!r}, which {settings.spelling} takes as "
                f"its input {name!r}; it has {', '.join(sorted(columns))}"
            )
        inputs[name] = columns[column]
    return inputs


def usable_text(said: object, participant: str) -> str:
    """Makes a message's text of what a participant said, without the white space around it.

    Args:
        said: whatever it returned.
        participant: its spelling, for the errors.

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
    if is_empty(text):
        raise EmptyReplyError(f"{participant} replied with an empty message")
    if reason := unwritable_reason(text):
        raise TransientError(f"{participant} replied with {reason} in its text")
    return text
