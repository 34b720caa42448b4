"""Files that were damaged, or written by somebody else."""

import json
from typing import Any

from hypothesis import strategies as st

TEXT = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [
        "../../etc",
        "/etc/passwd",
        "C:\\",
        "..",
        "\0",
        "\ud800",
        "1e999",
        "python:os:system",
        "9" * 400,
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def places_in(value: Any) -> list[tuple[str | int, ...]]:
    """Lists where there is something in a JSON value, the value itself included."""
    inner = dict(enumerate(value)) if isinstance(value, list) else value
    steps = inner.items() if isinstance(inner, dict) else ()
    return [(), *((step, *place) for step, one in steps for place in places_in(one))]


def with_change(value: Any, place: tuple[str | int, ...], new: Any) -> Any:
    """A copy of a JSON value with something else in one place."""
    if not place:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = with_change(value[place[0]], place[1:], new)
    return copy


@st.composite
def changed_json(draw: st.DrawFn, original: bytes) -> bytes:
    """JSON with one to three things in it that are not as they were written."""
    value = json.loads(original)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places_in(value)))
        value = with_change(value, place, draw(JSON))
    return json.dumps(value).encode()


@st.composite
def changed_bytes(draw: st.DrawFn, original: bytes) -> bytes:
    """Bytes of which some are others, or are missing at the end."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 8))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.just(len(data)) | st.integers(0, len(data)))])


def changed(original: bytes) -> st.SearchStrategy[bytes]:
    """Bytes of any kind in a JSON file's place."""
    return changed_json(original) | changed_bytes(original) | st.binary(max_size=30)
