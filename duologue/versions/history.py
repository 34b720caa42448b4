"""The versions of a dataset over time: which to keep, which to remove, which `latest` names."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError
from upath import UPath

from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.errors import UsageError
from duologue.storage.files import make_folder, write_whole
from duologue.storage.locations import without_credentials
from duologue.versions.checkpoints import remove_checkpoints
from duologue.versions.latest import Latest, mended_latest, name_latest, read_latest
from duologue.versions.places import (
    EVALUATIONS_FOLDER,
    Revision,
    dataset_folder,
    newest_revision,
    revision_folder,
    revisions_begun,
    version_folder,
    whole_revisions,
)
from duologue.versions.writing import CLAIM_FILE, export_errors, remove_revision

PINS_FOLDER = "pins"

LONGEST_WRITING = timedelta(days=1)
"""A folder that was begun longer ago and has no manifest was left by a writer that was killed. The
largest version is written within minutes."""


class Pin(BaseModel):
    """A person's wish that a version stay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    reason: str | None = None
    pinned_at: datetime
    """UTC."""


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A version as its newest whole revision has it."""

    manifest: Manifest
    folder: UPath
    is_latest: bool
    pin: Pin | None


def past_versions(output: str, name: str) -> list[PastVersion]:
    """Lists the versions of a dataset, newest first.

    Raises:
        UsageError: a manifest or latest.json cannot be read.
    """
    latest = read_latest(dataset_folder(output, name))
    pins = read_pins(output, name)
    newest = {revision.version: revision for revision in whole_revisions(output, name)}
    return [
        PastVersion(
            manifest=read_manifest(revision_folder(output, name, revision) / MANIFEST_FILE),
            folder=revision_folder(output, name, revision),
            is_latest=latest is not None and latest.version == revision.version,
            pin=pins.get(revision.version),
        )
        for revision in sorted(newest.values(), reverse=True)
    ]


def versions_kept(output: str, name: str) -> list[str]:
    """Lists the versions of a dataset that are whole, oldest first."""
    return sorted({revision.version for revision in whole_revisions(output, name)})


def pin_version(output: str, name: str, version: str, reason: str | None = None) -> Pin:
    """Keeps a version from being removed, by retention as by `remove_version`.

    Raises:
        UsageError: there is no such version.
        ExportError: the pin could not be written.
    """
    _check_exists(output, name, version)
    pin = Pin(version=version, reason=reason, pinned_at=datetime.now(UTC))
    place = _pin_file(output, name, version)
    with export_errors(f"version {version}: cannot be pinned"):
        make_folder(place.parent)
        write_whole(place, (pin.model_dump_json(indent=2) + "\n").encode())
    return pin


def unpin_version(output: str, name: str, version: str) -> None:
    """Takes a pin back.

    Raises:
        UsageError: the version is not pinned.
    """
    try:
        _pin_file(output, name, version).unlink()
    except FileNotFoundError:
        raise UsageError(
            f"version {version}: is not pinned; `duologue versions` shows those that are"
        ) from None


def read_pins(output: str, name: str) -> dict[str, Pin]:
    """Reads all pins of a dataset, by version."""
    folder = dataset_folder(output, name) / PINS_FOLDER
    files = list(folder.iterdir()) if folder.is_dir() else []
    pins = [_read_pin(file) for file in files if file.suffix == ".json"]
    return {pin.version: pin for pin in pins}


def remove_version(output: str, name: str, version: str) -> None:
    """Removes every revision of a version.

    Raises:
        UsageError: there is no such version, it is pinned, or it is the one that `latest` names.
    """
    _check_exists(output, name, version)
    if version in read_pins(output, name):
        raise UsageError(f"version {version}: is pinned; `duologue versions unpin {version}` first")
    latest = read_latest(dataset_folder(output, name))
    if latest is not None and latest.version == version:
        raise UsageError(
            f"version {version}: is the one that `latest` names; "
            "`duologue versions rollback` to another one first"
        )
    _remove(output, name, [version])


def roll_back(output: str, name: str, version: str | None = None) -> Latest:
    """Makes `latest` name an earlier version. The next one that passes its gates takes its place.

    Args:
        output: where datasets are.
        name: of the dataset.
        version: None for the newest one before the one that `latest` names that passes its gates.

    Raises:
        UsageError: there is no such version.
        ExportError: latest.json could not be replaced.
    """
    if version is None:
        version = _good_version_before_latest(output, name)
    revision = Revision(version, _check_exists(output, name, version))
    manifest = read_manifest(revision_folder(output, name, revision) / MANIFEST_FILE)
    return name_latest(output, name, manifest)


def remove_outdated(
    output: str, name: str, keep_versions: int | None, just_written: str | None = None
) -> list[str]:
    """Removes what is neither among the newest versions, nor pinned, nor the one `latest` names.

    Also clears away what killed writers left, whatever is to be kept.

    Args:
        output: where datasets are.
        name: of the dataset.
        keep_versions: how many of the newest versions stay, published or held back; None for all.
        just_written: a version that stays however old it is by its name: one of last week that
            was made whole today, or one that was begun while the clock was behind.

    Returns:
        The versions removed, oldest first.
    """
    _remove_abandoned(output, name)
    if keep_versions is None:
        return []
    versions = versions_kept(output, name)
    latest = read_latest(dataset_folder(output, name))
    stay = {
        *versions[-keep_versions:],
        *read_pins(output, name),
        *([latest.version] if latest else []),
        *([just_written] if just_written else []),
    }
    outdated = [version for version in versions if version not in stay]
    _remove(output, name, outdated)
    oldest_kept = min(versions[-keep_versions:], default="")
    # Also those of runs that were cut short and never became a version.
    _remove_checkpoints(output, name, lambda run: run < oldest_kept and run not in stay)
    mended_latest(output, name)
    return outdated


def _good_version_before_latest(output: str, name: str) -> str:
    past = past_versions(output, name)
    latest = next((item.manifest.version for item in past if item.is_latest), None)
    good = (
        item.manifest.version
        for item in past
        if not item.manifest.held_back and (latest is None or item.manifest.version < latest)
    )
    version = next(good, None)
    if version is None:
        raise UsageError(
            f"dataset {name}: no version before {latest or 'the newest'} passed its gates; name "
            "the version to roll back to"
        )
    return version


def _check_exists(output: str, name: str, version: str) -> int:
    """Returns the newest whole revision."""
    revision = newest_revision(output, name, version)
    if not revision:
        place = without_credentials(dataset_folder(output, name))
        raise UsageError(
            f"version {version}: not found in {place}; `duologue versions` lists those that are"
        )
    return revision


def _remove(output: str, name: str, versions: Iterable[str]) -> None:
    gone = set(versions)
    for revision in revisions_begun(output, name):
        if revision.version in gone:
            remove_revision(revision_folder(output, name, revision))
    _remove_checkpoints(output, name, gone.__contains__)


def _remove_checkpoints(output: str, name: str, is_outdated: Callable[[str], bool]) -> None:
    folder = dataset_folder(output, name)
    remove_checkpoints([folder, folder / EVALUATIONS_FOLDER], is_outdated)


def _remove_abandoned(output: str, name: str) -> None:
    for revision in revisions_begun(output, name):
        folder = revision_folder(output, name, revision)
        with suppress(FileNotFoundError):  # another process clears it away just now
            if _is_abandoned(folder):
                remove_revision(folder)


def _is_abandoned(folder: UPath) -> bool:
    """Tells whether a folder is no whole revision, and nobody writes there any more."""
    names = {PurePosixPath(path).name for path in folder.fs.ls(folder.path, detail=False)}
    if names and CLAIM_FILE not in names:
        # What is left of a removed one, unless it is whole. A writer that comes to its end just
        # now has written the manifest before it took its claim away.
        return not (folder / MANIFEST_FILE).exists()
    if MANIFEST_FILE in names:
        return False
    claim = folder / CLAIM_FILE if names else folder
    begun_at = claim.fs.modified(claim.path)
    if begun_at.tzinfo is None:
        begun_at = begun_at.replace(tzinfo=UTC)
    return bool(datetime.now(UTC) - begun_at > LONGEST_WRITING)


def _pin_file(output: str, name: str, version: str) -> UPath:
    spelled = version_folder(output, name, version).name  # refuses what is no version
    return dataset_folder(output, name) / PINS_FOLDER / f"{spelled}.json"


def _read_pin(path: UPath) -> Pin:
    try:
        return Pin.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(path)}: is not a pin of Duologue; remove the file"
        ) from error
