"""Conversations: messages with roles, and how they ended."""

import dataclasses
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from pydantic.dataclasses import dataclass

from duologue.conversation.usage import Usage


class Role(StrEnum):
    """Who said a message, in Vellum's terms."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"


class EndReason(StrEnum):
    """Why a conversation ended."""

    MAX_TURNS = "max_turns"
    """The conversation had all the turns that the run allows."""

    USER_ENDED = "user_ended"
    """The simulated user sent the end marker."""

    FAREWELL_LOOP = "farewell_loop"
    """Both sides were only saying goodbye; messages after the first goodbye are trimmed."""


class EndsWith(StrEnum):
    """Who says the last message of a conversation that has all its turns."""

    USER = "user"
    ASSISTANT = "assistant"


# A validated dataclass takes a tenth of a model's memory, and a run holds all its messages until it
# has written them.
@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Message:
    """One utterance, and details of the call that produced it.

    The fields about a call are None for the seed message and for messages read from other tools'
    transcripts.
    """

    role: Role
    text: str
    execution_id: str | None = None
    """Vellum's id of the Workflow execution; None if the participant is not on Vellum."""
    latency_ms: int | None = None
    """Duration of the successful call, without failed ones before it."""
    attempts: int | None = None
    """Calls made for this message, including the successful one; at least 1."""
    usage: Usage | None = None
    """What these calls used, if known; None if it was not recorded."""
    content: str | None = None
    """Vellum's content as JSON, if it is more than text: images, documents, function calls. Then
    the text may be empty."""


@dataclasses.dataclass(frozen=True, slots=True)
class NextTurn:
    """A conversation up to a USER message, and the chatbot's reply to it."""

    id: str
    """Conversation and turn, as in `seed-2dfddfaef694-1-t2`."""
    index: int
    """The number of the chatbot's turn, from 1."""
    chat_history: tuple[Message, ...]
    """Ends with the USER message."""
    reply: Message | None
    """None if the conversation ends with the USER message."""


class Conversation(BaseModel):
    """The messages of one seed, in order. The first after any opening is the seed's, as USER."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: str
    seed_id: str
    sample: int
    """Which conversation of the seed this is, from 1."""
    messages: tuple[Message, ...]
    end_reason: EndReason
    started_at: datetime
    """UTC; the time of the first call, even if a later attempt finished the conversation."""
    ended_at: datetime
    """UTC; the time the last message arrived."""
    attempts: int = 1
    """Number of attempts; 1 if the first succeeded."""
    usage: Usage | None = None
    """What all its calls used, if known; None if it was not recorded. It includes calls whose
    replies were discarded: a bare end marker, a trimmed farewell, an invalid conversation that was
    restarted."""
    opening: int = 0
    """How many messages come before the seed message: those of the seed's column `opening`, which
    no participant of this run wrote."""

    @property
    def turn_count(self) -> int:
        """The number of chatbot replies after the opening; a turn is one reply and its answer."""
        return sum(message.role is Role.ASSISTANT for message in self.messages[self.opening :])

    @property
    def next_turns(self) -> list[NextTurn]:
        """Every turn of the chatbot after the opening, with one still to come; at least one."""
        ends = [
            index
            for index, message in enumerate(self.messages, 1)
            if message.role is Role.USER and index > self.opening
        ]
        return [
            NextTurn(
                f"{self.conversation_id}-t{index}",
                index,
                self.messages[:end],
                next(iter(self.messages[end : end + 1]), None),
            )
            for index, end in enumerate(ends, 1)
        ]


def unwritable_reason(text: str) -> str | None:
    """Returns what keeps a text out of a dataset file; None if it can be written as it is."""
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"half of a surrogate pair (U+{ord(text[error.start]):04X})"
    return None
