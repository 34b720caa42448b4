"""Files of transcripts, of every format."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from duologue.errors import UsageError
from duologue.seeds.columns import listed, normalised
from duologue.seeds.delimited import read_table, stripped
from duologue.seeds.seed import RejectedRow
from duologue.storage.other_kinds import check_is_data
from duologue.storage.parquet_values import python_value
from duologue.storage.text import decoded_text, physical_lines
from duologue.storage.unpacking import stored_file
from duologue.validation.rule import Expectations
from duologue.validation.transcripts.messages import read_messages
from duologue.validation.transcripts.names import (
    ALL_RECOGNISED,
    DOMAIN_FIELDS,
    ID_FIELDS,
    OWN_FIELDS,
    TranscriptNames,
)
from duologue.validation.transcripts.notation import parsed
from duologue.validation.transcripts.records import (
    conversations_in,
    domain_of,
    expectations_of,
    fields_of,
    id_of,
    messages_of,
)
from duologue.validation.transcripts.speakers import CONTENT_FIELDS, ROLE_FIELDS
from duologue.validation.transcripts.transcript import Transcript

ROWS_AT_ONCE = 500
"""Of a Parquet file: about 3 MB of conversations of 7 messages."""

Record = tuple[str, Any]
"""Where it is, as `FILE:line`, and what is there."""


def read_transcripts(
    path: str, names: TranscriptNames = ALL_RECOGNISED, file_format: str | None = None
) -> Iterator[Transcript]:
    """Reads the conversations of a file one by one, in its order.

    A conversation is a list of messages, or the JSON text of one, in a field such as `messages` or
    `chat_history`; or it is such a list alone. Messages may be written as OpenAI, Anthropic,
    Gemini, Vellum, LangChain, Vercel's AI SDK or ShareGPT do.

    Args:
        path: a local path or a URL that fsspec has a driver for; `.jsonl`, `.ndjson`, `.json`,
            `.csv`, `.tsv` or `.parquet`, also followed by `.gz`, `.bz2`, `.xz` or `.zst`.
        names: what the file calls its parts; those not given are recognised.
        file_format: the format, as in `jsonl`, where the file's name does not show it.

    Yields:
        Every conversation; one that cannot be read says why, and does not stop the others.

    Raises:
        UsageError: the file as a whole cannot be read, or holds no conversation.
    """
    wanted = None if file_format is None else f".{file_format}"
    file = stored_file(path, TRANSCRIPT_FORMATS, wanted, "--transcript-format")
    check_is_data(file.data[:4096].decode("utf-8", "replace"), file.name)
    records = TRANSCRIPT_FORMATS[file.suffix](file.data, file.name, names)
    first = next(records, None)
    if first is None:
        raise UsageError(
            f"{file.name}: holds no conversations; expected one a line, row or element"
        )
    taken: set[str] = set()
    for place, record in chain([first], records):
        yield _transcript(place, record, names, taken)


def _from_lines(data: bytes, file: str, names: TranscriptNames) -> Iterator[Record]:
    text = decoded_text(data, file)
    lines = [
        (number, line.strip().strip("\ufeff\x1e").removesuffix(","))
        for number, line in enumerate(physical_lines(text), 1)
        if line.strip().strip("\ufeff\x1e")
    ]
    if lines and not _is_json(lines[0][1]) and (values := _one_after_the_other(text)):
        for number, value in enumerate(values, 1):
            yield from _placed(f"{file}:{number}", value, names)
        return
    for number, line in lines:
        try:
            value = parsed(line)
        except ValueError as error:
            yield f"{file}:{number}", RejectedRow(file, number, str(error))
        else:
            yield from _placed(f"{file}:{number}", value, names)


def _from_json(data: bytes, file: str, names: TranscriptNames) -> Iterator[Record]:
    text = decoded_text(data, file)
    try:
        value = parsed(text)
    except ValueError as error:
        values = _one_after_the_other(text)
        if values is None:
            raise UsageError(
                f"{file}: {error}; if it has one object a line, let its name end in .jsonl"
            ) from error
        value = values
    places = list(conversations_in(value, names, by_id=True))
    for number, (place, record) in enumerate(places, 1):
        yield f"{file}:{place.removeprefix('.') or number}", record


def _placed(place: str, value: Any, names: TranscriptNames) -> Iterator[Record]:
    for within, record in conversations_in(value, names, by_id=False):
        yield f"{place}{within}", record


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _one_after_the_other(text: str) -> list[Any] | None:
    """Returns JSON values that follow each other, over any number of lines; None for other text."""
    decoder = json.JSONDecoder()
    values: list[Any] = []
    place = 0
    while (place := _next(text, place)) < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        values.append(value)
    return values if any(isinstance(value, dict | list) for value in values) else None


def _next(text: str, place: int) -> int:
    while place < len(text) and (text[place].isspace() or text[place] in ",\x1e\ufeff"):
        place += 1
    return place


def _from_csv(
    data: bytes, file: str, names: TranscriptNames, ordinary: str = ","
) -> Iterator[Record]:
    text = decoded_text(data, file)
    table = read_table(text, file, ordinary, None, lambda cells: bool(names.message_fields(cells)))
    if not table.rows:
        return
    header, *rows = table.rows
    if isinstance(header, RejectedRow):
        raise UsageError(f"{header}; without its header the file cannot be read")
    columns = stripped(header.cells)
    _check_columns(columns, names, file)
    for row in rows:
        place = f"{file}:{row.line}"
        if isinstance(row, RejectedRow):
            yield place, row
            continue
        cells = row.cells
        while len(cells) > len(columns) and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) != len(columns):
            found = f"found {len(cells)} cells, expected {len(columns)} as in the header"
            yield place, RejectedRow(file, row.line, found)
        else:
            yield place, dict(zip(columns, cells, strict=True))


def _from_tsv(data: bytes, file: str, names: TranscriptNames) -> Iterator[Record]:
    return _from_csv(data, file, names, ordinary="\t")


def _from_parquet(data: bytes, file: str, names: TranscriptNames) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(data))
        schema = table.schema_arrow
        wanted = names.message_fields(schema.names) or _lists_of_objects(schema, names)
        if not wanted:
            _check_columns(schema.names, names, file)
        if twice := next((name for name in wanted if schema.names.count(name) > 1), None):
            raise UsageError(f"{file}: 2 columns are named {twice!r}; rename one")
        own = {*ID_FIELDS, *DOMAIN_FIELDS, *OWN_FIELDS}
        columns = [n for n in schema.names if n in wanted or normalised(n) in own]
        number = 0
        for batch in table.iter_batches(ROWS_AT_ONCE, columns=columns):
            for index in range(batch.num_rows):
                number += 1
                row = {
                    name: _text_or(python_value(batch.column(position)[index]))
                    for position, name in enumerate(batch.schema.names)
                }
                yield f"{file}:{number}", row
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise UsageError(
            f"{file}: is no Parquet file, or a broken one ({error}); write it again"
        ) from error


def _text_or(value: Any) -> Any:
    """Returns bytes that are text as text; anything else as it is."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _lists_of_objects(schema: Any, names: TranscriptNames) -> list[str]:
    """Returns the columns that can be lists of messages, where none is known by its name."""
    import pyarrow as pa

    if names.messages_field is not None:
        return []
    return [
        field.name
        for field in schema
        if (pa.types.is_list(field.type) or pa.types.is_large_list(field.type))
        and pa.types.is_struct(field.type.value_type)
        and {*ROLE_FIELDS} & {inner.name for inner in field.type.value_type}
    ]


