"""Files by the suffixes of their names: which format, and which compression around it."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

from duologue.errors import UsageError
from duologue.storage.fetching import stored_bytes
from duologue.storage.locations import without_credentials


def _zstd(data: bytes) -> bytes:
    import pyarrow as pa

    with pa.input_stream(pa.BufferReader(data), compression="zstd") as stream:
        unpacked: bytes = stream.read()
    if not unpacked and len(data) < 5:
        raise EOFError("the file breaks off")
    return unpacked


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": _zstd,
}
"""How a file is unpacked, by a second suffix after the first."""

_QUERY_NAMES = ("format", "output", "exportFormat", "tqx", "filename", "file")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's bytes, and what its name says about them."""

    name: str
    """Its path, without the user name, password and query that a URL may hold."""
    suffix: str
    """Of its format, in lower case: `.csv`."""
    stored: bytes
    data: bytes
    """Unpacked."""


def stored_file(
    path: str, suffixes: Collection[str], wanted: str | None, option: str
) -> StoredFile:
    """Fetches a file and unpacks it.

    Args:
        path: a local path or a URL that fsspec has a driver for.
        suffixes: those of the formats that can be read.
        wanted: the suffix of the format, whatever the file is called; None infers it.
        option: the option that says so, for messages.

    Raises:
        UsageError: its format is unknown, or it cannot be fetched or unpacked.
    """
    name = without_credentials(path)
    suffix, compression = _suffixes(name, path, suffixes, wanted, option)
    stored = stored_bytes(path)
    return StoredFile(name, suffix, stored, _unpacked(stored, compression, name))


def _suffixes(
    name: str, path: str, suffixes: Collection[str], wanted: str | None, option: str
) -> tuple[str, str | None]:
    """Returns the suffix of the format, and that of the compression, if any."""
    found = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    compression = found.pop() if found and found[-1] in COMPRESSIONS else None
    if wanted is not None:
        return wanted, compression
    if found and found[-1] in suffixes:
        return found[-1], compression
    if (of_query := _suffix_in_query(path)) in suffixes:
        return str(of_query), compression
    raise UsageError(
        f"{name}: its name does not show what kind of file it is; expected it to end in "
        f"{', '.join(suffixes)}, or one of these and {', '.join(COMPRESSIONS)}; or name its "
        f"format with {option}"
    )


def _suffix_in_query(path: str) -> str | None:
    """Returns the format in a URL's query, as in `…/export?format=csv` of Google Sheets."""
    if not path.lower().startswith(("http://", "https://")):
        return None
    query = parse_qs(urlsplit(path).query)
    values = (query[key][0] for key in _QUERY_NAMES if query.get(key))
    words = (value.rpartition(".")[2].rpartition(":")[2].lower() for value in values)
    return next((f".{word}" for word in words if word), None)


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
