"""Versions: what they are called, where they are, and how one is written whole.

    OUTPUT/DATASET/latest.json
    OUTPUT/DATASET/VERSION/conversations.parquet, …, and last of all manifest.json
    OUTPUT/DATASET/VERSION-r2/…                   the same version, made whole by a retry

A version whose manifest is not there does not exist, whatever else is in its folder. A retry never
touches what is there: each revision has a folder of its own, so that no reader ever meets the files
of two, and what was pinned stays what it was.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from io import RawIOBase
from itertools import count
from pathlib import PurePosixPath

from slugify import slugify
from upath import UPath

from duologue.dataset.card import CARD_FILE, write_card
from duologue.dataset.contents import DatasetContents
from duologue.dataset.formats import WRITERS, refuse_unwritable_text
from duologue.dataset.manifest import MANIFEST_FILE, FileRecord, Manifest, manifest_of
from duologue.dataset.storage import (
    HashingSink,
    located,
    make_folder,
    opened_whole,
    reason_of,
    remove_folder,
    without_credentials,
    write_whole,
)
from duologue.errors import DuologueError, ExportError, UsageError

_LONGEST_NAME = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def dataset_name_from(seed_path: str) -> str:
    """Makes a dataset's name of the seed file's: `data/My seeds.csv` becomes `My-seeds`."""
    return _valid_name_like(PurePosixPath(without_credentials(seed_path)).stem)


def dataset_folder(output: str, name: str) -> UPath:
    """Says where a dataset's versions are.

    Raises:
        UsageError: the name cannot be a folder's everywhere, or the output's protocol is unknown.
    """
    if not _is_name(name):
        raise UsageError(
            f"dataset name {name!r}: expected at most {_LONGEST_NAME} letters, digits, '.', '_' "
            f"and '-', a letter or digit first; use {_valid_name_like(name)!r}, for example"
        )
    return located(output) / name


def new_version(started_at: datetime, run_id: str) -> str:
    """Names a version, as in `20261124T053516Z-1a2b3c4d`; names sort by when their runs started.

    Args:
        started_at: when the run started, with its time zone.
        run_id: the run's UUID; its first 8 digits tell apart what started in the same second.
    """
    return f"{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{run_id.replace('-', '')[:8].lower()}"


def is_version(text: str) -> bool:
    """Tells whether a text is spelled as a version is."""
    return _VERSION.fullmatch(text) is not None


def version_folder(output: str, name: str, version: str, revision: int = 1) -> UPath:
    """Says where a revision of a version is.

    Raises:
        UsageError: the name or the version is not spelled as one, or the protocol is unknown.
    """
    if not is_version(version):
        raise UsageError(f"version {version!r}: expected one as in 20261124T053516Z-1a2b3c4d")
    folder = version if revision == 1 else f"{version}-r{revision}"
    return dataset_folder(output, name) / folder


def newest_revision(output: str, name: str, version: str) -> int:
    """Finds the newest whole revision of a version; 0 where there is none."""
    return next(
        revision - 1
        for revision in count(1)
        if not (version_folder(output, name, version, revision) / MANIFEST_FILE).exists()
    )


def check_writable(output: str, name: str) -> None:
    """Proves that versions can be written, before anything is paid for.

    Makes the dataset's folder, and writes and removes a small file in it.

    Raises:
        UsageError: they cannot; says why.
    """
    folder = dataset_folder(output, name)
    probe = folder / f".write-check-{secrets.token_hex(4)}"
    try:
        make_folder(folder)
        write_whole(probe, b"Duologue wrote this to see whether it can; it may be removed.\n")
        probe.unlink()
    except Exception as error:  # an object store's driver raises what it likes
        raise UsageError(
            f"output {without_credentials(folder)}: cannot be written to: {reason_of(error)}; "
            "choose a folder that this user can write to"
        ) from error


def write_version(output: str, name: str, version: str, contents: DatasetContents) -> Manifest:
    """Writes every file of a version, its manifest last. Whatever goes wrong leaves no part of it.

    Where the version is there already, this writes its next revision, and leaves the others alone.

    Args:
        output: where datasets are, a local folder or a URL.
        name: of the dataset.
        version: made by `new_version`.
        contents: what the run made.

    Raises:
        ExportError: it could not be written.
        UsageError: the name or the version is not spelled as one.
        UnaccountedSeedsError: the contents lost or doubled a seed.
    """
    version_folder(output, name, version)  # refuses what is not spelled as one
    _ = contents.counts  # a lost seed is told before anything is written
    refuse_unwritable_text(contents.valid)
    place = without_credentials(dataset_folder(output, name))
    with export_errors(f"version {version}: cannot be written to {place}"):
        revision = newest_revision(output, name, version) + 1
        folder = version_folder(output, name, version, revision)
        remove_folder(folder)  # what a killed writer may have left
        try:
            return _write_files(folder, partial(manifest_of, name, version, revision), contents)
        except BaseException:  # Ctrl-C as well
            with suppress(Exception):  # the storage that refused to be written to may refuse this
                _remove_version(folder)
            raise


@contextmanager
def export_errors(what: str) -> Iterator[None]:
    """Tells whatever storage raises as an ExportError that opens with `what`."""
    try:
        yield
    except DuologueError:
        raise
    except Exception as error:  # an object store's driver raises what it likes
        raise ExportError(
            f"{what}: {reason_of(error)}. No conversation is lost: mend that and run again"
        ) from error


def _write_files(
    folder: UPath,
    manifest_of_files: Callable[[DatasetContents, Iterable[FileRecord]], Manifest],
    contents: DatasetContents,
) -> Manifest:
    make_folder(folder)
    files = [
        _write_file(folder / file_name, partial(write, contents))
        for file_name, write in WRITERS.items()
    ]
    manifest = manifest_of_files(contents, files)
    card = _write_file(folder / CARD_FILE, partial(write_card, manifest))
    manifest = manifest.model_copy(update={"files": (*files, card)})
    write_whole(folder / MANIFEST_FILE, (manifest.model_dump_json(indent=2) + "\n").encode())
    return manifest


def _write_file(path: UPath, write: Callable[[RawIOBase], int | None]) -> FileRecord:
    with opened_whole(path) as file:
        sink = HashingSink(file)
        rows = write(sink)
    return FileRecord(name=path.name, bytes=sink.size_bytes, sha256=sink.sha256, rows=rows)


def _remove_version(folder: UPath) -> None:
    """Removes the manifest first, so that no reader takes what is left for a version."""
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    remove_folder(folder)


def _is_name(text: str) -> bool:
    return (
        _NAME.fullmatch(text) is not None
        and len(text) <= _LONGEST_NAME
        and ".." not in text
        and not text.endswith(".")
        and not _RESERVED_ON_WINDOWS.fullmatch(text)
    )


def _valid_name_like(text: str) -> str:
    text = re.sub(r"\.+", ".", text)
    slug = slugify(text, lowercase=False, regex_pattern=r"[^A-Za-z0-9._-]+")
    name = slug[:_LONGEST_NAME].strip("._-") or "dataset"
    return name if _is_name(name) else f"dataset-{name}"[:_LONGEST_NAME].rstrip(".")
