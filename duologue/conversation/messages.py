"""What a conversation is: messages with roles, and how it came to its end."""

import dataclasses
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from pydantic.dataclasses import dataclass

from duologue.conversation.usage import Usage


class Role(StrEnum):
    """Who says a message, in Vellum's own words."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"


class EndReason(StrEnum):
    """Why a conversation ended."""

    MAX_TURNS = "max_turns"
    """Both participants had all the turns that the run allows."""

    USER_ENDED = "user_ended"
    """The simulated user sent the end marker."""

    FAREWELL_LOOP = "farewell_loop"
    """Both participants only said goodbye; what was said after the first goodbye is trimmed."""


class EndsWith(StrEnum):
    """Whose message closes a conversation that runs for all its turns."""

    USER = "user"
    ASSISTANT = "assistant"


# A dataclass, validated like the models, because it takes a tenth of a model's memory, and a run
# holds all its messages until it has written them.
@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Message:
    """One utterance, and what is known about the call that produced it.

    The fields about a call are None for the seed message, and for messages that were read from a
    transcript of another tool.
    """

    role: Role
    text: str
    execution_id: str | None = None
    """Vellum's id of the Workflow execution; None where the participant is not on Vellum."""
    latency_ms: int | None = None
    """How long the call that succeeded took, without the failed ones before it."""
    attempts: int | None = None
    """Calls made for this message, the successful one included; at least 1."""
    usage: Usage | None = None
    """What these calls used, as far as it is known; None where it was not recorded."""
    content: str | None = None
    """Vellum's content as JSON, if it is more than text: images, documents, function calls. Then
    the text may be empty."""


@dataclasses.dataclass(frozen=True, slots=True)
class NextTurn:
    """A conversation up to a USER message that the chatbot is to answer, and what it answered."""

    id: str
    """The conversation and the turn, as in `seed-2dfddfaef694-1-t2`."""
    index: int
    """Which turn the chatbot is to take, from 1."""
    chat_history: tuple[Message, ...]
    """Ends with the USER message."""
    reply: Message | None
    """None where the conversation ends with the USER message."""


class Conversation(BaseModel):
    """The messages of one seed, in order. It opens with the seed message, as USER."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: str
    seed_id: str
    sample: int
    """Which conversation of the seed this is, from 1."""
    messages: tuple[Message, ...]
    end_reason: EndReason
    started_at: datetime
    """UTC; when the first call was made, also where a later attempt finished the conversation."""
    ended_at: datetime
    """UTC; when the last message arrived."""
    attempts: int = 1
    """How often it was begun or gone on with: 1 where it went well at once."""
    usage: Usage | None = None
    """What all calls for it used, as far as it is known; None where it was not recorded. This is
    more than its messages used where something was thrown away: a reply that was only the end
    marker, a farewell, a conversation that was invalid and begun anew."""

    @property
    def turn_count(self) -> int:
        """How many chatbot replies it holds; a turn is one such reply and the answer to it."""
        return sum(message.role is Role.ASSISTANT for message in self.messages)

    @property
    def next_turns(self) -> list[NextTurn]:
        """Every turn of the chatbot, the one to come included; at least one."""
        ends = [i for i, message in enumerate(self.messages, 1) if message.role is Role.USER]
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
    """Says what no dataset file can hold of a text; None where it can be written as it is."""
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"half of a surrogate pair (U+{ord(text[error.start]):04X})"
    return None
