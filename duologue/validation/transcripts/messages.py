"""From a list of messages, as any library writes them, to what both sides said to each other."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from duologue.conversation.content import is_content, split_content
from duologue.conversation.messages import Message, Role
from duologue.conversation.role_names import is_silent, is_tool
from duologue.seeds.columns import listed
from duologue.validation.transcripts.content import SILENT_KIND, TOOL_KIND, Content
from duologue.validation.transcripts.names import TranscriptNames, kind_of
from duologue.validation.transcripts.notation import parsed
from duologue.validation.transcripts.speakers import content_fields, role_name, unwrapped

CALL_FIELDS = (
    "tool_calls",
    "function_call",
    "toolInvocations",
    "tool_invocations",
    "toolCalls",
    "functionCall",
)
_EVENT = re.compile(
    r"event|update|typing|trace|join|left|leave|session|action|slot|assign|snooze|status|deliver"
    r"|participant|transfer|undo|restart|followup|reminder|rewind|note|closed?$|open(ed)?$"
)
_EVENT_FIELDS = ("type", "Type", "event", "part_type", "subtype")
_PARTS_AS_TEXT = re.compile(r"\s*\[\s*\{\s*['\"](?:type|text)['\"]\s*:")
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
_PLAIN_FIELDS = frozenset(
    ("role", "text", "content", "execution_id", "latency_ms", "attempts", "usage")
)
"""Those of OpenAI's and Duologue's messages, except for tools."""
_BESIDE_THE_ANSWER = frozenset({"analysis", "commentary"})
"""Channels of gpt-oss, where the model thinks and calls tools."""


def read_messages(
    items: Sequence[Any], names: TranscriptNames
) -> tuple[tuple[Message, ...], tuple[int, ...]]:
    """Reads what the two sides said to each other, and where it is among the items.

    Raises:
        ValueError: a message has a shape that is not known; says which and what is there.
    """
    said: list[Message] = []
    positions: list[int] = []
    between_tools = False
    for position, value in _in_order(items):
        role, text, kept, tools = _plain(value, names) or _any(value, position, names)
        if role is None:
            between_tools |= tools
            continue
        continues = between_tools and said and said[-1].role is role
        if continues and text:
            said[-1] = Message(role=role, text=f"{said[-1].text}\n\n{text}")
        elif text.strip() or not tools:
            said.append(Message(role=role, text=text, content=kept))
            positions.append(position)
        between_tools = tools
    return tuple(said), tuple(positions)


_Read = tuple[Role | None, str, str | None, bool]
"""Whose message it is, its text, its content if that is more, and whether a tool has part in it."""


def _plain(value: Any, names: TranscriptNames) -> _Read | None:
    """Reads a message that is just a role and a text, as most are; `_any` reads it the same.

    Returns:
        None for any other message, and for one that is an error.
    """
    if type(value) is not dict or not value.keys() <= _PLAIN_FIELDS:
        return None
    name, content = value.get("role"), value.get("content")
    text = value.get("text", content)
    if type(name) is not str or type(text) is not str or (content is not None and "text" in value):
        return None
    role = names.role(name) if name else None
    if role is None or not text.strip() or _PARTS_AS_TEXT.match(text) or _has_half_a_pair(text):
        return None
    return role, text, None, False


def _any(value: Any, position: int, names: TranscriptNames) -> _Read:
    if not isinstance(value, Mapping):
        raise ValueError(f"message {position} is {kind_of(value)}; expected an object")
    item = unwrapped(value)
    role = _role(item, position, names)
    if role is None:
        return None, "", None, _is_of_a_tool(item)
    content = _content(item, position)
    text, kept = _of_vellum(item) or (content.text, None)
    return role, text, kept, content.has_tools or _calls_tools(item)


def _of_vellum(item: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """Splits a message of Vellum's into text and other content; None if it is another's."""
    content = item.get("content")
    if not is_content(content) or item.get("text") not in (None, ""):
        return None
    try:
        return split_content(None, content)
    except (TypeError, KeyError, AttributeError):
        return None


def _in_order(items: Sequence[Any]) -> list[tuple[int, Any]]:
    """Returns messages with their positions; the first said comes first.

    OpenAI's API lists the messages of a thread from the newest. A message may be JSON text.
    """
    numbered = [(position, _parsed(item)) for position, item in enumerate(items)]
    times = [item.get("created_at") for _, item in numbered if isinstance(item, Mapping)]
    numbers = [time for time in times if isinstance(time, int | float)]
    is_newest_first = len(numbers) == len(items) > 1 and all(
        before > after for before, after in pairwise(numbers)
    )
    return numbered[::-1] if is_newest_first else numbered


def _parsed(item: Any) -> Any:
    if not isinstance(item, str) or not item.lstrip().startswith("{"):
        return item
    try:
        return json.loads(item)
    except (ValueError, RecursionError):
        return item


def _role(item: Mapping[str, Any], position: int, names: TranscriptNames) -> Role | None:
    """Returns whose message it is; None where neither side hears it."""
    name = role_name(item)
    if name is not None and (role := names.role(name)) is not None:
        return None if _is_hidden(item) or _is_event(item) else role
    if (name is not None and (is_silent(name) or is_tool(name))) or _is_event(item):
        return None
    if name is None and (TOOL_KIND.search(_type(item)) or SILENT_KIND.search(_type(item))):
        return None
    if name is None:
        raise ValueError(
            f"message {position} does not say whose it is; its fields are "
            f"{listed([str(field) for field in item])}"
        )
    raise ValueError(
        f"message {position} has the role {name[:40]!r}; expected user or assistant, or say whose "
        "it is with --user-role or --assistant-role"
    )


def _is_hidden(item: Mapping[str, Any]) -> bool:
    metadata = item.get("metadata")
    return (
        item.get("channel") in _BESIDE_THE_ANSWER
        or item.get("recipient") not in (None, "", "all", "user", "assistant")
        or item.get("thought") is True
        or item.get("isThought") is True
        or (
            isinstance(metadata, Mapping)
            and bool(metadata.get("is_visually_hidden_from_conversation"))
        )
    )


def _is_event(item: Mapping[str, Any]) -> bool:
    """Checks for what chat systems log between messages: who joined, typed, was assigned."""
    kinds = [item[field] for field in _EVENT_FIELDS if field in item]
    if not any(isinstance(kind, str) and _EVENT.search(kind.lower()) for kind in kinds):
        return False
    return not (any(item[field] for field in content_fields(item)) or _calls_tools(item))


def _is_of_a_tool(item: Mapping[str, Any]) -> bool:
    name = role_name(item)
    if name is not None and is_tool(name):
        return True
    return bool(TOOL_KIND.search(_type(item))) or _is_hidden(item) or _calls_tools(item)


def _type(item: Mapping[str, Any]) -> str:
    return str(item.get("type") or "").lower()


def _calls_tools(item: Mapping[str, Any]) -> bool:
    further = item.get("additional_kwargs")
    inside = further if isinstance(further, Mapping) else {}
    return any(item.get(field) or inside.get(field) for field in CALL_FIELDS)


def _content(item: Mapping[str, Any], position: int) -> Content:
    """Reads the first of the fields for content that has any."""
    given = content_fields(item)
    if not given and not _calls_tools(item):
        raise ValueError(
            f"message {position} has no content; its fields are "
            f"{listed([str(field) for field in item])}"
        )
    found = Content()
    for field in given:
        value = item[field]
        if field == "audio" and isinstance(value, Mapping):
            value = {"type": "audio", **value}
        try:
            content = Content().add(_parts(value))
        except ValueError as error:
            raise ValueError(f"message {position} {error}") from None
        content.has_tools |= found.has_tools
        found = content
        if not content.is_empty:
            break
    if _has_half_a_pair(found.text):
        raise ValueError(f"message {position} holds half a surrogate pair, which is no character")
    return found


def _parts(value: Any) -> Any:
    """Returns content as it is, except that parts written as text become parts again.

    Raises:
        ValueError: they cannot be read.
    """
    if not isinstance(value, str) or not _PARTS_AS_TEXT.match(value):
        return value
    try:
        return parsed(value)
    except ValueError as error:
        raise ValueError(f"has parts of content written as text, which {error}") from None


def _has_half_a_pair(text: str) -> bool:
    return not text.isascii() and _HALF_A_PAIR.search(text) is not None
