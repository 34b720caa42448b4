"""Files that appear complete or not at all, on disk and on object stores."""

import errno
import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from fsspec.implementations.local import LocalFileSystem
from pydantic import BaseModel
from upath import UPath

from duologue.errors import DuologueError, UsageError
from duologue.storage.locations import check_credentials, shown_cause, without_credentials

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in collections.abc from Python 3.12 on

LOCAL_PROTOCOLS = {"", *LocalFileSystem.protocol}
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_PERMISSION = {errno.EACCES, errno.EPERM}


def located(path: str) -> UPath:
    """Turns a local path or a URL such as `s3://bucket/folder` into a path to work with.

    Raises:
        UsageError: nothing here can read or write that protocol.
    """
    check_credentials(path)
    remedy = (
        "; use a local folder, or a URL whose fsspec driver is installed, such as s3fs for s3://"
    )
    with storage_errors(f"{without_credentials(path)}: cannot be opened", remedy):
        location = UPath(path)
        # Imports the driver now, not in the middle of a run. An object store's driver caches its
        # listings, with each file's size, while other processes write there.
        location.fs.invalidate_cache()
    return location


def describe_storage_error(error: Exception) -> str:
    """Describes in a few words why storage refused, to be used within a sentence."""
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return "no space is left there"
    if isinstance(error, OSError) and error.errno in _NO_PERMISSION:
        return "no permission"
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return "it is read-only"
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a file is where a folder is needed"
    if isinstance(error, OSError) and error.strerror:
        return without_credentials(error.strerror.lower())
    return without_credentials(f"{type(error).__name__}: {error}".rstrip(": "))


@contextmanager
def storage_errors(
    what: str, remedy: str = "", error_class: type[DuologueError] = UsageError
) -> Iterator[None]:
    """Raises whatever storage raises in its block as one of Duologue's errors.

    Args:
        what: starts the sentence: which place, and what cannot be done there.
        remedy: ends it, after the reason.
        error_class: the class of the error.
    """
    try:
        yield
    except DuologueError:
        raise
    except Exception as error:  # an object store's driver may raise anything
        reason = describe_storage_error(error)
        raise error_class(f"{what}: {reason}{remedy}") from shown_cause(error)


def prove_writable(folder: UPath, subject: str, advice: str) -> None:
    """Makes a folder, and writes and removes a small file in it, before anything is billed.

    Args:
        folder: where files will be written.
        subject: what it is, for the error, such as `output`.
        advice: what to do if it cannot be written to.

    Raises:
        UsageError: it cannot; says why.
    """
    probe = folder / f".write-check-{secrets.token_hex(4)}"
    what = f"{subject} {without_credentials(folder)}: cannot be written to"
    with storage_errors(what, f"; {advice}"):
        make_folder(folder)
        write_whole(probe, b"Duologue wrote this to see whether it can; it may be removed.\n")
        probe.unlink()


@contextmanager
def opened_whole(path: UPath) -> Iterator[BinaryIO]:
    """Opens a file for writing that others see only once it is complete.

    On disk, it is written next to its final place, flushed, and renamed. An object store shows an
    object when its upload ends; if writing was interrupted, the caller removes what it shows.
    """
    if not is_local(path):
        with path.open("wb") as file:
            yield file
        return
    with _replacing(Path(path.path)) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(Path(path.path).parent)


@contextmanager
def _replacing(place: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file next to a place, and moves it there at the end."""
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
        os.replace(temporary, place)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_json(path: UPath, record: BaseModel) -> None:
    """Writes a model as JSON for people, replacing an older file atomically."""
    write_whole(path, (record.model_dump_json(indent=2) + "\n").encode())


def write_whole(path: UPath, data: bytes) -> None:
    """Writes a small file, replacing an older one atomically: one rename, or one upload."""
    if is_local(path):
        with opened_whole(path) as file:
            file.write(data)
    else:
        path.fs.pipe_file(path.path, data)


def replace_file(path: UPath, data: bytes) -> None:
    """Writes a small file atomically, without waiting for the disk.

    After a power cut it may be there and damaged, which its readers must expect.
    """
    if is_local(path):
        with _replacing(Path(path.path)) as file:
            file.write(data)
    else:
        path.fs.pipe_file(path.path, data)


def append_to_file(path: str, data: bytes) -> None:
    """Appends to a file on a disk, without waiting for it; what was there stays whatever happens.

    Raises:
        OSError: not all of it could be written; some of it may have been.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def claim(path: UPath) -> None:
    """Creates an empty file, and its folder, for one writer only.

    On disk and on S3, two writers never both succeed. Other fsspec drivers may check for the file
    and then write it; there, two can succeed in the moment between.

    Raises:
        FileExistsError: it is there; another writer was faster.
    """
    if not is_local(path):
        path.fs.pipe_file(path.path, b"", mode="create")
        return
    place = Path(path.path)
    try:
        make_folder(path.parent)
        place.open("xb").close()
    except BaseException:
        with suppress(OSError):  # another's files in it keep it
            os.rmdir(place.parent)
        raise


def make_folder(path: UPath) -> None:
    """Creates a folder and its parents if they do not exist."""
    path.mkdir(parents=True, exist_ok=True)
    if is_local(path):
        _sync_folder(Path(path.path).parent)


def remove_folder(path: UPath) -> None:
    """Removes a folder and everything in it, if it exists."""
    with suppress(FileNotFoundError):
        path.fs.rm(path.path, recursive=True)


class HashingSink(io.RawIOBase):
    """Passes bytes on to a file while counting and hashing them, so nothing is read back."""

    def __init__(self, file: BinaryIO) -> None:
        """Starts at nothing written; the file stays its opener's to close."""
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """Of all bytes so far, in hex."""
        return self._sha256.hexdigest()

    def writable(self) -> bool:
        """Returns True."""
        return True

    def write(self, data: "Buffer", /) -> int:
        """Writes all of the data; returns the number of bytes."""
        view = memoryview(data)
        self._file.write(view)
        self._sha256.update(view)
        self.size_bytes += view.nbytes
        return view.nbytes


def names_in(folder: UPath) -> set[str]:
    """Lists a folder afresh: drivers of object stores remember what they listed.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    folder.fs.invalidate_cache()
    return {PurePosixPath(path).name for path in folder.fs.ls(folder.path, detail=False)}


def modified_at(path: UPath) -> datetime:
    """Returns when a file or folder was last written, in UTC."""
    modified: datetime = path.fs.modified(path.path)
    return modified if modified.tzinfo else modified.replace(tzinfo=UTC)


def is_local(path: UPath) -> bool:
    """Checks whether a path is on a disk of this machine."""
    # Not by its file system, which takes longer to look up than to write a checkpoint.
    return path.protocol in LOCAL_PROTOCOLS


def _sync_folder(folder: Path) -> None:
    """Makes a rename or a new folder survive a power cut, if the system supports it."""
    with suppress(OSError):  # not every system can; the rename is atomic anyway
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
