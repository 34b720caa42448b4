"""Traces whose fields have paths for names: `llm.input_messages.0.message.role`."""

from collections.abc import Mapping
from typing import Any

MOST_FIELDS = 10_000


def unflattened(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns fields nested as the dots in their names say; as they are where none has dots.

    A path that leads through a value that is no object is left out.
    """
    if len(fields) > MOST_FIELDS or not any("." in str(name) for name in fields):
        return fields
    tree: dict[str, Any] = {}
    for name, value in fields.items():
        *way, last = str(name).split(".")
        place = tree
        for step in way:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[last] = value
    return {name: _with_lists(value) for name, value in tree.items()}


def _with_lists(value: Any) -> Any:
    """Turns objects whose names are numbers into lists."""
    if not isinstance(value, dict):
        return value
    inside = {name: _with_lists(inner) for name, inner in value.items()}
    if inside and all(name.isdecimal() for name in inside):
        return [inside[name] for name in sorted(inside, key=int)]
    return inside
