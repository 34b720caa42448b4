"""Decoding bytes as UTF-8, or saying clearly what the file is instead."""

import codecs
import io
import shlex
from pathlib import PurePath

from duologue.errors import UsageError

NUL_SHARE_OF_BINARY = 0.3
"""Text holds no NUL; UTF-16 text is half NUL. A stray one or two only spoil their own row."""

SIGNATURES = {
    b"PK\x03\x04": "looks like an Excel file, or another zip archive; save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "looks like an old Excel file; save it as CSV (UTF-8)",
    b"PAR1": "looks like a Parquet file; let its name end in .parquet",
    b"\x1f\x8b": "is compressed with gzip; let its name end in .gz",
    b"\x89PNG": "is a PNG image; expected a text file",
    b"%PDF": "is a PDF; expected a text file",
}
"""How to recognise files that are not text by their first bytes."""

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded_text(data: bytes, file: str) -> str:
    """Returns UTF-8 bytes as text, without a byte order mark, otherwise exactly as they stand.

    Raises:
        UsageError: the bytes are not UTF-8 text; says what they are and how to convert them.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: {_diagnosis(data, file, error)}") from error
    if data.count(0) >= NUL_SHARE_OF_BINARY * len(data) > 0:
        raise UsageError(f"{file}: {_diagnosis(data, file, None)}")
    return text


def physical_lines(text: str) -> list[str]:
    r"""Splits text at `\n`, or at `\r` in a file without `\n`; each line keeps its ending.

    No other character ends a line: a message may hold U+2028, a form feed, or a lone `\r`.
    """
    return list(io.StringIO(text, newline="\n" if "\n" in text else "\r"))


def _diagnosis(data: bytes, file: str, error: UnicodeDecodeError | None) -> str:
    for signature, what in SIGNATURES.items():
        if data.startswith(signature):
            return what
    if data.startswith(UTF_16_MARKS):
        return f"is UTF-16; convert it with: {_conversion('utf-16', file)}"
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
    # Windows-1252 rather than Latin-1: it is what Excel writes, and a superset of the printable.
    return (
        f"is not UTF-8 (line {line}, byte {column} of it is 0x{data[error.start]:02x}); "
        f"convert a file saved by Excel or on Windows with: {_conversion('windows-1252', file)}"
    )


def _conversion(encoding: str, file: str) -> str:
    """Returns the command that makes a UTF-8 copy of the file, to paste into a shell."""
    copy = f"utf8-{PurePath(file).name}"
    return f"iconv -f {encoding} -t utf-8 {shlex.quote(file)} > {shlex.quote(copy)}"