TRANSCRIPT_FORMATS: dict[str, Callable[[bytes, str, TranscriptNames], Iterator[Record]]] = {
    ".jsonl": _from_lines,
    ".ndjson": _from_lines,
    ".json": _from_json,
    ".csv": _from_csv,
    ".tsv": _from_tsv,
    ".parquet": _from_parquet,
}
"""How a file is read, by the suffix of its name."""


def _check_columns(columns: Sequence[str], names: TranscriptNames, file: str) -> None:
    if names.message_fields(columns):
        return
    plain = {normalised(column) for column in columns}
    if {*ROLE_FIELDS} & plain and {*CONTENT_FIELDS} & plain:
        raise UsageError(
            f"{file}: holds one message a row (its columns are {listed(columns)}); expected one "
            "conversation a row, its messages as a JSON list in a column `messages`"
        )
    wanted = names.messages_field
    expected = repr(wanted) if wanted else "'messages' or 'chat_history'"
    raise UsageError(
        f"{file}: has no column {expected} to hold the conversations; its columns are "
        f"{listed(columns)}; name the one that does with --messages-column"
    )


def _transcript(place: str, record: Any, names: TranscriptNames, taken: set[str]) -> Transcript:
    """Makes a transcript of whatever a file holds in one place."""
    if isinstance(record, RejectedRow):
        return Transcript(place, (), (), Expectations(), record.reason)
    name = place
    try:
        fields = fields_of(record)
        name = _unlike(taken, id_of(fields) or place, place)
        messages, positions = read_messages(messages_of(fields, names), names)
    except ValueError as error:
        return Transcript(name, (), (), Expectations(), str(error))
    except RecursionError:
        return Transcript(name, (), (), Expectations(), "is nested too deeply")
    return Transcript(name, messages, positions, expectations_of(fields), domain=domain_of(fields))


def _unlike(taken: set[str], name: str, place: str) -> str:
    """Returns a conversation's name, with its place where an earlier one has the same."""
    if name in taken:
        return f"{name} ({place})"
    taken.add(name)
    return name
