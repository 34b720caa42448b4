"""JSON Lines, an object or a bare string on every line, and JSON arrays of them."""

import json
from typing import Any

from duologue.errors import UsageError
from duologue.seeds.columns import (
    known_message_columns,
    listed,
    message_column_among,
    message_note,
)
from duologue.seeds.json_values import HOOKS
from duologue.seeds.row import NUL_FAULT, Reading, Row, Source, row_of
from duologue.seeds.seed import RejectedRow
from duologue.storage.other_kinds import CONFLICT_FAULT, is_conflict
from duologue.storage.text import decoded_text, physical_lines


def read_jsonl(source: Source) -> Reading:
    """Reads a JSON Lines file. Blank lines are no rows.

    Raises:
        UsageError: no object has the message column, or the file is one JSON array.
    """
    lines = physical_lines(decoded_text(source.data, source.file))
    if is_conflict(lines):
        raise UsageError(f"{source.file}: {CONFLICT_FAULT}")
    values = [
        (number, _parsed(source.file, number, line.lstrip("\ufeff\x1e")))
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    is_array = bool(values) and "".join(lines).lstrip().startswith("[")
    if is_array or all(isinstance(value, RejectedRow) for _, value in values):
        _check_not_one_value("".join(lines), source.file)
        if values and not any(line.lstrip().startswith(("{", "[", '"')) for line in lines):
            raise UsageError(
                f"{source.file}: holds no JSON; if it is CSV, let its name end in .csv, or say "
                "--seed-format csv"
            )
    return _reading(values, "JSON objects", "every line is a JSON string, the message", source)


def read_json(source: Source) -> Reading:
    """Reads a JSON file: an array of objects or strings.

    Raises:
        UsageError: it is not such an array, or no object has the message column.
    """
    text = decoded_text(source.data, source.file)
    parsed = _parsed(source.file, 1, text)
    if isinstance(parsed, RejectedRow):
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and not isinstance(_parsed(source.file, 1, lines[0]), RejectedRow):
            raise UsageError(
                f"{source.file}: looks like JSON lines; let its name end in .jsonl, or say "
                "--seed-format jsonl"
            )
        raise UsageError(f"{source.file}: {parsed.reason}; expected an array of objects")
    if not isinstance(parsed, list):
        found = "an object" if isinstance(parsed, dict) else "a single value"
        keys = f" with the keys {listed(list(parsed))}" if isinstance(parsed, dict) else ""
        raise UsageError(
            f"{source.file}: is {found}{keys}; expected an array of objects, one a seed, as made "
            f"by: jq '.KEY' {source.file}"
        )
    values = list(enumerate(parsed, 1))
    return _reading(values, "JSON array", "every element is a string, the message", source)


def _reading(values: list[tuple[int, Any]], kind: str, strings: str, source: Source) -> Reading:
    column = _message_column([v for _, v in values if isinstance(v, dict)], source)
    rows = [_row(source.file, number, value, column) for number, value in values]
    if column is None:
        return Reading(strings, rows)
    names = {name: None for _, value in values if isinstance(value, dict) for name in value}
    return Reading(f"{kind}; {message_note(column, names)}", rows)


def _check_not_one_value(text: str, file: str) -> None:
    """Refuses one JSON value over several lines, or an array on one."""
    value = _parsed(file, 1, text)
    is_object = isinstance(value, dict) and "\n" in text.strip()
    if isinstance(value, list) or is_object:
        kind = "array" if isinstance(value, list) else "object over several lines"
        raise UsageError(
            f"{file}: is one JSON {kind}; expected one object a line, as made by: "
            f"jq -c '{'.[]' if isinstance(value, list) else '.'}' {file} (an array may also stay "
            "as it is in a file whose name ends in .json)"
        )


def _message_column(objects: list[dict[str, Any]], source: Source) -> str | None:
    """Decides once for the file, by its first object that has such a column at all."""
    if not objects:
        return None
    wanted = source.message_column
    telling = (o for o in objects if (wanted in o if wanted else known_message_columns(o)))
    return message_column_among(list(next(telling, objects[0])), wanted, source.file)


def _row(file: str, number: int, value: Any, column: str | None) -> Row | RejectedRow:
    if isinstance(value, RejectedRow):
        return value
    if not isinstance(value, dict) or column is None:
        return Row(number, value, None, {})
    try:
        return row_of(number, value, column)
    except RecursionError:  # Writing nested JSON takes a little more of the stack than reading it.
        return RejectedRow(file, number, "is nested too deeply")


def _parsed(file: str, number: int, line: str) -> Any:
    if "\0" in line:
        return RejectedRow(file, number, NUL_FAULT)
    try:
        return json.loads(line, **HOOKS)
    except json.JSONDecodeError as error:
        return RejectedRow(file, number, f"is not JSON: {error.msg} at character {error.colno}")
    except (ValueError, RecursionError) as error:
        return RejectedRow(file, number, f"cannot be read as JSON: {error}")
