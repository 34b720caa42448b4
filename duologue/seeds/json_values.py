"""Values of JSON as a seed file has them, and as text."""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

JSON_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a JSON file, as it is written there: `1.10` and `1e400` stay what they are."""

    text: str


def as_text(value: object) -> str:
    """Returns text as it is, numbers as they are written, lists and objects as compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_as_json, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_quoted(str(name))}:{_as_json(item)}" for name, item in value.items())
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, bool | float) or value is None:
        return json.dumps(value)
    return value.text if isinstance(value, Number) else _plain(value)


def _as_json(value: object) -> str:
    is_bare = isinstance(value, bool | int | float | list | tuple | dict | Number) or value is None
    return as_text(value) if is_bare else _quoted(_plain(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(value: object) -> str:
    # Many writers store text as bytes. Ids and digests are bytes too, most with a NUL in them.
    if not isinstance(value, bytes):
        return str(value)
    return value.hex() if b"\0" in value else value.decode("utf-8", "backslashreplace")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a key that stands twice: to keep one of its values would lose the other silently."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


HOOKS: dict[str, Any] = {
    "object_pairs_hook": _object,
    "parse_constant": _no_constant,
    "parse_float": Number,
    "parse_int": Number,
}
"""How `json.loads` reads it without losing anything."""
