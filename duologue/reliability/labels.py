"""Reading labels: what people decided about the conversations of any file."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duologue.errors import UsageError
from duologue.reliability.reviewed import Opinion, Reported, Reviewed
from duologue.storage.fetching import stored_bytes
from duologue.storage.locations import without_credentials
from duologue.storage.text import decoded_text

BROKEN = ("broken", "invalid", "bad", "true", "yes", "1")
SOUND = ("sound", "valid", "good", "false", "no", "0")

_EXPECTED = (
    "expected JSONL or CSV with `id` and `broken` (true or false) or `label` (broken or sound), "
    "and optionally `kinds`, `message_index`, `reviewer` and `weight`"
)


@dataclass(frozen=True, slots=True)
class Label:
    """What one person decided about one conversation of a file."""

    id: str
    opinion: Opinion
    weight: float
    """The number of conversations that it stands for; 1 if all are labelled."""


def read_labels(path: str) -> list[Label]:
    """Reads labels, in the file's order.

    Args:
        path: a local path or a URL: JSONL, a JSON array, or CSV with a header.

    Raises:
        UsageError: the file cannot be read, or a row is not a label; names its place.
    """
    file = without_credentials(path)
    labels = []
    taken = set()
    for place, row in _rows(decoded_text(stored_bytes(path), file), file):
        label = _label(place, row)
        key = (label.id, label.opinion.reviewer)
        if key in taken:
            raise UsageError(
                f"{place}: {label.opinion.reviewer} has labelled {label.id!r} before; expected one "
                "label for each conversation and reviewer"
            )
        taken.add(key)
        labels.append(label)
    if not labels:
        raise UsageError(f"{file}: holds no label; {_EXPECTED}")
    return labels


def _rows(text: str, file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields each row with its place."""
    start = text.lstrip()[:1]
    if start == "[":
        values = [(f"{file}: element {n}", item) for n, item in enumerate(_json(file, text))]
    elif start == "{":
        lines = enumerate(text.split("\n"), 1)
        places = ((f"{file}:{number}", line) for number, line in lines if line.strip())
        values = [(place, _json(place, line)) for place, line in places]
    else:
        yield from _table_rows(text, file)
        return
    for place, value in values:
        if not isinstance(value, Mapping):
            raise UsageError(f"{place}: is not an object; {_EXPECTED}")
        yield place, value


def _json(place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{place}: is not JSON ({error}); {_EXPECTED}") from error


def _table_rows(text: str, file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    header = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(keepends=True), delimiter=_delimiter(header))
    for row in reader:
        # Cells beyond the header have no name, and missing ones are None.
        named = {name.strip(): cell for name, cell in row.items() if name and cell}
        yield f"{file}:{reader.line_num}", named


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _label(place: str, row: Mapping[str, Any]) -> Label:
    id = row.get("id", row.get("conversation_id"))
    if id is None:
        raise UsageError(f"{place}: has no `id`; {_EXPECTED}")
    return Label(
        id=str(id),
        opinion=Opinion(
            reviewer=str(row.get("reviewer") or "labels"),
            broken=_is_broken(place, row),
            kinds=_kinds(row.get("kinds")),
            message_index=_message_index(place, row),
        ),
        weight=_weight(place, row.get("weight")),
    )


def _is_broken(place: str, row: Mapping[str, Any]) -> bool:
    value = row.get("broken", row.get("label"))
    word = str(value).strip().lower()
    if value is None or word not in (*BROKEN, *SOUND):
        raise UsageError(
            f"{place}: `broken` or `label` is {value!r}; expected one of {', '.join(BROKEN)}, or "
            f"one of {', '.join(SOUND)}"
        )
    return word in BROKEN


def _kinds(value: Any) -> tuple[str, ...]:
    """Returns kinds from a list, or from a cell with commas, semicolons or bars between them."""
    if isinstance(value, list):
        return tuple(map(str, value))
    parts = str(value or "").replace(";", ",").replace("|", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _message_index(place: str, row: Mapping[str, Any]) -> int | None:
    """Returns the first message that a label names."""
    value = row.get("message_index", row.get("message_indices"))
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"{place}: message {value!r}: expected the index of a message, from 0"
        ) from None


def _weight(place: str, value: Any) -> float:
    try:
        weight = 1.0 if value in (None, "") else float(value)
    except (TypeError, ValueError):
        weight = 0.0
    if not 0 < weight < float("inf"):
        raise UsageError(
            f"{place}: weight {value!r}: expected a positive number, the inverse of the "
            "conversation's inclusion probability; leave it out where all are labelled"
        )
    return weight


def labelled(labels: Sequence[Label], found: Mapping[str, Reported], file: str) -> list[Reviewed]:
    """Joins labels with what rules and judges report.

    Args:
        labels: of some or all conversations.
        found: what they report, by the conversation's id.
        file: where the conversations are, for errors.

    Raises:
        UsageError: a label names no conversation of the file, or two labels of one conversation
            have different weights.
    """
    by_id: dict[str, list[Label]] = {}
    for label in labels:
        by_id.setdefault(label.id, []).append(label)
    if unknown := sorted(by_id.keys() - found.keys()):
        raise UsageError(
            f"label of {unknown[0]!r}: no conversation of {without_credentials(file)} has this id"
            f"{f' ({len(unknown)} labels like it)' if len(unknown) > 1 else ''}; expected the ids "
            "that `duologue check --format json` prints"
        )
    return [_reviewed(id, of, found[id]) for id, of in by_id.items()]


def _reviewed(id: str, labels: Sequence[Label], found: Reported) -> Reviewed:
    weights = {label.weight for label in labels}
    if len(weights) > 1:
        raise UsageError(
            f"labels of {id!r}: have the weights {', '.join(map(str, sorted(weights)))}; expected "
            "one weight for each conversation"
        )
    weight = labels[0].weight
    opinions = tuple(label.opinion for label in labels)
    return Reviewed(id, f"weight {weight:g}", weight, opinions, found.signals, found.judged)
