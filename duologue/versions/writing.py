"""Writing a version: whole, or not at all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from io import RawIOBase

from upath import UPath

from duologue.dataset.card import CARD_FILE, write_card
from duologue.dataset.changes import Changes
from duologue.dataset.contents import DatasetContents
from duologue.dataset.formats import WRITERS, refuse_unwritable_text
from duologue.dataset.manifest import MANIFEST_FILE, FileRecord, Manifest, manifest_of
from duologue.errors import DuologueError, ExportError, UsageError
from duologue.report.page import REPORT_FILE, VERSIONS_DRAWN, write_report
from duologue.storage.files import (
    HashingSink,
    claim,
    opened_whole,
    prove_writable,
    reason_of,
    remove_folder,
    write_whole,
)
from duologue.storage.locations import shown_cause, without_credentials
from duologue.versions.comparing import changes_since_before
from duologue.versions.places import (
    Revision,
    dataset_folder,
    earlier_manifests,
    revision_folder,
    revisions_begun,
    version_folder,
)
from duologue.versions.quality import quality_of

CLAIM_FILE = ".writing"
"""The first file in a revision's folder, empty, and there only while the revision is written."""


def check_writable(output: str, name: str) -> None:
    """Proves that versions can be written, before anything is paid for.

    Raises:
        UsageError: they cannot; says why.
    """
    folder = dataset_folder(output, name)
    prove_writable(folder, "output", "choose a folder that this user can write to")


def write_version(output: str, name: str, version: str, contents: DatasetContents) -> Manifest:
    """Writes every file of a version, its manifest last. Whatever goes wrong leaves no part of it.

    Where the version is there already, this writes its next revision, and leaves the others alone.
    So it does where another writer is at it at the same time.

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
        revision = _claim_next_revision(output, name, version)
        folder = revision_folder(output, name, revision)
        try:
            changes = _changes(output, name, revision, contents)
            earlier = earlier_manifests(output, name, version, most=VERSIONS_DRAWN)
            quality = quality_of(contents, [manifest.quality for manifest in earlier])
            make_manifest = partial(manifest_of, name, version, revision.revision, changes, quality)
            manifest = _write_files(folder, make_manifest, contents, earlier)
        except BaseException:  # Ctrl-C as well
            with suppress(Exception):  # the storage that refused to be written to may refuse this
                remove_revision(folder)
            raise
        (folder / CLAIM_FILE).unlink(missing_ok=True)
        return manifest


def remove_revision(folder: UPath) -> None:
    """Removes the manifest first, so that no reader takes what is left for a version."""
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    remove_folder(folder)


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
        ) from shown_cause(error)


def _changes(
    output: str, name: str, revision: Revision, contents: DatasetContents
) -> Changes | None:
    try:
        return changes_since_before(output, name, revision, contents)
    except UsageError:  # a damaged version before is no reason to lose this one
        return None


def _claim_next_revision(output: str, name: str, version: str) -> Revision:
    """Takes the first revision that nobody has begun, so that no two writers share a folder."""
    begun = [item.revision for item in revisions_begun(output, name) if item.version == version]
    revision = Revision(version, max(begun, default=0) + 1)
    folder = revision_folder(output, name, revision)
    try:
        claim(folder / CLAIM_FILE)
    except FileExistsError:
        return _claim_next_revision(output, name, version)
    if (folder / MANIFEST_FILE).exists():  # claimed, written and done since it was looked for
        (folder / CLAIM_FILE).unlink(missing_ok=True)
        return _claim_next_revision(output, name, version)
    return revision


def _write_files(
    folder: UPath,
    manifest_of_files: Callable[[DatasetContents, Iterable[FileRecord]], Manifest],
    contents: DatasetContents,
    earlier: Sequence[Manifest],
) -> Manifest:
    files = [
        write_file(folder / file_name, partial(write, contents))
        for file_name, write in WRITERS.items()
    ]
    manifest = manifest_of_files(contents, files)
    report = write_file(folder / REPORT_FILE, partial(write_report, manifest, contents, earlier))
    manifest = manifest.model_copy(update={"files": (*files, report)})
    card = write_file(folder / CARD_FILE, partial(write_card, manifest))
    manifest = manifest.model_copy(update={"files": (*files, report, card)})
    write_whole(folder / MANIFEST_FILE, (manifest.model_dump_json(indent=2) + "\n").encode())
    return manifest


def write_file(path: UPath, write: Callable[[RawIOBase], int | None]) -> FileRecord:
    """Writes a file whole, and tells what the manifest says of it.

    Args:
        path: the file.
        write: writes its content; returns its rows, None where it has none.
    """
    with opened_whole(path) as file:
        sink = HashingSink(file)
        rows = write(sink)
    return FileRecord(name=path.name, bytes=sink.size_bytes, sha256=sink.sha256, rows=rows)
