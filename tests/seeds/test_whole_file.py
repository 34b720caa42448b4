"""Where a file is, what it is, and what is said when it cannot be read as a whole."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.seeds import read_seeds


def test_the_sum_is_of_the_stored_bytes(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv.gz"
    path.write_bytes(gzip.compress("\ufeffHello\n".encode()))
    seeds = read_seeds(str(path))
    assert seeds.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [seed.message for seed in seeds.seeds] == ["Hello"]


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_compressed_files_are_unpacked(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"v1.2.seeds.JSONL{suffix}"
    path.write_bytes(compress(b'"Hello"\n'))
    assert read_seeds(str(path)).seeds[0].message == "Hello"
    path.write_bytes(compress(b'"Hello"\n')[:-6])
    with pytest.raises(UsageError, match=f"is no {suffix} file, or a broken one"):
        read_seeds(str(path))
    path.write_bytes(b"no such thing")
    with pytest.raises(UsageError, match=f"is no {suffix} file, or a broken one"):
        read_seeds(str(path))
    path.write_bytes(compress(b""))
    with pytest.raises(UsageError, match="holds no rows"):
        read_seeds(str(path))


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "seeds.csv").write_text("Hello\n")
    assert read_seeds("~/seeds.csv").rows_read == 1


def test_a_relative_path_is_shown_as_given_and_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        read_seeds("seeds.csv")
    assert str(caught.value) == (
        f"seeds.csv: there is no such file (looked for {tmp_path}/seeds.csv); check the path"
    )


@pytest.mark.parametrize("name", ["seeds", "seeds.txt", "seeds.ods", "seeds.gz", ""])
def test_an_unknown_kind_of_file_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(UsageError, match=r"end in \.csv, \.tsv, \.jsonl.*--seed-format"):
        read_seeds(name)


@pytest.mark.parametrize("name", ["folder", "folder.csv"])
def test_a_directory_is_no_file(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(UsageError, match="is a directory; name one seed file in it"):
        read_seeds(str(folder))
    with pytest.raises(UsageError, match="is a directory" if "csv" in name else "its name"):
        read_seeds(f"file://{folder}")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text("Hello\n")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # Root may read everything: be nobody for a moment.
        os.seteuid(65534)
    try:
        with pytest.raises(UsageError, match="may not be read with the permissions"):
            read_seeds(str(path))
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_an_empty_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"seeds{suffix}"
    path.touch()
    with pytest.raises(UsageError, match=r"is empty \(0 bytes\)"):
        read_seeds(str(path))


def spreadsheet() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (spreadsheet(), "looks like an Excel file, or another zip archive; save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old Excel file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a PNG image"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF"),
        (gzip.compress(b"Hello\n", mtime=0), r"compressed with gzip; let its name end in \.gz"),
        (b"PAR1\x15\x04\x15\x18\xff\0\0PAR1", "looks like a Parquet file"),
        ("Hello\n".encode("utf-16")[:-1], "starts like UTF-16 or UTF-32 but breaks off"),
        ("Hello\n".encode("utf-16-be"), "binary file or UTF-16"),
        (b"Hello\n\xff\0\1\2", "is a binary file"),
        (bytes(100), "full of NUL bytes"),
    ],
)
def test_a_file_that_is_no_text_is_called_what_it_is(
    tmp_path: Path, suffix: str, data: bytes, expected: str
) -> None:
    path = tmp_path / f"seeds{suffix}"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=expected):
        read_seeds(str(path))


def test_text_that_starts_like_a_binary_file_is_still_text(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text("%PDF or DOCX?\nPAR1 is what?\n")
    assert read_seeds(str(path)).rows_read == 2


def test_a_wrong_encoding_is_reported_with_its_place_and_its_cure(tmp_path: Path) -> None:
    path = tmp_path / "my seeds.csv"
    path.write_bytes("Hello\nIs the café \u2013 open?\n".encode("cp1252"))
    with pytest.raises(UsageError) as caught:
        read_seeds(str(path))
    problem, command = str(caught.value).rsplit(": ", 1)
    assert "is not UTF-8 (line 2, byte 11 of it is 0xe9)" in problem
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    seeds = read_seeds(str(tmp_path / "utf8-my seeds.csv"))
    assert [seed.message for seed in seeds.seeds] == ["Hello", "Is the café \u2013 open?"]


def test_a_file_of_rejected_rows_alone_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text('message\n""\n" "\n')
    seeds = read_seeds(str(path))
    assert (seeds.seeds, len(seeds.rejected), seeds.rows_read) == ((), 2, 2)
