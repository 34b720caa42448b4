"""A conversation as the dataset rules see it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from duologue.conversation.messages import EndReason, Message, Role


@dataclass(frozen=True, slots=True)
class DatasetConversation:
    """One conversation of a dataset, from Duologue or elsewhere."""

    conversation_id: str
    messages: Sequence[Message]
    end_reason: EndReason | None = None
    """None if unknown."""
    seed_message: str | None = None
    """None if unknown. Conversations with the same seed message are alike on purpose: they are
    samples of one seed, or of a row that is in the seed file several times."""

    @property
    def seed_key(self) -> str:
        """A key that is equal for conversations that may be alike on purpose."""
        if self.seed_message is None:
            return f"id {self.conversation_id}"
        return f"seed {self.seed_message}"

    def texts(self, role: Role) -> Iterator[str]:
        """Returns the texts of one side, in order."""
        return (message.text for message in self.messages if message.role is role)
