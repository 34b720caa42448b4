"""The versions of a dataset over time: which to keep, which to remove, which `latest` names."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from upath import UPath

from duologue.dataset.manifest import MANIFEST_FILE, Manifest
from duologue.errors import UsageError
from duologue.settings.options import Record
from duologue.storage.files import make_folder, modified_at, names_in, write_json
from duologue.storage.locations import without_credentials
from duologue.versions.checkpoints import remove_checkpoints
from duologue.versions.latest import Latest, name_latest, read_latest, repair_latest
from duologue.versions.places import EVALUATIONS_FOLDER, DatasetFolder, Revision, Version
from duologue.versions.unchanged import remove_unused
from duologue.versions.writing import CLAIM_FILE, export_errors, remove_revision

PINS_FOLDER = "pins"

LONGEST_WRITING = timedelta(days=1)
"""A folder started longer ago without a manifest was left by a writer that was killed. The largest
version is written within minutes."""


class Pin(Record):
    """A person's wish to keep a version."""

    version: str
    reason: str | None = None
    pinned_at: datetime
    """UTC."""


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A version, represented by its newest complete revision."""

    version: Version
    is_latest: bool
    pin: Pin | None

    @property
    def manifest(self) -> Manifest:
        """The manifest of that revision."""
        return self.version.manifest


def past_versions(dataset: DatasetFolder) -> list[PastVersion]:
    """Lists the versions of a dataset, newest first.

    Raises:
        UsageError: a manifest or latest.json cannot be read.
    """
    latest = read_latest(dataset.folder)
    pins = read_pins(dataset)
    newest = {revision.version: revision for revision in dataset.revisions()}
    return [
        PastVersion(
            version=dataset.read(revision),
            is_latest=latest is not None and latest.version == revision.version,
            pin=pins.get(revision.version),
        )
        for revision in sorted(newest.values(), reverse=True)
    ]


def pin_version(dataset: DatasetFolder, version: str, reason: str | None = None) -> Pin:
    """Protects a version from removal, by retention as well as by `remove_version`.

    Raises:
        UsageError: there is no such version.
        ExportError: the pin could not be written.
    """
    _newest_revision(dataset, version)
    pin = Pin(version=version, reason=reason, pinned_at=datetime.now(UTC))
    place = _pin_file(dataset, version)
    with export_errors(f"version {version}: cannot be pinned"):
        make_folder(place.parent)
        write_json(place, pin)
    return pin


def unpin_version(dataset: DatasetFolder, version: str) -> None:
    """Removes a pin.

    Raises:
        UsageError: the version is not pinned.
    """
    try:
        _pin_file(dataset, version).unlink()
    except FileNotFoundError:
        raise UsageError(
            f"version {version}: is not pinned; `duologue versions` shows the pinned ones"
        ) from None


def read_pins(dataset: DatasetFolder) -> dict[str, Pin]:
    """Reads all pins of a dataset, by version."""
    folder = dataset.folder / PINS_FOLDER
    files = list(folder.iterdir()) if folder.is_dir() else []
    pins = [_read_pin(file) for file in files if file.suffix == ".json"]
    return {pin.version: pin for pin in pins}


def remove_version(dataset: DatasetFolder, version: str) -> None:
    """Removes every revision of a version.

    Raises:
        UsageError: there is no such version, it is pinned, or it is published.
    """
    _newest_revision(dataset, version)
    if version in read_pins(dataset):
        raise UsageError(f"version {version}: is pinned; `duologue versions unpin {version}` first")
    latest = read_latest(dataset.folder)
    if latest is not None and latest.version == version:
        raise UsageError(
            f"version {version}: is the one that `latest` names; "
            "`duologue versions rollback` to another one first"
        )
    _remove(dataset, [version])


def roll_back(dataset: DatasetFolder, version: str | None = None) -> Latest:
    """Publishes an earlier version. The next one that passes its gates replaces it.

    Args:
        dataset: the dataset.
        version: None for the newest good one before the published one.

    Raises:
        UsageError: there is no such version.
        ExportError: latest.json could not be replaced.
    """
    if version is None:
        version = _good_version_before_latest(dataset)
    return name_latest(dataset.read(_newest_revision(dataset, version)))


def remove_outdated(
    dataset: DatasetFolder, keep_versions: int | None, just_written: str | None = None
) -> list[str]:
    """Keeps the N newest versions, the pinned ones and the published one, and removes the others.

    Also removes what killed writers left, however many versions are to be kept.

    Args:
        dataset: the dataset.
        keep_versions: how many of the newest versions to keep, published or held back; None keeps
            all.
        just_written: a version to keep however old its name is: one from last week that was
            completed today, or one that was started while the clock was behind.

    Returns:
        The versions removed, oldest first.
    """
    _remove_abandoned(dataset)
    if keep_versions is None:
        return []
    versions = dataset.versions()
    latest = read_latest(dataset.folder)
    kept = {
        *versions[-keep_versions:],
        *read_pins(dataset),
        *([latest.version] if latest else []),
        *([just_written] if just_written else []),
    }
    outdated = [version for version in versions if version not in kept]
    _remove(dataset, outdated)
    oldest_kept = min(versions[-keep_versions:], default="")
    # Also those of runs that were cut short and never became a version.
    _remove_checkpoints(dataset, lambda run: run < oldest_kept and run not in kept)
    remove_unused(dataset, [item for item in dataset.revisions() if item.version in kept])
    repair_latest(dataset)
    return outdated


def _good_version_before_latest(dataset: DatasetFolder) -> str:
    past = past_versions(dataset)
    latest = next((item.manifest.version for item in past if item.is_latest), None)
    good = (
        item.manifest.version
        for item in past
        if not item.manifest.held_back and (latest is None or item.manifest.version < latest)
    )
    version = next(good, None)
    if version is None:
        raise UsageError(
            f"dataset {dataset.name}: no version before {latest or 'the newest'} passed its gates; "
            "name the version to roll back to"
        )
    return version


def _newest_revision(dataset: DatasetFolder, version: str) -> Revision:
    revision = dataset.newest_revision(version)
    if revision is None:
        raise UsageError(
            f"version {version}: not found in {dataset}; `duologue versions` lists the versions "
            "there are"
        )
    return revision


def _remove(dataset: DatasetFolder, versions: Iterable[str]) -> None:
    outdated = set(versions)
    for revision in dataset.revisions_started():
        if revision.version in outdated:
            remove_revision(dataset.folder / revision.folder_name)
    _remove_checkpoints(dataset, outdated.__contains__)


def _remove_checkpoints(dataset: DatasetFolder, is_outdated: Callable[[str], bool]) -> None:
    folder = dataset.folder
    remove_checkpoints([folder, folder / EVALUATIONS_FOLDER], is_outdated)


def _remove_abandoned(dataset: DatasetFolder) -> None:
    for revision in dataset.revisions_started():
        folder = dataset.folder / revision.folder_name
        with suppress(FileNotFoundError):  # another process is removing it
            if _is_abandoned(folder):
                remove_revision(folder)


def _is_abandoned(folder: UPath) -> bool:
    """Checks whether a folder is not a complete revision and nobody is writing it any longer."""
    names = names_in(folder)
    if names and CLAIM_FILE not in names:
        # The rest of a removed revision, unless it is complete. A writer that has just finished
        # wrote the manifest before it removed its claim.
        return not (folder / MANIFEST_FILE).exists()
    if MANIFEST_FILE in names:
        return False
    started_at = modified_at(folder / CLAIM_FILE if names else folder)
    return datetime.now(UTC) - started_at > LONGEST_WRITING


def _pin_file(dataset: DatasetFolder, version: str) -> UPath:
    name = dataset.revision_folder(version).name  # refuses a text that is not a version
    return dataset.folder / PINS_FOLDER / f"{name}.json"


def _read_pin(path: UPath) -> Pin:
    try:
        return Pin.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(path)}: is not a pin of Duologue; remove the file"
        ) from error
