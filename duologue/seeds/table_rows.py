"""Tables, as CSV and Excel have them: with a header or without; no row loses text silently."""

import re
from collections import Counter
from collections.abc import Sequence

from duologue.errors import UsageError
from duologue.seeds.columns import (
    UnclearColumnsError,
    check_names,
    is_short_talk,
    known_message_columns,
    listed,
    message_column_among,
    message_note,
    reads_like_prose,
    suggests_a_message,
)
from duologue.seeds.delimited import (
    DELIMITERS,
    AnyRow,
    Table,
    TableRow,
    delimiter_named,
    read_table,
    spills,
    stripped,
)
from duologue.seeds.row import Reading, Row, Source, row_of
from duologue.seeds.seed import RejectedRow
from duologue.storage.other_kinds import CONFLICT_FAULT, check_is_table, is_conflict
from duologue.storage.text import decoded_text

COLUMN_LIKE = re.compile(r"[^\W\d][\w-]{0,39}")

JSON_REMEDY = "let its name end in {}, or say --seed-format {}"
ROWS_SEARCHED_FOR_A_HEADER = 10
ROWS_COMPARED = 200
MOST_WORDS_OF_A_BARE_NAME = 3


def read_csv(source: Source, ordinary: str = ",") -> Reading:
    """Reads delimited text. Empty lines, and rows with nothing in their cells, are no rows.

    Raises:
        UsageError: it is something else than a table, it is unclear which column holds the
            message, or the header is of no use.
    """
    text = decoded_text(source.data, source.file)
    if source.has_header is None or source.delimiter is None:
        check_is_table(text, source.file, JSON_REMEDY)
    delimiter = delimiter_named(source.delimiter) if source.delimiter else None
    table = read_table(
        text,
        source.file,
        ordinary,
        delimiter,
        lambda names: (
            source.has_header is not False
            and (source.message_column in names or bool(known_message_columns(names)))
        ),
    )
    split = table.delimiter
    note = "" if split == ordinary else f", cells split by {DELIMITERS.get(split, repr(split))}"
    return reading_of(table, source, note)


def reading_of(table: Table, source: Source, note: str = "") -> Reading:
    """Finds the message in a table.

    Raises:
        UsageError: it is unclear which column holds the message, or the header is of no use.
    """
    if is_conflict([row.cells[0] for row in table.rows if isinstance(row, TableRow) and row.cells]):
        raise UsageError(f"{source.file}: {CONFLICT_FAULT}")
    if table.rows and _has_header(table, source):
        return _with_header(table, source, note)
    return _without_header(table, source, note)


def _has_header(table: Table, source: Source) -> bool:
    """Decides whether the first row names the columns; raises UsageError rather than guess."""
    if source.has_header is not None:
        return source.has_header
    if source.message_column is not None:
        return True
    names = _names(table.rows[0])
    if not names:
        return False
    known = known_message_columns(names)
    doubtful = any(reads_like_prose(name) for name in names)
    if known and not doubtful:
        return True
    _check_nothing_above(table.rows, source.file)
    first_rows = map(_names, table.first_rows.values())
    if known or any(map(_looks_like_header, first_rows)) or _may_be_header(table):
        raise UnclearColumnsError(
            f"{source.file}: its first row ({listed(names)}) may be a header or a first message; "
            "if it is a header, name the column that holds the message with --message-column "
            "NAME, and if it is a message, say --no-header; if its cells are split by something "
            "else, say --delimiter",
            names,
            first_row_may_be_message=True,
        )
    return False


def _looks_like_header(names: Sequence[str]) -> bool:
    telling = len(names) > 1 or any("_" in name for name in names)
    return telling and all(COLUMN_LIKE.fullmatch(name) for name in names)


def _may_be_header(table: Table) -> bool:
    """Checks whether the first row, of no known name, is unlike something said.

    A single cell is taken for a name if it suggests a message, or is short while the rows below are
    sentences. With several columns, only a sentence in the first is surely a message.
    """
    first, *further = table.rows[:ROWS_COMPARED]
    assert isinstance(first, TableRow)  # its names were read
    width = _width(table.rows)
    names = _names(first)
    if width == 1:
        text = table.delimiter.join(first.cells)
        # A comment above the rows, or cells split by what is no text.
        if text.startswith(("#", "//")) or any(map(_is_control, text)):
            return True
        if reads_like_prose(text):
            return False
        said = [reads_like_prose(row.cells[0]) for row in further if isinstance(row, TableRow)]
        is_short = len(text.split()) <= MOST_WORDS_OF_A_BARE_NAME and not is_short_talk(text)
        return suggests_a_message(text) or (is_short and sum(said) > len(said) * 0.6)
    return not (reads_like_prose(names[0]) or spills(first))


def _is_control(character: str) -> bool:
    return character < " " and character not in "\t\r\n"


def _check_nothing_above(rows: Sequence[AnyRow], file: str) -> None:
    """Refuses a table with lines above its header: a title, a comment."""
    for row in rows[1:ROWS_SEARCHED_FOR_A_HEADER]:
        names = _names(row)
        if not known_message_columns(names) or any(map(reads_like_prose, names)):
            continue
        above = _names(rows[0])
        differs = len(above) != len(names) or not any(above[1:])
        is_title = differs if len(names) > 1 else above[:1] != [] and not reads_like_prose(above[0])
        if is_title or above[:1] == [] or above[0].startswith("#"):
            raise UsageError(
                f"{file}: its header seems to be on line {row.line}; delete the lines above it "
                f"(or say --no-header if line {row.line} is a first message)"
            )


