"""From a list of messages, as any library writes them, to what both sides said to each other."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from duologue.conversation.content import is_content, split_content
from duologue.conversation.messages import Message, Role
from duologue.conversation.role_names import is_silent, is_tool
from duologue.seeds.columns import listed
from duologue.validation.transcripts.content import SILENT_KIND, TOOL_KIND, Content, in_lower_case
from duologue.validation.transcripts.names import ALL_RECOGNISED, TranscriptNames, kind_of

ROLE_FIELDS = (
    "role",
    "from",
    "author",
    "speaker",
    "sender",
    "author_role",
    "sender_type",
    "sender_role",
    "participant",
    "user_type",
    "source",
)
CONTENT_FIELDS = (
    "text",
    "content",
    "parts",
    "value",
    "message",
    "body",
    "utterance",
    "msg",
    "refusal",
    "audio",
    "response",
    "items",
)
CALL_FIELDS = (
    "tool_calls",
    "function_call",
    "toolInvocations",
    "tool_invocations",
    "toolCalls",
    "functionCall",
)
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
        if not isinstance(value, Mapping):
            raise ValueError(f"message {position} is {kind_of(value)}; expected an object")
        item = unwrapped(value)
        role = _role(item, position, names)
        if role is None:
            between_tools |= _is_of_a_tool(item)
            continue
        content = _content(item, position)
        calls_tools = content.has_tools or _calls_tools(item)
        text, kept = _of_vellum(item) or (content.text, None)
        continues = between_tools and said and said[-1].role is role
        if continues and text:
            said[-1] = Message(role=role, text=f"{said[-1].text}\n\n{text}")
        elif text.strip() or not calls_tools:
            said.append(Message(role=role, text=text, content=kept))
            positions.append(position)
        between_tools = calls_tools
    return tuple(said), tuple(positions)


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


def unwrapped(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a message without what LangChain, ChatGPT's export and the like put around it."""
    if "Role" in item:  # .NET writes names with capitals
        item = in_lower_case(item)
    kwargs, data, message = item.get("kwargs"), item.get("data"), item.get("message")
    if isinstance(kwargs, Mapping) and isinstance(item.get("id"), list):
        return {**kwargs, "role": str(item["id"][-1:] and item["id"][-1])}
    if isinstance(data, Mapping) and role_name(item) is not None and "content" not in item:
        return {**data, "role": role_name(item)}
    if isinstance(message, Mapping) and role_name(item) is None and role_name(message):
        return message
    return item


def role_name(item: Mapping[str, Any]) -> str | None:
    """Returns who a message says it is from, as it says it; None where it does not say."""
    content = item.get("content")
    if isinstance(content, Mapping) and isinstance(content.get("role"), str):
        return str(content["role"])
    for field in ROLE_FIELDS:
        value = item.get(field)
        if isinstance(value, Mapping):
            inside = (value.get(name) for name in ("role", "label", "Label", "type", "name"))
            value = next((v for v in inside if isinstance(v, str)), None)
        if isinstance(value, str) and value:
            # In corpora of dialogues the two speakers are the user and the system.
            return "assistant" if field == "speaker" and value.lower() == "system" else value
    for field in ("is_user", "isUser", "from_user", "is_human"):
        if isinstance(item.get(field), bool):
            return "user" if item[field] else "assistant"
    kind = item.get("type")
    # LangChain's messages say in their type who speaks.
    if isinstance(kind, str) and (is_tool(kind) or is_silent(kind) or ALL_RECOGNISED.role(kind)):
        return kind
    return None


def looks_like_messages(value: Any, names: TranscriptNames) -> bool:
    """Checks whether a value is a list of messages."""
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        return False
    return any(_is_message(unwrapped(item), names) for item in value[:10])


def is_one_message(value: Any) -> bool:
    """Checks whether a value is a message on its own."""
    if not isinstance(value, Mapping):
        return False
    item = unwrapped(value)
    return role_name(item) is not None and any(field in item for field in CONTENT_FIELDS)


def _is_message(item: Mapping[str, Any], names: TranscriptNames) -> bool:
    name = role_name(item)
    if name is None:
        return False
    is_known = names.role(name) is not None or is_tool(name) or is_silent(name)
    return is_known or ("role" in item and any(field in item for field in CONTENT_FIELDS))


def _role(item: Mapping[str, Any], position: int, names: TranscriptNames) -> Role | None:
    """Returns whose message it is; None where neither side hears it."""
    name = role_name(item)
    if name is not None and (role := names.role(name)) is not None:
        return None if _is_hidden(item) else role
    if name is not None and (is_silent(name) or is_tool(name)):
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
        or bool(item.get("thought") is True)
        or (
            isinstance(metadata, Mapping)
            and bool(metadata.get("is_visually_hidden_from_conversation"))
        )
    )


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
    given = [field for field in CONTENT_FIELDS if field in item]
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
            content = Content().add(value)
        except ValueError as error:
            raise ValueError(f"message {position} {error}") from None
        content.has_tools |= found.has_tools
        found = content
        if not content.is_empty:
            break
    if any("\ud800" <= character <= "\udfff" for character in _non_ascii(found.text)):
        raise ValueError(f"message {position} holds half a surrogate pair, which is no character")
    return found


def _non_ascii(text: str) -> str:
    return "" if text.isascii() else text
