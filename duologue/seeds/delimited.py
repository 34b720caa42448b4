"""Delimited text: its rows, read strictly, and how its cells are split."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from duologue.errors import UsageError
from duologue.seeds.seed import RejectedRow
from duologue.storage.text import physical_lines

MOST_CELL_CHARACTERS = 64 * 1024 * 1024
"""Far beyond any message, and so little that a hopeless file is not read into one cell."""

MOST_LINES_READ_AGAIN = 1_000_000
"""A second or so. Only a file whose every line leaves a quote open in a peculiar way needs more."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""Those that are recognised, and what they are called."""

LINES_SAMPLED = 200
AGREEMENT = 0.8
"""The share of rows that must have as many cells as the first for a delimiter to be believed."""

_SEP_LINE = re.compile(r'"?sep=(.|\\t)"?[,;|\t]*\s*', re.IGNORECASE)
_SPACE_BEFORE_QUOTE = re.compile(r'[,;\t|] +"')


@dataclass(frozen=True, slots=True)
class TableRow:
    """The cells of one row, and the physical line that it starts on, from 1."""

    line: int
    cells: list[str]
    opens_quoted: bool = True
    """Whether the row starts with a quote; True where a format has no quotes."""

    @property
    def is_blank(self) -> bool:
        """Whether it has several cells and nothing in them, as Excel writes rows once used."""
        return len(self.cells) > 1 and not any(cell.strip() for cell in self.cells)


