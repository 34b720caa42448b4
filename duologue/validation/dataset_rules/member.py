"""A conversation as the dataset rules look at it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from duologue.conversation.messages import EndReason, Message, Role


@dataclass(frozen=True, slots=True)
class Member:
    """One conversation of a dataset, whatever made it."""

    conversation_id: str
    messages: Sequence[Message]
    end_reason: EndReason | None = None
    """None where it is not known."""
    seed_message: str | None = None
    """None where it is not known. Conversations with the same one are alike on purpose: samples of
    one seed, or of a row that stands in the seed file several times."""

    @property
    def seed_key(self) -> str:
        """What it shares with the conversations that it may be like on purpose."""
        if self.seed_message is None:
            return f"id {self.conversation_id}"
        return f"seed {self.seed_message}"

    def texts(self, role: Role) -> Iterator[str]:
        """Gives what one side says, in order."""
        return (message.text for message in self.messages if message.role is role)
