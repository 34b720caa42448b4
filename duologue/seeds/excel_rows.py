"""Excel files: the first sheet that holds anything, read as a table."""

import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from duologue.errors import UsageError
from duologue.seeds.delimited import Table, TableRow
from duologue.seeds.row import Reading, Source
from duologue.seeds.table_rows import reading_of


def read_excel(source: Source) -> Reading:
    """Reads an Excel file (.xlsx). A formula counts as the value that Excel last saw.

    Raises:
        UsageError: the extra `excel` is not installed, the file is broken, or it is unclear which
            column holds the message.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise UsageError(
            f"{source.file}: Excel files need openpyxl, which is not installed; install it with: "
            "pip install 'duologue[excel]', or save the sheet as CSV (UTF-8)"
        ) from error
    try:
        book = load_workbook(io.BytesIO(source.data), read_only=True, data_only=True)
        sheets = {sheet.title: list(_rows(sheet)) for sheet in book.worksheets}
    # A damaged archive fails in whatever part of zipfile, the XML parser or openpyxl it breaks.
    except Exception as error:
        raise UsageError(
            f"{source.file}: is no Excel file (.xlsx), or a broken one ({type(error).__name__}); "
            "save it again, or save the sheet as CSV (UTF-8)"
        ) from error
    filled = [title for title, rows in sheets.items() if rows]
    if not filled:
        raise UsageError(f"{source.file}: holds no rows; expected one first user message a row")
    rows = sheets[filled[0]]
    note = f", sheet {filled[0]!r} of {len(filled)}" if len(filled) > 1 else ""
    return reading_of(Table(list(rows), ",", {",": rows[0]}), source, note)


def _rows(sheet: Any) -> Iterator[TableRow]:
    """Yields the rows that hold anything, each as wide as its last cell in use, but all alike."""
    values = [[_text(cell) for cell in row] for row in sheet.iter_rows()]
    width = max((i + 1 for row in values for i, cell in enumerate(row) if cell), default=0)
    for number, row in enumerate(values, 1):
        cells = (row + [""] * width)[:width]
        if any(cell.strip() for cell in cells):
            yield TableRow(number, cells)


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and re.fullmatch("0+", str(cell.number_format)):
        return str(value).zfill(len(cell.number_format))  # a postcode or a part number
    return str(value)