def _names(row: AnyRow | None) -> list[str]:
    """Returns the cells of a first row as column names; none where it could not be read."""
    if not isinstance(row, TableRow):
        return []
    names = stripped(row.cells)
    while len(names) > 1 and not names[-1]:
        names.pop()
    return names


def _with_header(table: Table, source: Source, note: str) -> Reading:
    header, *further = table.rows
    if isinstance(header, RejectedRow):
        raise UsageError(f"{header}; without its header the file cannot be read")
    names = _names(header)
    _check_no_row_names(further, len(names), source.file)
    names += [""] * (_used_width(further, len(header.cells)) - len(names))
    column = message_column_among(names, source.message_column, source.file)
    check_names(names, source.file)
    return Reading(
        f"header found{note}; {message_note(column, names)}",
        [_row(row, names, column, table.delimiter, source.file, names) for row in further],
    )


def _check_no_row_names(rows: Sequence[AnyRow], width: int, file: str) -> None:
    """Refuses what R's `write.table` makes: a number before each row, and none in the header."""
    cells = [row.cells for row in rows if isinstance(row, TableRow)]
    numbers = [str(number) for number in range(1, len(cells) + 1)]
    is_wider = len(cells) > 1 and {len(row) for row in cells} == {width + 1}
    if is_wider and [row[0] for row in cells] == numbers:
        raise UsageError(
            f"{file}: each row starts with its number, for which the header has no name; leave the "
            "numbers out (R does with row.names=FALSE)"
        )


def _used_width(rows: Sequence[AnyRow], width: int) -> int:
    """Returns how many of the header's columns hold anything: Excel adds empty ones."""
    used = 0
    for row in rows:
        if isinstance(row, TableRow) and len(row.cells) <= width:
            used = max(used, *(i + 1 for i, cell in enumerate(row.cells) if cell.strip()), used)
    return used


def _without_header(table: Table, source: Source, note: str) -> Reading:
    rows, delimiter = table.rows, table.delimiter
    width = _width(rows)
    if rows and isinstance(rows[0], RejectedRow) and source.has_header is None and width > 1:
        raise UsageError(
            f"{rows[0]}; while the first row cannot be read, it is not clear which of the {width} "
            "columns holds the message: fix it, or say --no-header if the first column does"
        )
    names = [f"column_{number}" for number in range(1, width + 1)]
    if source.message_column is not None and source.message_column not in names:
        raise UsageError(
            f"{source.file}: a file without a header has no column {source.message_column!r}; "
            f"its columns are {listed(names)}. Leave out --message-column or --no-header"
        )
    column = source.message_column or names[0]
    sorted_out = [
        RejectedRow(source.file, row.line, _spill_reason(row, width, delimiter))
        if isinstance(row, TableRow) and spills(row)
        else _row(row, names, column, delimiter, source.file)
        for row in rows
    ]
    which = "the first column" if column == names[0] else repr(column)
    others = [name for name in names if name != column]
    go = "goes" if len(others) == 1 else "go"
    further = f"; {listed(others)} {go} along as context" if others else ""
    return Reading(f"no header{note}; {which} is the message{further}", sorted_out)


def _row(
    row: AnyRow,
    names: Sequence[str],
    message_column: str,
    delimiter: str,
    file: str,
    header: Sequence[str] | None = None,
) -> Row | RejectedRow:
    if isinstance(row, RejectedRow):
        return row
    cells = row.cells
    while len(cells) > len(names) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(names):
        return RejectedRow(file, row.line, _ragged_reason(cells, len(names), delimiter))
    if header and len(cells) > 1 and header[0] in cells[0] and stripped(cells) == list(header):
        return RejectedRow(file, row.line, "repeats the header, as where files were joined")
    return row_of(row.line, dict(zip(names, cells, strict=True)), message_column)


def _width(rows: Sequence[AnyRow]) -> int:
    """Returns how many cells most rows have, without those that an unquoted comma tore apart."""
    widths = Counter(
        len(row.cells) for row in rows if isinstance(row, TableRow) and not spills(row)
    )
    return min(widths, key=lambda width: (-widths[width], width), default=1)


def _ragged_reason(cells: Sequence[str], expected: int, delimiter: str) -> str:
    found = f"found {len(cells)} cell{'s' * (len(cells) != 1)}, expected {expected}"
    if len(cells) < expected:
        return found
    name = DELIMITERS.get(delimiter, repr(delimiter))
    return f"{found}; a message that holds a {name} must be in quotes"


def _spill_reason(row: TableRow, width: int, delimiter: str) -> str:
    if len(row.cells) != width:
        return _ragged_reason(row.cells, width, delimiter)
    return (
        f"the message seems to continue after a {DELIMITERS.get(delimiter, repr(delimiter))}; a "
        "message that holds one must be in quotes (or give the file a header, if the space belongs "
        "to column 2)"
    )
