"""JSON Lines: an object or a bare string on every line."""

import json
from typing import Any, NoReturn

from duologue.errors import UsageError
from duologue.seeds.columns import known_message_columns, message_column_among, message_note
from duologue.seeds.row import NUL_FAULT, Reading, Row, Source, row_of
from duologue.seeds.seed import RejectedRow
from duologue.storage.text import decoded_text, physical_lines


def read_jsonl(source: Source) -> Reading:
    """Reads a JSON Lines file. Blank lines are no rows.

    Raises:
        UsageError: no object has the message column, or the file is one JSON array.
    """
    text = decoded_text(source.data, source.file)
    values = [
        (number, _parsed(source.file, number, line))
        for number, line in enumerate(physical_lines(text), 1)
        if line.strip()
    ]
    if _is_one_array(text):
        raise UsageError(
            f"{source.file}: is one JSON array; expected one object a line, "
            f"as made by: jq -c '.[]' {source.file}"
        )
    column = _message_column([v for _, v in values if isinstance(v, dict)], source)
    rows = [_row(source.file, number, value, column) for number, value in values]
    if column is None:
        return Reading("every line is a JSON string, the message", rows)
    names = {name: None for _, value in values if isinstance(value, dict) for name in value}
    return Reading(f"JSON objects; {message_note(column, names)}", rows)


def _is_one_array(text: str) -> bool:
    if not text.lstrip().startswith("["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


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
        return json.loads(line, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return RejectedRow(file, number, f"is not JSON: {error.msg} at character {error.colno}")
    except (ValueError, RecursionError) as error:
        return RejectedRow(file, number, f"cannot be read as JSON: {error}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a key that stands twice: to keep one of its values would lose the other silently."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
