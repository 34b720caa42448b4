"""Writing a version completely, or not at all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import RawIOBase

from upath import UPath

from duologue.dataset.card import CARD_FILE, write_card
from duologue.dataset.changes import Changes
from duologue.dataset.contents import DatasetContents
from duologue.dataset.formats import WRITERS, refuse_unwritable_text
from duologue.dataset.manifest import MANIFEST_FILE, FileRecord, Manifest, manifest_of
from duologue.dataset.realism import NOT_MEASURED, RunRealism
from duologue.errors import ExportError, UsageError
from duologue.report.page import REPORT_FILE, VERSIONS_DRAWN, write_report
from duologue.storage.files import (
    HashingSink,
    claim,
    opened_whole,
    prove_writable,
    remove_folder,
    storage_errors,
    write_json,
)
from duologue.traffic.coverage import Coverage
from duologue.validation.dataset_rules.assess import assess
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.quality import DatasetQuality
from duologue.versions.comparing import changes_since_before
from duologue.versions.measured import newest_reliability
from duologue.versions.places import DatasetFolder, Revision, Version

export_errors = partial(
    storage_errors,
    remedy=". No conversation is lost: fix that and run again",
    error_class=ExportError,
)
"""Raises whatever storage raises in its block as an ExportError."""

CLAIM_FILE = ".writing"
"""The first file in a revision's folder, empty, and there only while the revision is written."""


def check_writable(dataset: DatasetFolder) -> None:
    """Proves that versions can be written, before anything is billed.

    Raises:
        UsageError: they cannot; says why.
    """
    prove_writable(dataset.folder, "output", "choose a folder that this user can write to")


def write_version(
    dataset: DatasetFolder,
    version: str,
    contents: DatasetContents,
    realism: RunRealism = NOT_MEASURED,
    coverage: Coverage | None = None,
) -> Version:
    """Writes every file of a version, its manifest last. Any error removes all of it again.

    If the version exists already, this writes its next revision and leaves the others alone; the
    same applies while another writer is writing it.

    Args:
        dataset: the dataset.
        version: made by `new_version`.
        contents: what the run produced.
        realism: how well its simulated users can be told from real ones, if that was measured.
        coverage: how much of the real traffic it covers, if that was measured.

    Raises:
        ExportError: it could not be written.
        UsageError: the version does not have the form of one.
        UnaccountedSeedsError: the contents lost or duplicated a seed.
    """
    dataset.revision_folder(version)  # refuses a text that is not a version
    _ = contents.counts  # reports a lost seed before anything is written
    refuse_unwritable_text(contents.valid)
    with export_errors(f"version {version}: cannot be written to {dataset}"):
        revision = _claim_next_revision(dataset, version)
        folder = dataset.folder / revision.folder_name
        try:
            changes = _changes(dataset, revision, contents)
            earlier = dataset.manifests_before(version, most=VERSIONS_DRAWN)
            quality = _quality(
                contents,
                [manifest.quality for manifest in earlier],
                _against_real(realism, coverage),
            )
            make_manifest = partial(
                manifest_of, dataset.name, version, revision.revision, changes, quality, realism
            )
            manifest = _write_files(folder, make_manifest, contents, earlier, coverage)
        except BaseException:  # Ctrl-C as well
            with suppress(Exception):  # the storage that refused the files may refuse this too
                remove_revision(folder)
            raise
        (folder / CLAIM_FILE).unlink(missing_ok=True)
        return Version(folder, manifest)


def remove_revision(folder: UPath) -> None:
    """Removes a revision, its manifest first, so that no reader takes the rest for a version."""
    (folder / MANIFEST_FILE).unlink(missing_ok=True)
    remove_folder(folder)


def _changes(
    dataset: DatasetFolder, revision: Revision, contents: DatasetContents
) -> Changes | None:
    try:
        return changes_since_before(dataset, revision, contents)
    except UsageError:  # a damaged earlier version must not cost us this one
        return None


def _quality(
    contents: DatasetContents,
    earlier: Sequence[DatasetQuality],
    others: Mapping[str, tuple[float, float]],
) -> DatasetQuality:
    """Runs the dataset rules on what a run produced, against the versions before, oldest first."""
    members = [
        DatasetConversation(
            conversation_id=item.conversation.conversation_id,
            messages=item.conversation.messages[item.conversation.opening :],
            end_reason=item.conversation.end_reason,
            seed_message=item.seed.message,
        )
        for item in contents.valid
    ]
    return assess(
        members,
        failed=len(contents.failed),
        invalid=len(contents.invalid),
        earlier=earlier,
        settings=contents.settings.dataset_rules,
        others=others,
    )


def _against_real(realism: RunRealism, coverage: Coverage | None) -> dict[str, tuple[float, float]]:
    """Returns what was measured against real users: values and standard errors, by measure."""
    measures = {}
    if realism.measured is not None:
        measures["realism_auc"] = realism.measured.auc, realism.measured.standard_error
    if coverage is not None:
        measures["coverage"] = coverage.share, coverage.standard_error
    return measures


def _claim_next_revision(dataset: DatasetFolder, version: str) -> Revision:
    """Takes the first revision that nobody has started, so that no two writers share a folder."""
    started = [item.revision for item in dataset.revisions_started() if item.version == version]
    revision = Revision(version, max(started, default=0) + 1)
    folder = dataset.folder / revision.folder_name
    try:
        claim(folder / CLAIM_FILE)
    except FileExistsError:
        return _claim_next_revision(dataset, version)
    if (folder / MANIFEST_FILE).exists():  # claimed and written by another since we looked
        (folder / CLAIM_FILE).unlink(missing_ok=True)
        return _claim_next_revision(dataset, version)
    return revision


def _write_files(
    folder: UPath,
    manifest_of_files: Callable[[DatasetContents, Iterable[FileRecord]], Manifest],
    contents: DatasetContents,
    earlier: Sequence[Manifest],
    coverage: Coverage | None,
) -> Manifest:
    files = [
        write_file(folder / file_name, partial(write, contents))
        for file_name, write in WRITERS.items()
    ]
    manifest = manifest_of_files(contents, files)
    measured = newest_reliability(folder.parent)
    page = partial(write_report, manifest, contents, earlier, measured=measured, coverage=coverage)
    report = write_file(folder / REPORT_FILE, page)
    manifest = manifest.model_copy(update={"files": (*files, report)})
    card = write_file(folder / CARD_FILE, partial(write_card, manifest))
    manifest = manifest.model_copy(update={"files": (*files, report, card)})
    write_json(folder / MANIFEST_FILE, manifest)
    return manifest


def write_file(path: UPath, write: Callable[[RawIOBase], int | None]) -> FileRecord:
    """Writes a file completely and returns what the manifest records about it.

    Args:
        path: the file.
        write: writes its content; returns its number of rows, None for a file without rows.
    """
    with opened_whole(path) as file:
        sink = HashingSink(file)
        rows = write(sink)
    return FileRecord(name=path.name, bytes=sink.size_bytes, sha256=sink.sha256, rows=rows)
