"""What files call their fields, and the two sides."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from duologue.conversation.messages import Role
from duologue.conversation.role_names import role_named
from duologue.seeds.columns import normalised

MESSAGE_FIELDS = (
    "messages",
    "chat_history",
    "conversations",
    "conversation",
    "contents",
    "turns",
    "dialogue",
    "dialog",
    "transcript",
    "history",
    "message_history",
    "chat",
    "chat_messages",
    "thread",
    "utterances",
    "trajectory",
    "traj",
    "items",
)
"""Fields that hold the list of messages, in order of precedence."""

ID_FIELDS = (
    "conversation_id",
    "id",
    "task_id",
    "conversation_hash",
    "session_id",
    "thread_id",
    "chat_id",
    "dialogue_id",
    "dialog_id",
    "uuid",
)
DOMAIN_FIELDS = ("domain", "cluster", "topic", "category", "intent")
"""Fields that say what a conversation is about, in order of precedence."""
OWN_FIELDS = ("seed_message", "end_reason")
"""What only Duologue's own datasets have; with them more can be checked."""


class UnclearConversationError(ValueError):
    """A record holds a conversation, but it is unclear which part of it."""


@dataclass(frozen=True, slots=True)
class TranscriptNames:
    """What someone says a file calls its parts; whatever is not said is recognised."""

    messages_field: str | None = None
    """The field or column with the list of messages."""
    user_roles: frozenset[str] = frozenset()
    assistant_roles: frozenset[str] = frozenset()

    def role(self, name: str) -> Role | None:
        """Returns whose name this is; None where it is neither side's."""
        if name in self.user_roles:
            return Role.USER
        return Role.ASSISTANT if name in self.assistant_roles else role_named(name)

    def message_fields(self, names: Iterable[str]) -> list[str]:
        """Returns those of the names that hold the messages, by precedence."""
        if self.messages_field is not None:
            return [name for name in names if name == self.messages_field]
        known = [name for name in names if normalised(name) in MESSAGE_FIELDS]
        return sorted(known, key=lambda name: MESSAGE_FIELDS.index(normalised(name)))


ALL_RECOGNISED = TranscriptNames()


def kind_of(value: Any) -> str:
    """Names what a value is, for a person."""
    if isinstance(value, bool | int | float):
        return str(value).lower()[:40]
    names = {dict: "an object", list: "a list", str: "text", type(None): "missing"}
    return names.get(type(value), type(value).__name__)