AnyRow = TableRow | RejectedRow


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of a file, and how they were found."""

    rows: list[AnyRow]
    delimiter: str
    first_rows: dict[str, AnyRow | None]
    """The first row as each delimiter splits it."""


def delimiter_named(name: str) -> str:
    r"""Returns the delimiter that an option means: a character, `tab`, `\t`, `semicolon`, ….

    Raises:
        UsageError: it is not one character.
    """
    named = {word: character for character, word in DELIMITERS.items()} | {"\\t": "\t"}
    delimiter = named.get(name.strip().lower() or name, name)
    if len(delimiter) != 1 or delimiter in '"\r\n' or delimiter.isalnum():
        raise UsageError(
            f"delimiter {name!r}: expected one character such as ';', or one of "
            f"{', '.join(DELIMITERS.values())}"
        )
    return delimiter


def read_table(
    text: str,
    file: str,
    ordinary: str,
    delimiter: str | None,
    is_header: Callable[[Sequence[str]], bool],
) -> Table:
    """Reads delimited text. Empty lines, and rows with nothing in their cells, are no rows.

    Args:
        text: what the file holds.
        file: its name, for messages.
        ordinary: the delimiter that the file's name suggests.
        delimiter: the one that the settings name, if any.
        is_header: whether the cells of a first row hold the name of a column that is looked for.
    """
    lines = _without_marks(physical_lines(text))
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines and (sep := _SEP_LINE.fullmatch(lines[start])):
        delimiter = delimiter or sep[1].replace("\\t", "\t")
        lines[start] = "\n"  # keeps the numbers of the lines
    candidates = [delimiter] if delimiter else [ordinary, *(d for d in DELIMITERS if d != ordinary)]
    samples = {d: _sample(lines, d, file) for d in candidates}
    chosen = _chosen(samples, ordinary, is_header) if delimiter is None else delimiter
    rows = _rows(lines, chosen, file)
    first_rows = {d: sample[0] if sample else None for d, sample in samples.items()}
    return Table(rows, chosen, first_rows)


def csv_rows(
    lines: Sequence[str], delimiter: str, file: str, skip_spaces: bool = False
) -> Iterator[AnyRow]:
    """Yields every row. After one that breaks, reading resumes at the physical line below it."""
    csv.field_size_limit(max(csv.field_size_limit(), MOST_CELL_CHARACTERS))
    start = 0
    read_again = 0
    while start < len(lines):
        rest = map(lines.__getitem__, range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True, skipinitialspace=skip_spaces)
        line = start  # of the row that is being read, from 0
        try:
            for cells in reader:
                if lines[line].strip(" \r\n"):
                    yield TableRow(line + 1, cells, lines[line].lstrip(" ").startswith('"'))
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


def _rows(lines: Sequence[str], delimiter: str, file: str) -> list[AnyRow]:
    """Reads all rows; a space before a quote belongs to no cell if more rows can be read so."""
    rows = _tidied(csv_rows(lines, delimiter, file), delimiter)
    if any(_SPACE_BEFORE_QUOTE.search(line) for line in lines[:LINES_SAMPLED]):
        other = _tidied(csv_rows(lines, delimiter, file, skip_spaces=True), delimiter)
        if _broken(other) < _broken(rows):
            return other
    return rows


def _tidied(rows: Iterator[AnyRow], delimiter: str) -> list[AnyRow]:
    """Takes out blank rows, and the spaces that people put around a pipe."""
    kept = [row for row in rows if isinstance(row, RejectedRow) or not row.is_blank]
    if delimiter != "|":
        return kept
    return [
        row
        if isinstance(row, RejectedRow)
        else TableRow(row.line, [cell.strip(" ") for cell in row.cells], True)
        for row in kept
    ]


def _broken(rows: Sequence[AnyRow]) -> int:
    """Counts the rows that cannot be read, or have other cells than the first."""
    width = next((len(row.cells) for row in rows if isinstance(row, TableRow)), 0)
    return sum(isinstance(row, RejectedRow) or len(row.cells) != width for row in rows)


def _without_marks(lines: list[str]) -> list[str]:
    """Takes away byte order marks and zero-width spaces before rows: files were joined."""
    if not lines:
        return lines
    lines[0] = lines[0].lstrip("\ufeff\u200b\u2060")
    return [line[1:] if line.startswith("\ufeff") else line for line in lines]


def _sample(lines: Sequence[str], delimiter: str, file: str) -> list[AnyRow]:
    rows = [*csv_rows(lines[:LINES_SAMPLED], delimiter, file)]
    if len(lines) > LINES_SAMPLED and len(rows) > 1 and isinstance(rows[-1], RejectedRow):
        rows.pop()  # The sample may end within a cell.
    return [row for row in rows if isinstance(row, RejectedRow) or not row.is_blank]


def _chosen(
    samples: dict[str, list[AnyRow]], ordinary: str, is_header: Callable[[Sequence[str]], bool]
) -> str:
    """Returns the delimiter that shows a header, else the one that splits all rows alike."""
    for delimiter, rows in samples.items():
        if rows and isinstance(rows[0], TableRow) and is_header(stripped(rows[0].cells)):
            return delimiter
    scores = {d: _agreement(rows, d, d == ordinary) for d, rows in samples.items()}
    best = max(scores, key=lambda d: scores[d])
    return best if scores[best] >= AGREEMENT else ordinary


def _agreement(rows: Sequence[AnyRow], delimiter: str, is_ordinary: bool) -> float:
    """Returns the share of rows split into as many cells as the first, 0 where it is not split.

    A delimiter other than the ordinary one must split two rows or more, and no sentences: the cells
    after one in a sentence start with a space.
    """
    first = rows[0] if rows else None
    if not isinstance(first, TableRow) or len(first.cells) < 2:
        return 0
    alike = [
        row for row in rows if isinstance(row, TableRow) and len(row.cells) == len(first.cells)
    ]
    if not is_ordinary:
        torn = sum(spills(row) for row in alike) if delimiter != "|" else 0
        if len(alike) < 2 or torn > len(alike) / 2:
            return 0
    return len(alike) / len(rows)


def spills(row: TableRow) -> bool:
    """Checks whether a row without a header looks torn: `Hello, I need help`, not in quotes."""
    return not row.opens_quoted and any(cell.startswith(" ") for cell in row.cells[1:])


def stripped(cells: Sequence[str]) -> list[str]:
    """Returns a row's cells as names of columns."""
    return [cell.strip().strip("\ufeff\u200b\u2060").strip() for cell in cells]


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
