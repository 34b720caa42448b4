"""Reading a seed file, whatever its format and wherever it is stored."""

import hashlib
import os
from collections.abc import Callable
from functools import partial

from duologue.errors import UsageError
from duologue.seeds.excel_rows import read_excel
from duologue.seeds.jsonl_rows import read_json, read_jsonl
from duologue.seeds.parquet_rows import read_parquet
from duologue.seeds.roles import check_no_log
from duologue.seeds.row import Reading, Row, Source, fault_of
from duologue.seeds.seed import RejectedRow, Seed, SeedFile
from duologue.seeds.seed_ids import distinct_ids, without_conflicts
from duologue.seeds.table_rows import read_csv
from duologue.storage.locations import without_credentials
from duologue.storage.other_kinds import check_is_data, check_is_no_error
from duologue.storage.unpacking import stored_file

FORMATS: dict[str, Callable[[Source], Reading]] = {
    ".csv": read_csv,
    ".tsv": partial(read_csv, ordinary="\t"),
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
}
"""How a file is read, by the suffix of its name."""


def read_seeds(
    path: str,
    *,
    message_column: str | None = None,
    has_header: bool | None = None,
    delimiter: str | None = None,
    seed_format: str | None = None,
) -> SeedFile:
    """Reads a seed file. A row that cannot be a seed is rejected, and never stops the others.

    Args:
        path: a local path, where `~` is the home directory, or a URL that fsspec has a driver for;
            `.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.json`, `.parquet` or `.xlsx`, also followed by
            `.gz`, `.bz2`, `.xz` or `.zst`.
        message_column: the column that holds the message; None infers it from the names. Without a
            header the columns are called `column_1`, `column_2` and so on.
        has_header: whether the first row of a table names its columns; None infers it from the
            first row, and refuses a file where that is unclear. Ignored for JSON and Parquet.
        delimiter: what splits the cells of a CSV file, a character or a word such as `tab`; None
            infers it.
        seed_format: the format, as in `csv`, where the file's name does not show it.

    Returns:
        Seeds and rejected rows, each in the order of the file. There may be no seed among them,
        but there is a row.

    Raises:
        UnclearColumnsError: which column holds the message has to be said.
        UsageError: the file as a whole cannot be read; one sentence on what to do.
    """
    if os.path.isdir(os.path.expanduser(path)):
        raise UsageError(f"{without_credentials(path)}: is a directory; name one seed file in it")
    file = stored_file(path, FORMATS, _suffix_of(seed_format), "--seed-format")
    check_is_data(file.data[:4096].decode("utf-8", "replace"), file.name)
    source = Source(file.name, file.data, message_column, has_header, delimiter)
    reading = FORMATS[file.suffix](source)
    if not reading.rows:
        raise UsageError(f"{file.name}: holds no rows; expected one first user message a row")
    check_no_log(reading.rows, file.name)
    if len(reading.rows) == 1 and isinstance(only := reading.rows[0], Row):
        check_is_no_error(str(only.message), file.name)
    seeds, lines, rejected = _sorted_out(reading.rows, file.name)
    return SeedFile(
        path=file.name,
        sha256=hashlib.sha256(file.stored).hexdigest(),
        columns_note=reading.columns_note,
        seeds=tuple(seeds),
        rejected=tuple(rejected),
        lines=tuple(lines),
    )


def _suffix_of(seed_format: str | None) -> str | None:
    if seed_format is None:
        return None
    suffix = f".{seed_format.strip().lower().lstrip('.')}"
    if suffix not in FORMATS:
        known = ", ".join(name.lstrip(".") for name in FORMATS)
        raise UsageError(f"seed format {seed_format!r}: expected one of {known}")
    return suffix


def _sorted_out(
    rows: list[Row | RejectedRow], file: str
) -> tuple[list[Seed], list[int], list[RejectedRow]]:
    sound: list[Row] = []
    rejected: list[RejectedRow] = []
    for row in rows:
        if isinstance(row, RejectedRow):
            rejected.append(row)
        elif fault := fault_of(row):
            rejected.append(RejectedRow(file, row.line, fault))
        else:
            sound.append(row)
    kept, conflicting = without_conflicts(sound, file)
    seeds = [
        Seed(seed_id=seed_id, message=str(row.message), context=row.context)
        for seed_id, row in zip(distinct_ids(kept), kept, strict=True)
    ]
    rejected = sorted(rejected + conflicting, key=lambda row: row.line)
    return seeds, [row.line for row in kept], rejected
