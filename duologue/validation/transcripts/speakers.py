"""Who a message is from, and where its content is, whatever a product calls them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from duologue.conversation.role_names import is_silent, is_tool
from duologue.validation.transcripts.content import in_lower_case
from duologue.validation.transcripts.flattened import unflattened
from duologue.validation.transcripts.names import ALL_RECOGNISED, TranscriptNames

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
    "parsed",
)

# Names without capitals and underscores, for fields that are not among those above.
_ROLE_FIELD = re.compile(
    r".*(?:role|purpose|direction|speaker|sender)"
    r"|.*(?:author|sender|actor|user|participant|speaker|from)(?:type|kind|id|name)?"
    r"|kind|event|origin|sentby"
)
_OF_THE_USER = frozenset(
    {
        *("isuser", "fromuser", "ishuman", "iscreatedbyuser", "iscustomer", "fromcustomer"),
        *("incoming", "isincoming", "inbound", "isinbound"),
    }
)
_OF_THE_CHATBOT = frozenset(
    {
        *("isbot", "frombot", "isagent", "fromagent", "isassistant", "fromassistant"),
        *("outgoing", "isoutgoing", "outbound", "isoutbound"),
    }
)
_FURTHER_CONTENT = (
    *("text", "content", "body", "bodytext", "textbody", "plaintext", "messagetext"),
    *("messagebody", "messagecontent", "messageparts", "payload", "blocks", "transcript"),
    *("utterance", "mes", "inputtext", "convertedvalue", "originalvalue"),
)


def unwrapped(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a message without what LangChain, ChatGPT's export and the like put around it."""
    if "Role" in item:  # .NET writes names with capitals
        item = in_lower_case(item)
    if "message.role" in item:  # OpenInference
        item = unflattened(item)
    kwargs, data, message = item.get("kwargs"), item.get("data"), item.get("message")
    if isinstance(kwargs, Mapping) and isinstance(item.get("id"), list):
        return {**kwargs, "role": str(item["id"][-1:] and item["id"][-1])}
    if (
        isinstance(data, Mapping)
        and not _has_content(item)
        and _has_content(data)
        and role_name(item) is not None
    ):
        return {**data, "role": role_name(item)}
    if isinstance(message, Mapping) and role_name(item) is None and role_name(message):
        return message
    if "parts" in item and item.get("kind") in ("request", "response"):  # Pydantic AI
        return {**item, "role": "user" if item["kind"] == "request" else "assistant"}
    return item


def role_name(item: Mapping[str, Any]) -> str | None:
    """Returns who a message says it is from, as it says it; None where it does not say.

    A name that is known goes before one that is not, such as a telephone number.
    """
    if isinstance(role := item.get("role"), str) and role:
        return role
    unknown = None
    for name in _names_given(item):
        if _is_known(name):
            return name
        unknown = unknown or name
    if unknown is None or _has_content(item):
        return _in_other_fields(item) or unknown
    return unknown


def _names_given(item: Mapping[str, Any]) -> Iterator[str]:
    content = item.get("content")
    if isinstance(content, Mapping) and isinstance(content.get("role"), str):
        yield str(content["role"])
    for field in ROLE_FIELDS:
        value = item.get(field)
        name = _of_object(value) if isinstance(value, Mapping) else value
        if isinstance(name, int) and not isinstance(name, bool):
            name = str(name)
        if isinstance(name, str) and name:
            # In corpora of dialogues the two speakers are the user and the system.
            yield "assistant" if field == "speaker" and name.lower() == "system" else name
    kind = item.get("type")
    # LangChain's messages say in their type who speaks.
    if isinstance(kind, str) and _is_known(kind):
        yield kind


def _of_object(value: Mapping[str, Any]) -> str | None:
    inside = [value.get(name) for name in ("role", "label", "Label", "type", "name")]
    return _flagged(value) or next((name for name in inside if isinstance(name, str)), None)


def _in_other_fields(item: Mapping[str, Any]) -> str | None:
    """Returns a known name from a field that has to do with who speaks, where there is content."""
    if flagged := _flagged(item):
        return flagged
    if not _has_content(item):
        return None
    values = (value for field, value in item.items() if _ROLE_FIELD.fullmatch(_plain(field)))
    names = (value for value in values if isinstance(value, str))
    return next((name for name in names if ALL_RECOGNISED.role(name)), None)


def _flagged(item: Mapping[str, Any]) -> str | None:
    """Returns the side that a field such as `is_bot` says; None where there is no such field."""
    for field, value in item.items():
        if isinstance(value, bool):
            if (plain := _plain(field)) in _OF_THE_USER:
                return "user" if value else "assistant"
            if plain in _OF_THE_CHATBOT:
                return "assistant" if value else "user"
    return None


def content_fields(item: Mapping[str, Any]) -> list[str]:
    """Returns the fields that may hold what was said, by precedence."""
    if known := [field for field in CONTENT_FIELDS if field in item]:
        return known
    plain = {_plain(field): field for field in item}
    return [plain[name] for name in _FURTHER_CONTENT if name in plain]


def _has_content(item: Mapping[str, Any]) -> bool:
    return bool(content_fields(item))


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
    return role_name(item) is not None and _has_content(item)


def _is_message(item: Mapping[str, Any], names: TranscriptNames) -> bool:
    name = role_name(item)
    if name is None:
        return False
    is_known = names.role(name) is not None or _is_known(name)
    return is_known or ("role" in item and _has_content(item))


def _is_known(name: str) -> bool:
    return ALL_RECOGNISED.role(name) is not None or is_tool(name) or is_silent(name)


def _plain(name: Any) -> str:
    return str(name).lower().replace("_", "").replace("-", "").replace(" ", "")
