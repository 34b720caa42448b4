"""Versions: what they are called, where they are, and which there are.

    OUTPUT/DATASET/latest.json
    OUTPUT/DATASET/pins/VERSION.json              a version that a person wants to keep
    OUTPUT/DATASET/.checkpoints/VERSION/…         what its run has produced so far
    OUTPUT/DATASET/evaluations/EVALUATION/…       of its versions
    OUTPUT/DATASET/comparisons/COMPARISON/…       of two chatbots
    OUTPUT/DATASET/reviews/…                      what people decided about its conversations
    OUTPUT/DATASET/realism/VERSION/…              how human its simulated users are
    OUTPUT/DATASET/VERSION/conversations.parquet, …, and last of all manifest.json
    OUTPUT/DATASET/VERSION-r2/…                   the same version, completed by a retry

A version without a manifest does not exist, whatever else is in its folder. A retry never changes
existing files: each revision has its own folder, so that no reader ever sees a mixture of two, and
a pinned revision stays as it was.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from upath import UPath

from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.errors import UsageError
from duologue.settings.dataset_names import LONGEST_NAME, is_dataset_name, valid_name_like
from duologue.storage.files import located, names_in
from duologue.storage.locations import without_credentials

EVALUATIONS_FOLDER = "evaluations"
COMPARISONS_FOLDER = "comparisons"
REVIEWS_FOLDER = "reviews"

EXAMPLE_VERSION = "20261124T053516123Z-1a2b3c4d"

_VERSION = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}", re.ASCII)
_REVISION_FOLDER = re.compile(rf"({_VERSION.pattern})(?:-r([1-9]\d*))?", re.ASCII)


def new_version(started_at: datetime, run_id: str) -> str:
    """Names a version, such as `20261124T053516123Z-1a2b3c4d`; names sort by start time.

    Args:
        started_at: when the run started, with its time zone; used to the millisecond.
        run_id: the run's UUID. Its last 8 digits distinguish runs that started in the same
            millisecond; the first ones repeat the time in the UUIDs that Prefect schedules.
    """
    moment = started_at.astimezone(UTC)
    milliseconds = moment.microsecond // 1000
    return f"{moment:%Y%m%dT%H%M%S}{milliseconds:03}Z-{run_id[-8:].lower()}"


def is_version(text: str) -> bool:
    """Checks whether a text has the form of a version's name."""
    return _VERSION.fullmatch(text) is not None


def revision_name(version: str, revision: int) -> str:
    """Names the folder of a revision."""
    return version if revision == 1 else f"{version}-r{revision}"


@dataclass(frozen=True, slots=True, order=True)
class Revision:
    """One folder of a version, complete or not. Sorts by version, then by revision."""

    version: str
    revision: int
    """From 1."""

    @property
    def folder_name(self) -> str:
        """The folder's name, such as `20261124T053516123Z-1a2b3c4d-r2`."""
        return revision_name(self.version, self.revision)


