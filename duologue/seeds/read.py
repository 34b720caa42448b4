"""Reading a seed file, whatever its format and wherever it is stored."""

import bz2
import gzip
import hashlib
import lzma
import os
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath

from duologue.errors import UsageError
from duologue.seeds.csv_rows import read_csv
from duologue.seeds.jsonl_rows import read_jsonl
from duologue.seeds.parquet_rows import read_parquet
from duologue.seeds.row import Reading, Row, Source, fault_of
from duologue.seeds.seed import RejectedRow, Seed, SeedFile
from duologue.seeds.seed_ids import distinct_ids, without_conflicts
from duologue.storage.fetching import stored_bytes
from duologue.storage.locations import without_credentials

FORMATS: dict[str, Callable[[Source], Reading]] = {
    ".csv": read_csv,
    ".tsv": partial(read_csv, delimiters=("\t",)),
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".parquet": read_parquet,
}
"""How a file is read, by the suffix of its name."""

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
}
"""How a file is unpacked, by a second suffix after the first."""


def read_seeds(
    path: str, *, message_column: str | None = None, has_header: bool | None = None
) -> SeedFile:
    """Reads a seed file. A row that cannot be a seed is rejected, and never stops the others.

    Args:
        path: a local path, where `~` is the home directory, or a URL that fsspec has a driver for;
            `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.parquet`, also followed by `.gz`, `.bz2` or
            `.xz`.
        message_column: the column that holds the message; None tells it by its name.
        has_header: whether the first row of a CSV or TSV file names its columns; None tells it by
            the names there. Of no meaning for the other formats.

    Returns:
        Seeds and rejected rows, each in the order of the file. There may be no seed among them,
        but there is a row.

    Raises:
        UsageError: the file as a whole cannot be read; one sentence on what to do.
    """
    file = without_credentials(path)
    if os.path.isdir(os.path.expanduser(path)):
        raise UsageError(f"{file}: is a directory; name one seed file in it")
    suffix, compression = _suffixes(file)
    stored = stored_bytes(path)
    data = _unpacked(stored, compression, file)
    reading = FORMATS[suffix](Source(file, data, message_column, has_header))
    if not reading.rows:
        raise UsageError(f"{file}: holds no rows; expected one first user message a row")
    seeds, lines, rejected = _sorted_out(reading.rows, file)
    return SeedFile(
        path=file,
        sha256=hashlib.sha256(stored).hexdigest(),
        columns_note=reading.columns_note,
        seeds=tuple(seeds),
        rejected=tuple(rejected),
        lines=tuple(lines),
    )


def _suffixes(file: str) -> tuple[str, str | None]:
    """Returns the suffix that tells the format, and the one that tells the compression."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(file).suffixes]
    compression = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSIONS else None
    if not suffixes or suffixes[-1] not in FORMATS:
        raise UsageError(
            f"{file}: its name does not tell what kind of file it is; expected it to end in "
            f"{', '.join(FORMATS)}, or one of these and {', '.join(COMPRESSIONS)}"
        )
    return suffixes[-1], compression


def _unpacked(stored: bytes, compression: str | None, file: str) -> bytes:
    if compression is None:
        return stored
    try:
        return COMPRESSIONS[compression](stored)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise UsageError(
            f"{file}: is no {compression} file, or a broken one ({error}); "
            "compress it again, or fetch it again"
        ) from error


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
