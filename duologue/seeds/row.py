"""A row on its way from a file to a seed, in every format alike."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import unwritable_reason
from duologue.seeds.columns import SEED_ID_COLUMN, normalised
from duologue.seeds.json_values import JSON_NAMES, as_text
from duologue.seeds.scenario import fault_of_scenario
from duologue.seeds.seed import MOST_ID_CHARACTERS, RejectedRow

NUL_FAULT = "holds a NUL character, which no dataset format can carry; take it out"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read, not yet checked."""

    line: int
    message: object
    """None where the row has none."""
    seed_id: str | None
    """None where the row has none."""
    context: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a whole file, in its order, and one sentence on what was taken for what."""

    columns_note: str
    rows: list[Row | RejectedRow]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: its bytes, its name for messages, and what the caller says about it."""

    file: str
    data: bytes
    """Unpacked, where the file is compressed."""
    message_column: str | None = None
    """None: inferred from the columns' names."""
    has_header: bool | None = None
    """None: inferred from the first row. Only tables (CSV, Excel) care."""
    delimiter: str | None = None
    """None: inferred from the rows. Only delimited text cares."""


def row_of(line: int, values: Mapping[str, object], message_column: str) -> Row:
    """Sorts a row's values into message, id and context; None means that a value is missing."""
    seed_id: str | None = None
    context: dict[str, str] = {}
    for name, value in values.items():
        if name == message_column or value is None:
            continue
        if seed_id is None and normalised(name) == SEED_ID_COLUMN:
            seed_id = as_text(value)
        else:
            context[name] = as_text(value)
    return Row(line, values.get(message_column), seed_id, context)


def fault_of(row: Row) -> str | None:
    """Returns why a row cannot be a seed, without its text; None if it can."""
    if row.message is None:
        return "message is missing; every row needs a first user message"
    if not isinstance(row.message, str):
        kind = JSON_NAMES.get(type(row.message), "a number")
        return f"message is {kind}; expected text"
    if is_empty(row.message):
        return "message is empty; every row needs a first user message"
    for text in (row.message, *row.context, *row.context.values()):
        if "\0" in text:
            return NUL_FAULT
        if reason := unwritable_reason(text):
            return f"holds {reason}, which is no character"
    if row.seed_id is not None and (fault := _fault_of_id(row.seed_id)):
        return fault
    return fault_of_scenario(row.context)


def _fault_of_id(seed_id: str) -> str | None:
    if is_empty(seed_id):
        return f"{SEED_ID_COLUMN} is empty; give every row one, or leave the column out"
    if len(seed_id) > MOST_ID_CHARACTERS:
        return (
            f"{SEED_ID_COLUMN} is {len(seed_id)} characters long; "
            f"at most {MOST_ID_CHARACTERS} are allowed"
        )
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in seed_id):
        return f"{SEED_ID_COLUMN} holds a control character, such as a line break; take it out"
    return None
