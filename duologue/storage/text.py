"""From bytes to text: Unicode, or one sentence on what the file is instead."""

import codecs
import io
import re
import shlex
from pathlib import PurePosixPath

from duologue.errors import UsageError

NUL_SHARE_OF_BINARY = 0.3
"""Text holds no NUL; UTF-16 text is half NUL. A stray one or two only spoil their own row."""

MOST_BEYOND_ASCII = 0.3
"""In a Western language, at most about a tenth of the letters have accents."""

SIGNATURES = {
    b"PK\x03\x04": "looks like an Excel file, or another zip archive; save it as CSV (UTF-8), or "
    "let an Excel file's name end in .xlsx",
    b"\xd0\xcf\x11\xe0": "looks like an old Excel file; save it as CSV (UTF-8)",
    b"PAR1": "looks like a Parquet file; let its name end in .parquet",
    b"ARROW1": "looks like an Arrow or Feather file; save it as Parquet",
    b"FEA1": "looks like a Feather file; save it as Parquet",
    b"ORC": "looks like an ORC file; save it as Parquet",
    b"Obj\x01": "looks like an Avro file; save it as Parquet",
    b"\x89HDF": "looks like an HDF5 file; save it as Parquet",
    b"SQLite format 3": "looks like a SQLite database; export the table as CSV (UTF-8)",
    b"$FL2": "looks like an SPSS file; save it as CSV (UTF-8)",
    b"\x80\x04\x95": "looks like a Python pickle; save it as CSV (UTF-8) or Parquet",
    b"\x80\x05\x95": "looks like a Python pickle; save it as CSV (UTF-8) or Parquet",
    b"\x1f\x8b": "is compressed with gzip; let its name end in .gz",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; let its name end in .zst",
    b"BZh": "is compressed with bzip2; let its name end in .bz2",
    b"\xfd7zXZ": "is compressed with xz; let its name end in .xz",
    b"7z\xbc\xaf": "is a 7z archive; unpack it first",
    b"Rar!": "is a RAR archive; unpack it first",
    b"\x89PNG": "is a PNG image; expected a text file",
    b"\xff\xd8\xff": "is a JPEG image; expected a text file",
    b"%PDF": "is a PDF; expected a text file",
}
"""How to recognise files that are not text by their first bytes."""

# The longest first: UTF-32's mark begins with UTF-16's.
_WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded_text(data: bytes, file: str) -> str:
    """Decodes a file: UTF-8, or UTF-16 or UTF-32 with a byte order mark.

    Byte order marks at its start are left out, also several; the rest stays as it is.

    Raises:
        UsageError: the bytes are not such text; says what they are and how to convert them.
    """
    encoding = next((name for mark, name in _WIDE_MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        reason = _diagnosis(data, file, error if encoding == "utf-8" else None)
        raise UsageError(f"{file}: {reason}") from error
    if (what := binary_kind(data)) and not text[:4].isprintable():
        raise UsageError(f"{file}: {what}")
    if text.count("\0") >= NUL_SHARE_OF_BINARY * len(text) > 0:
        raise UsageError(f"{file}: {_diagnosis(data, file, None)}")
    return text.lstrip("\ufeff")


def encoded(text: str) -> bytes:
    """Encodes text as UTF-8.

    Half of a surrogate pair, which a failed seed or an error's text may hold, becomes the escape
    that JSON has for it.
    """
    return text.encode(errors="backslashreplace")


def physical_lines(text: str) -> list[str]:
    r"""Splits text at `\n`, or at `\r` in a file without `\n`; each line keeps its ending.

    No other character ends a line: a message may hold U+2028, a form feed, or a lone `\r`.
    """
    return list(io.StringIO(text, newline="\n" if "\n" in text else "\r"))


def binary_kind(data: bytes) -> str | None:
    """Returns what a file's first bytes show it to be; None if they show nothing."""
    return next((what for start, what in SIGNATURES.items() if data.startswith(start)), None)


def _diagnosis(data: bytes, file: str, error: UnicodeDecodeError | None) -> str:
    if what := binary_kind(data):
        return what
    if data.startswith(tuple(_WIDE_MARKS)):
        return "starts like UTF-16 or UTF-32 but breaks off or is damaged; write it again"
    if error is None:
        return (
            "is full of NUL bytes, so it is a binary file or UTF-16; "
            f"convert UTF-16 with: {_conversion('utf-16le', file)}"
        )
    if b"\0" in data:
        return "is a binary file; expected UTF-8 text"
    before = data[: error.start]
    line = before.count(b"\n") + 1
    column = error.start - before.rfind(b"\n")
    if _share_beyond_ascii(data) > MOST_BEYOND_ASCII:
        return (
            f"is not UTF-8 (line {line}, byte {column} of it is 0x{data[error.start]:02x}), but "
            "text in another encoding such as Shift-JIS, GB18030, EUC-KR or Windows-1251; convert "
            f"it from that one with: {_conversion('ENCODING', file)}"
        )
    # Windows-1252 rather than Latin-1: it is what Excel writes, and a superset of the printable.
    return (
        f"is not UTF-8 (line {line}, byte {column} of it is 0x{data[error.start]:02x}); "
        f"convert a file saved by Excel or on Windows with: {_conversion('windows-1252', file)}"
    )


def _share_beyond_ascii(data: bytes) -> float:
    """Returns the share of a text's letters that are not ASCII; 0 where it has none."""
    letters = [byte for byte in data[:100_000] if byte >= 0x80 or chr(byte).isalpha()]
    return sum(byte >= 0x80 for byte in letters) / len(letters) if letters else 0


def _conversion(encoding: str, file: str) -> str:
    """Returns the command that makes a UTF-8 copy of the file, to paste into a shell."""
    copy = shlex.quote(f"utf8-{PurePosixPath(file).name}")
    if re.match(r"https?://", file, re.IGNORECASE):
        return f"curl -L {shlex.quote(file)} | iconv -f {encoding} -t utf-8 > {copy}"
    if "://" in file:
        return f"iconv -f {encoding} -t utf-8 YOUR_LOCAL_COPY > {copy}"
    return f"iconv -f {encoding} -t utf-8 {shlex.quote(file)} > {copy}"
