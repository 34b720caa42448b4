"""Delimited text, with a header or without, read strictly: no row loses text silently."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from duologue.errors import UsageError
from duologue.seeds.columns import (
    check_names,
    known_message_columns,
    listed,
    message_column_among,
    message_note,
    reads_like_prose,
)
from duologue.seeds.row import Reading, Row, Source, row_of
from duologue.seeds.seed import RejectedRow
from duologue.storage.text import decoded_text, physical_lines

MOST_CELL_CHARACTERS = 64 * 1024 * 1024
"""Far beyond any message, and so little that a hopeless file is not read into one cell."""

MOST_LINES_READ_AGAIN = 1_000_000
"""A second or so. Only a file whose every line leaves a quote open in a peculiar way needs more."""

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}

COLUMN_LIKE = re.compile(r"[^\W\d][\w-]{0,39}")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """The cells of one row, and the physical line that it starts on, from 1."""

    line: int
    cells: list[str]


def read_csv(source: Source, delimiters: Sequence[str] = (",", ";", "\t")) -> Reading:
    """Reads delimited text. Empty lines are no rows.

    The first delimiter is taken, unless only a later one shows a message column in the first row.

    Raises:
        UsageError: it is not clear which column holds the message, or the header is of no use.
    """
    if source.has_header is False and source.message_column is not None:
        raise UsageError(
            f"{source.file}: a file without a header has no column {source.message_column!r}; "
            "its first column is the message. Leave out --message-column or --no-header"
        )
    lines = physical_lines(decoded_text(source.data, source.file))
    first_rows = {d: next(csv_rows(lines, d, source.file), None) for d in delimiters}
    delimiter = _delimiter(first_rows, source)
    rows = list(csv_rows(lines, delimiter, source.file))
    if rows and _has_header(first_rows, delimiter, source):
        return _with_header(rows, delimiter, delimiters[0], source)
    return _without_header(rows, lines, delimiter, source)


def csv_rows(lines: Sequence[str], delimiter: str, file: str) -> Iterator[CsvRow | RejectedRow]:
    """Yields every row. After one that breaks, reading goes on at the physical line below it."""
    csv.field_size_limit(max(csv.field_size_limit(), MOST_CELL_CHARACTERS))
    start = 0
    read_again = 0
    while start < len(lines):
        rest = map(lines.__getitem__, range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        line = start  # of the row that is being read, from 0
        try:
            for cells in reader:
                if lines[line].strip(" \r\n"):
                    yield CsvRow(line + 1, cells)
                line = start + reader.line_num
            return
        except csv.Error as error:
            last_line = start + reader.line_num
            yield RejectedRow(file, line + 1, _what_broke(error, line + 1, last_line))
            read_again += last_line - line - 1
            start = line + 1
        if read_again > MOST_LINES_READ_AGAIN + 10 * len(lines):
            raise UsageError(
                f"{file}: so many quotes are opened and never closed that its rows cannot be told "
                f'apart, the latest on line {line + 1}; write a quote inside a cell twice ("")'
            )


def _what_broke(error: csv.Error, line: int, last_line: int) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened and never closed; close it, or write a quote in a cell twice"
    if "expected after" in text:
        where = "" if line == last_line else f" on line {last_line}"
        return (
            f"text follows a closing quote{where}; close the quote before the delimiter or the "
            "end of the line, and write a quote inside a quoted cell twice"
        )
    if "new-line" in text:
        return "a carriage return stands outside quotes; put the cell in quotes"
    if "field larger" in text:
        return f"a cell is longer than {MOST_CELL_CHARACTERS:,} characters"
    return f"is not proper CSV: {text}"


def _delimiter(first_rows: dict[str, CsvRow | RejectedRow | None], source: Source) -> str:
    """Tells the delimiter by what splits a message column from the first row."""
    ordinary = next(iter(first_rows))
    if source.has_header is False:
        return ordinary
    for delimiter, row in first_rows.items():
        names = _names(row)
        if source.message_column in names or known_message_columns(names):
            return delimiter
    return ordinary


def _has_header(
    first_rows: dict[str, CsvRow | RejectedRow | None], delimiter: str, source: Source
) -> bool:
    """Tells whether the first row names the columns; raises UsageError rather than guess."""
    if source.has_header is not None or source.message_column is not None:
        return source.has_header is not False
    names = _names(first_rows[delimiter])
    known = known_message_columns(names)
    doubtful = any(reads_like_prose(name) for name in names)
    if known and not doubtful:
        return True
    if known or any(_looks_like_header(_names(row)) for row in first_rows.values()):
        raise UsageError(
            f"{source.file}: its first row ({listed(names)}) may be a header or a first message; "
            "if it is a header, name the column that holds the message with --message-column "
            "NAME, and if it is a message, say --no-header"
        )
    return False


def _looks_like_header(names: Sequence[str]) -> bool:
    telling = len(names) > 1 or any("_" in name for name in names)
    return telling and all(COLUMN_LIKE.fullmatch(name) for name in names)


def _names(row: CsvRow | RejectedRow | None) -> list[str]:
    """Returns the cells of a first row as column names; none where it could not be read."""
    return [cell.strip() for cell in row.cells] if isinstance(row, CsvRow) else []


def _with_header(
    rows: Sequence[CsvRow | RejectedRow], delimiter: str, ordinary: str, source: Source
) -> Reading:
    header, *further = rows
    if isinstance(header, RejectedRow):
        raise UsageError(f"{header}; without its header the file cannot be read")
    names = _names(header)
    column = message_column_among(names, source.message_column, source.file)
    check_names(names, source.file)
    split = "" if delimiter == ordinary else f", cells split by {DELIMITER_NAMES[delimiter]}"
    return Reading(
        f"header found{split}; {message_note(column, names)}",
        [_row(row, names, column, delimiter, source.file) for row in further],
    )


def _without_header(
    rows: Sequence[CsvRow | RejectedRow], lines: Sequence[str], delimiter: str, source: Source
) -> Reading:
    width = _width(rows, lines)
    if rows and isinstance(rows[0], RejectedRow) and source.has_header is None and width > 1:
        raise UsageError(
            f"{rows[0]}; while the first row cannot be read, it is not clear which of the {width} "
            "columns holds the message: mend it, or say --no-header if the first column does"
        )
    names = ["message", *(f"column_{number}" for number in range(2, width + 1))]
    sorted_out = [
        RejectedRow(source.file, row.line, _spill_reason(row, width, delimiter))
        if isinstance(row, CsvRow) and _spills(row, lines)
        else _row(row, names, names[0], delimiter, source.file)
        for row in rows
    ]
    further = f"; {listed(names[1:])} go along as context" if width > 1 else ""
    return Reading(f"no header; the first column is the message{further}", sorted_out)


def _row(
    row: CsvRow | RejectedRow, names: Sequence[str], message_column: str, delimiter: str, file: str
) -> Row | RejectedRow:
    if isinstance(row, RejectedRow):
        return row
    if len(row.cells) != len(names):
        return RejectedRow(file, row.line, _ragged_reason(row, len(names), delimiter))
    return row_of(row.line, dict(zip(names, row.cells, strict=True)), message_column)


def _width(rows: Sequence[CsvRow | RejectedRow], lines: Sequence[str]) -> int:
    """Returns how many cells most rows have, without those that an unquoted comma tore apart."""
    widths = Counter(
        len(row.cells) for row in rows if isinstance(row, CsvRow) and not _spills(row, lines)
    )
    return min(widths, key=lambda width: (-widths[width], width), default=1)


def _spills(row: CsvRow, lines: Sequence[str]) -> bool:
    """Tells whether a row without a header looks torn: `Hello, I need help`, not in quotes."""
    quoted = lines[row.line - 1].startswith('"')
    return not quoted and any(cell.startswith(" ") for cell in row.cells[1:])


def _ragged_reason(row: CsvRow, expected: int, delimiter: str) -> str:
    found = f"found {len(row.cells)} cell{'s' * (len(row.cells) != 1)}, expected {expected}"
    if len(row.cells) < expected:
        return found
    return f"{found}; a message that holds a {DELIMITER_NAMES[delimiter]} must be in quotes"


def _spill_reason(row: CsvRow, width: int, delimiter: str) -> str:
    if len(row.cells) != width:
        return _ragged_reason(row, width, delimiter)
    return (
        f"the message seems to go on behind a {DELIMITER_NAMES[delimiter]}; a message that holds "
        "one must be in quotes (or give the file a header, if the space belongs to column 2)"
    )
