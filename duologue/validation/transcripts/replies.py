"""One call of a chatbot, as logs have it: what it was sent in one field, its reply in another."""

from collections.abc import Mapping
from typing import Any

from duologue.conversation.messages import Role
from duologue.conversation.role_names import role_named
from duologue.validation.transcripts.labelled import labelled_messages
from duologue.validation.transcripts.names import ALL_RECOGNISED, UnclearConversationError
from duologue.validation.transcripts.notation import parsed
from duologue.validation.transcripts.speakers import (
    is_one_message,
    looks_like_messages,
    role_name,
    unwrapped,
)

REPLY_FIELDS = (
    *("response", "completion", "output", "outputs", "reply", "answer", "response_body"),
    *("output_message", "output_messages", "model_response", "generated_text", "sampled", "ideal"),
)
EXCHANGES = (
    *(("prompt", "completion"), ("prompt", "response"), ("input", "output")),
    *(("inputs", "outputs"), ("question", "answer"), ("query", "answer"), ("query", "response")),
    *(("instruction", "output"), ("instruction", "response"), ("message", "response")),
)
"""Fields that hold a user's message and the reply as texts."""
SESSION_FIELDS = ("conversation_id", "session_id", "sessionId", "thread_id", "chat_id")

_AROUND_A_REPLY = (
    *("choices", "message", "generations", "candidates", "body", "response", "result", "output"),
    *("outputs", "outputBodyJson", "data", "text", "content", "answer"),
)
_PAST = frozenset(["chat_history", "history", "message_history"])
_DEEPEST = 8


def with_reply(messages: list[Any], fields: Mapping[str, Any], source: str) -> list[Any]:
    """Adds what a logged call holds around its messages: an opening, a question, the reply.

    Args:
        messages: those that were found.
        fields: of the record.
        source: the field that has the messages.

    Raises:
        UnclearConversationError: there is something like a reply, in a shape that is not known.
    """
    messages = [*_opening(fields, messages), *messages]
    if not messages or _role_of(messages[-1]) is not Role.USER:
        return [*messages, *_latest(fields, source)]
    for name in ("choices", *REPLY_FIELDS):
        value = fields.get(name)
        if name == source or not value or isinstance(value, int | float):
            continue
        reply = reply_in(fields if name == "choices" else value)
        if reply is None:
            raise UnclearConversationError(f"has a reply in {name!r} in a shape that is not known")
        return [*messages, reply]
    return messages


def has_only_a_reply(fields: Mapping[str, Any]) -> bool:
    """Checks for a reply without the messages before it, as results of batches have it."""
    values = [fields if fields.get("choices") else None, *map(fields.get, ("response", "result"))]
    return any(isinstance(value, Mapping) and reply_in(value) is not None for value in values)


def exchange(fields: Mapping[str, Any]) -> list[Any] | None:
    """Returns a message and its reply, where two fields have them as texts.

    Raises:
        ValueError: they belong to a conversation with others.
    """
    for first, second in EXCHANGES:
        asked, said = _only_text(fields.get(first)), _only_text(fields.get(second))
        if not asked or not said or (first == "instruction" and fields.get("input")):
            continue
        session = next((name for name in SESSION_FIELDS if fields.get(name)), None)
        if session is not None:
            raise ValueError(
                f"is one exchange of the conversation that {session!r} names; expected all "
                "messages of a conversation in one list, in messages or chat_history"
            )
        before = labelled_messages(asked, ALL_RECOGNISED) or _json(asked)
        if before is None:
            before = [{"role": "user", "content": asked}]
        if looks_like_messages(before, ALL_RECOGNISED):
            return [*before, reply_in(said)]
    return None


def reply_in(value: Any, depth: int = 0) -> Any | None:
    """Returns the message in what a chatbot answered; None where the shape is not known."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, str):
        return reply_in(_json(value), depth + 1) or _by_assistant(value)
    if isinstance(value, list):
        return reply_in(value[0], depth + 1) if len(value) == 1 else None
    if not isinstance(value, Mapping):
        return None
    if is_one_message(value):
        return value
    inside = (value.get(name) for name in _AROUND_A_REPLY)
    return next((found for v in inside if v and (found := reply_in(v, depth + 1))), None)


def _opening(fields: Mapping[str, Any], messages: list[Any]) -> list[Any]:
    """Returns the first message, where help desks keep it apart from those that follow."""
    source, text = fields.get("source"), fields.get("description_text")
    if is_one_message(source):
        return [source]
    is_ticket = isinstance(text, str) and "conversations" in fields
    return [{"role": "user", "content": text}] if is_ticket and messages else []


def _latest(fields: Mapping[str, Any], source: str) -> list[Any]:
    """Returns the exchange that follows a history, as Cohere's API has it."""
    asked, said = fields.get("message"), fields.get("text") or fields.get("response")
    if source not in _PAST or not (isinstance(asked, str) and isinstance(said, str)):
        return []
    return [{"role": "user", "content": asked}, _by_assistant(said)]


def _role_of(message: Any) -> Role | None:
    if not isinstance(message, Mapping):
        return None
    return role_named(str(role_name(unwrapped(message))))


def _only_text(value: Any) -> str | None:
    """Returns a text, also one that is alone in an object."""
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value.values()))
    return value if isinstance(value, str) and value.strip() else None


def _json(text: str) -> Any | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return parsed(text)
    except ValueError:
        return None


def _by_assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}
