"""Parquet files: any column of text, or of UTF-8 bytes, can be the message."""

from collections.abc import Iterator
from typing import Any

from duologue.errors import UsageError
from duologue.seeds.columns import check_names, message_column_among, message_note
from duologue.seeds.row import Reading, Row, Source, row_of
from duologue.seeds.seed import RejectedRow
from duologue.storage.parquet_values import python_value

ROWS_A_BATCH = 1024
"""Few, since a row group may hold millions of rows, and a row a whole document."""


def read_parquet(source: Source) -> Reading:
    """Reads a Parquet file, some rows at a time.

    Raises:
        UsageError: the file is broken, or its message column is missing or holds no text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(pa.BufferReader(source.data))
        column = _message_column(parquet.schema_arrow, source)
        rows = list(_rows(parquet, column, source.file))
    # Most of pyarrow's errors are ArrowException, some are Python's own (OSError, ValueError).
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise UsageError(
            f"{source.file}: is no Parquet file, or a broken one ({_summary(error)}); "
            "write it again, or fetch it again"
        ) from error
    note = message_note(column, parquet.schema_arrow.names)
    return Reading(f"Parquet; {note}", rows)


def _message_column(schema: Any, source: Source) -> str:
    check_names(schema.names, source.file)
    column = message_column_among(schema.names, source.message_column, source.file)
    if not _is_text(schema.field(column).type):
        raise UsageError(
            f"{source.file}: column {column!r} holds {schema.field(column).type}; the message must "
            "be text: write it as a string, or name another column with --message-column NAME"
        )
    return column


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    texts = (pa.string(), pa.large_string(), pa.string_view())
    return plain in (*texts, pa.binary(), pa.large_binary(), pa.binary_view())


def _rows(parquet: Any, message_column: str, file: str) -> Iterator[Row | RejectedRow]:
    number = 0
    for batch in parquet.iter_batches(batch_size=ROWS_A_BATCH):
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        for index in range(batch.num_rows):
            number += 1
            yield _row(number, columns, index, message_column, file)


def _row(
    number: int, columns: dict[str, Any], index: int, message_column: str, file: str
) -> Row | RejectedRow:
    values = {name: python_value(column[index]) for name, column in columns.items()}
    message = values[message_column]
    if isinstance(message, bytes):
        try:
            values[message_column] = message.decode()
        except UnicodeDecodeError:
            fault = f"column {message_column!r} holds bytes that are not UTF-8 text"
            return RejectedRow(file, number, fault)
    return row_of(number, values, message_column)


def _summary(error: BaseException) -> str:
    """Returns the first line of pyarrow's message, without its full stop."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
