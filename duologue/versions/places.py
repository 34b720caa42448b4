"""Versions: what they are called, where they are, and which there are.

    OUTPUT/DATASET/latest.json
    OUTPUT/DATASET/pins/VERSION.json              a version that a person wants to stay
    OUTPUT/DATASET/.checkpoints/VERSION/…         what its run produced so far (checkpoints.py)
    OUTPUT/DATASET/evaluations/EVALUATION/…       of its versions
    OUTPUT/DATASET/VERSION/conversations.parquet, …, and last of all manifest.json
    OUTPUT/DATASET/VERSION-r2/…                   the same version, made whole by a retry

A version whose manifest is not there does not exist, whatever else is in its folder. A retry never
touches what is there: each revision has a folder of its own, so that no reader ever meets the files
of two, and what was pinned stays what it was.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from slugify import slugify
from upath import UPath

from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.errors import UsageError
from duologue.storage.files import located
from duologue.storage.locations import without_credentials

EVALUATIONS_FOLDER = "evaluations"

_LONGEST_NAME = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}", re.ASCII)
_REVISION_FOLDER = re.compile(rf"({_VERSION.pattern})(?:-r([1-9]\d*))?", re.ASCII)
_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def dataset_name_from(seed_path: str) -> str:
    """Makes a dataset's name of the seed file's: `data/My seeds.csv` becomes `My-seeds`."""
    return _valid_name_like(PurePosixPath(without_credentials(seed_path)).stem)


def dataset_folder(output: str, name: str) -> UPath:
    """Says where a dataset's versions are.

    Raises:
        UsageError: the name cannot be a folder's everywhere, or the output's protocol is unknown.
    """
    if not is_dataset_name(name):
        raise UsageError(
            f"dataset name {name!r}: expected at most {_LONGEST_NAME} letters, digits, '.', '_' "
            f"and '-', a letter or digit first; use {_valid_name_like(name)!r}, for example"
        )
    return located(output) / name


def new_version(started_at: datetime, run_id: str) -> str:
    """Names a version, as in `20261124T053516Z-1a2b3c4d`; names sort by when their runs started.

    Args:
        started_at: when the run started, with its time zone.
        run_id: the run's UUID; its last 8 digits tell apart what started in the same second. Its
            first ones are the time as well, in the UUIDs of runs that Prefect schedules.
    """
    return f"{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{run_id[-8:].lower()}"


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
    return dataset_folder(output, name) / revision_name(version, revision)


def revision_name(version: str, revision: int) -> str:
    """Names the folder of a revision."""
    return version if revision == 1 else f"{version}-r{revision}"


@dataclass(frozen=True, slots=True, order=True)
class Revision:
    """One folder of a version, whole or not."""

    version: str
    revision: int
    """From 1."""


def revisions_begun(output: str, name: str) -> list[Revision]:
    """Lists every revision that has a folder, oldest first; some may be not whole, or never."""
    folder = dataset_folder(output, name)
    names = []
    with suppress(FileNotFoundError):
        names = [PurePosixPath(path).name for path in folder.fs.ls(folder.path, detail=False)]
    found = (_REVISION_FOLDER.fullmatch(name) for name in names)
    return sorted(Revision(match[1], int(match[2] or 1)) for match in found if match)


def whole_revisions(output: str, name: str) -> list[Revision]:
    """Lists every revision that has its manifest, oldest first."""
    return [
        revision
        for revision in revisions_begun(output, name)
        if (revision_folder(output, name, revision) / MANIFEST_FILE).exists()
    ]


def earlier_manifests(output: str, name: str, version: str, most: int) -> list[Manifest]:
    """Reads the manifests of the newest versions before one, oldest first, each as last revised.

    One that cannot be read is passed over: it is no reason to lose a new version.
    """
    newest_first: dict[str, Manifest] = {}
    for revision in reversed(whole_revisions(output, name)):
        if revision.version >= version or revision.version in newest_first:
            continue
        with suppress(UsageError):
            place = revision_folder(output, name, revision) / MANIFEST_FILE
            newest_first[revision.version] = read_manifest(place)
        if len(newest_first) == most:
            break
    return list(reversed(newest_first.values()))


def revision_folder(output: str, name: str, revision: Revision) -> UPath:
    """Says where a revision is."""
    return version_folder(output, name, revision.version, revision.revision)


def newest_revision(output: str, name: str, version: str) -> int:
    """Finds the newest whole revision of a version; 0 where there is none."""
    numbers = (
        begun.revision
        for begun in reversed(revisions_begun(output, name))
        if begun.version == version
        and (revision_folder(output, name, begun) / MANIFEST_FILE).exists()
    )
    return next(numbers, 0)


def is_dataset_name(text: str) -> bool:
    """Tells whether a dataset may have a name: whether a folder may, on every system."""
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
    return name if is_dataset_name(name) else f"dataset-{name}"[:_LONGEST_NAME].rstrip(".")
