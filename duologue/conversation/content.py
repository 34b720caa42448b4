"""What a message holds besides text: images, documents, function calls, in Vellum's format.

Vellum's `content` is `{"type": "STRING" | "ARRAY" | "IMAGE" | …, "value": …}`. Content that is only
text becomes the message's text; anything else is kept as it is, as JSON.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duologue.conversation.messages import Message

_FILES = {"IMAGE": "image", "DOCUMENT": "document", "AUDIO": "audio", "VIDEO": "video"}
_KINDS = {*_FILES, "STRING", "ARRAY", "FUNCTION_CALL"}
_MOST_SHOWN = 200


def is_content(value: object) -> bool:
    """Checks whether a value is Vellum's `content` of a message."""
    return isinstance(value, Mapping) and value.get("type") in _KINDS and "value" in value


def split_content(text: str | None, content: object) -> tuple[str, str | None]:
    """Splits a message of Vellum into its text, and its content if that is more than text.

    Args:
        text: the message's `text`; may be null if there is content.
        content: the message's `content`, as JSON has it; None if there is none.

    Returns:
        The text, which may be empty, and the whole content as JSON, or None.
    """
    parts = list(_parts(content))
    if text is None:
        text = "\n".join(str(part["value"]) for part in parts if part["type"] == "STRING")
    if all(part["type"] == "STRING" for part in parts):
        return text, None
    return text, json.dumps(_without_nulls(content), ensure_ascii=False, separators=(",", ":"))


def shown_content(content: str | None) -> list[str]:
    """Describes the parts that are not text, a line each, as in `[image: https://…]`."""
    if content is None:
        return []
    return [_shown(part) for part in _parts(json.loads(content)) if part["type"] != "STRING"]


def shown_text(message: "Message") -> str:
    """Returns a message as text: other content is described, as in `[image: https://…]`."""
    return "\n".join(filter(None, [message.text, *shown_content(message.content)]))


def _parts(content: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(content, Mapping):
        return
    if content.get("type") == "ARRAY" and isinstance(items := content.get("value"), list):
        for item in items:
            yield from _parts(item)
    elif is_content(content) and content["value"] is not None:
        yield content


def _without_nulls(content: Any) -> Any:
    """Drops optional fields that are null; what is null in a function's arguments stays."""
    value = content["value"]
    if content["type"] == "ARRAY":
        return {**content, "value": list(map(_without_nulls, value))}
    if isinstance(value, Mapping):
        value = {name: item for name, item in value.items() if item is not None}
    return {"type": content["type"], "value": value}


def _shown(part: Mapping[str, Any]) -> str:
    value = part["value"] if isinstance(part["value"], Mapping) else {}
    if part["type"] == "FUNCTION_CALL":
        arguments = json.dumps(value.get("arguments", {}), ensure_ascii=False)
        return f"[function call: {value.get('name', '')} {_cut(arguments)}]"
    source = str(value.get("src", ""))
    # A data URL holds the whole file.
    kind = source.partition(",")[0] if source.startswith("data:") else _cut(source)
    return f"[{_FILES[part['type']]}: {kind}]"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