def revision_in(folder_name: str) -> Revision | None:
    """Returns the revision whose folder has this name; None if no revision's has."""
    match = _REVISION_FOLDER.fullmatch(folder_name)
    return Revision(match[1], int(match[2] or 1)) if match else None


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """A dataset: where its versions are, whether there are any yet or not.

    Raises:
        UsageError: the name cannot be a folder's name on every system.
    """

    output: str
    """The folder, or URL, that holds the datasets."""
    name: str

    def __post_init__(self) -> None:
        if not is_dataset_name(self.name):
            raise UsageError(
                f"dataset name {self.name!r}: expected at most {LONGEST_NAME} letters, digits, "
                "'.', '_' and '-', starting with a letter or digit; use "
                f"{valid_name_like(self.name)!r}, for example"
            )

    def __str__(self) -> str:
        """The folder, safe to show."""
        return without_credentials(self.folder)

    @property
    def folder(self) -> UPath:
        """The dataset's folder.

        Raises:
            UsageError: the output's protocol is unknown.
        """
        return located(self.output) / self.name

    def revision_folder(self, version: str, revision: int = 1) -> UPath:
        """Returns the folder of a revision.

        Raises:
            UsageError: the version does not have the form of one, or the protocol is unknown.
        """
        if not is_version(version):
            raise UsageError(f"version {version!r}: expected one such as {EXAMPLE_VERSION}")
        return self.folder / revision_name(version, revision)

    def version(self, manifest: Manifest) -> "Version":
        """Returns the version of this dataset that a manifest describes."""
        return Version(self.revision_folder(manifest.version, manifest.revision), manifest)

    def revisions_started(self) -> list[Revision]:
        """Lists every revision that has a folder, oldest first; some may never be completed."""
        names: set[str] = set()
        with suppress(FileNotFoundError):
            names = names_in(self.folder)
        return sorted(filter(None, map(revision_in, names)))

    def revisions(self) -> list[Revision]:
        """Lists every revision that has its manifest, oldest first."""
        folder = self.folder
        return [
            revision
            for revision in self.revisions_started()
            if (folder / revision.folder_name / MANIFEST_FILE).exists()
        ]

    def versions(self) -> list[str]:
        """Lists the versions that have a complete revision, oldest first."""
        return sorted({revision.version for revision in self.revisions()})

    def newest_revision(self, version: str) -> Revision | None:
        """Finds the newest complete revision of a version; None if there is none."""
        folder = self.folder
        complete = (
            started
            for started in reversed(self.revisions_started())
            if started.version == version
            and (folder / started.folder_name / MANIFEST_FILE).exists()
        )
        return next(complete, None)

    def read(self, revision: Revision) -> "Version":
        """Reads the manifest of a revision.

        Raises:
            UsageError: it is not there or cannot be read.
        """
        return read_version(self.revision_folder(revision.version, revision.revision))

    def manifests_before(self, version: str, most: int) -> list[Manifest]:
        """Reads the manifests of the newest versions before one, each from its newest revision.

        A manifest that cannot be read is skipped: it must not prevent a new version.

        Args:
            version: the versions before this one.
            most: at most this many.

        Returns:
            The manifests, oldest first.
        """
        newest_first: dict[str, Manifest] = {}
        for revision in reversed(self.revisions()):
            if revision.version >= version or revision.version in newest_first:
                continue
            with suppress(UsageError):
                newest_first[revision.version] = self.read(revision).manifest
            if len(newest_first) == most:
                break
        return list(reversed(newest_first.values()))


@dataclass(frozen=True, slots=True)
class Version:
    """One complete revision of a version: where its files are, and its manifest."""

    folder: UPath
    manifest: Manifest

    def __str__(self) -> str:
        """As in `support 20261124T053516123Z-1a2b3c4d, revision 2`."""
        manifest = self.manifest
        return f"{manifest.dataset} {manifest.version}, revision {manifest.revision}"

    @property
    def dataset(self) -> DatasetFolder:
        """The dataset that it is a version of, where its next revision is written.

        Raises:
            UsageError: its folder is a copy that is not inside a dataset's folder.
        """
        manifest, folder = self.manifest, self.folder
        expected = (manifest.dataset, revision_name(manifest.version, manifest.revision))
        if folder.parts[-2:] != expected:
            folder = folder.resolve()  # a path from within, such as `./VERSION`, or a link
        if folder.parts[-2:] != expected:
            raise UsageError(
                f"{without_credentials(folder)}: is a copy of {'/'.join(expected)}; put it into "
                "folders with these names, because a rerun writes the next revision next to it"
            )
        return DatasetFolder(str(folder.parent.parent), manifest.dataset)


def read_version(folder: UPath) -> Version:
    """Reads the manifest in a version's folder.

    Raises:
        UsageError: it is not there or cannot be read.
    """
    return Version(folder, read_manifest(folder / MANIFEST_FILE))
