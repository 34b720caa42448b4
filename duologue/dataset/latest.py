"""The latest version: how one is published, and how a version is found by those who read it."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError
from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE, Manifest
from duologue.dataset.storage import located, reason_of, without_credentials, write_whole
from duologue.dataset.versions import (
    dataset_folder,
    export_errors,
    is_version,
    newest_revision,
    version_folder,
)
from duologue.errors import DuologueError, UsageError

LATEST_FILE = "latest.json"


class Latest(BaseModel):
    """Which version of a dataset is published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    version: str
    revision: int
    path: str
    """The folder of the version's revision, seen from the folder that latest.json is in."""
    published_at: datetime
    """UTC."""


def publish_latest(output: str, name: str, manifest: Manifest) -> Latest:
    """Makes a whole version the one that readers get; until then they get the one before.

    Raises:
        ExportError: latest.json could not be replaced, and is as it was.
    """
    latest = Latest(
        dataset=name,
        version=manifest.version,
        revision=manifest.revision,
        path=version_folder(output, name, manifest.version, manifest.revision).name,
        published_at=datetime.now(UTC),
    )
    place = dataset_folder(output, name) / LATEST_FILE
    with export_errors(
        f"version {manifest.version}: is written, but {without_credentials(place)} still names "
        "the version before"
    ):
        write_whole(place, (latest.model_dump_json(indent=2) + "\n").encode())
    return latest


def find_version(version_or_path: str, output: str, name: str | None = None) -> UPath:
    """Finds the folder of a version that is whole.

    Args:
        version_or_path: `latest`, a version such as `20261124T053516Z-1a2b3c4d`, the folder of a
            version, or the folder of a dataset, for its latest version.
        output: where datasets are; for `latest` and a version.
        name: of the dataset; None looks in every dataset there.

    Raises:
        UsageError: there is no such version, more than one, or it has no manifest.
    """
    try:
        if version_or_path == "latest":
            return _latest_of(_only_published(output, name))
        if is_version(version_or_path):
            return _version_in(output, name, version_or_path)
        return _version_at(located(version_or_path))
    except DuologueError:
        raise
    except Exception as error:  # an object store's driver raises what it likes
        raise UsageError(
            f"{without_credentials(version_or_path)}: cannot be read: {reason_of(error)}"
        ) from error


def find_conversations(version_or_path: str, output: str, name: str | None = None) -> UPath:
    """Finds a version's conversations, like `find_version`; also takes a Parquet file's path.

    Raises:
        UsageError: there are none.
    """
    if version_or_path.endswith(".parquet"):
        return located(version_or_path)
    return find_version(version_or_path, output, name) / CONVERSATIONS_FILE


def _version_at(folder: UPath) -> UPath:
    if (folder / MANIFEST_FILE).exists():
        return folder
    if (folder / LATEST_FILE).exists():
        return _latest_of(folder)
    if is_version(folder.name) and folder.is_dir():
        raise UsageError(
            f"{without_credentials(folder)}: is no version, because it has no {MANIFEST_FILE}: "
            "its writer was stopped, or is still at it; use another version"
        )
    raise UsageError(
        f"{without_credentials(folder)}: expected the folder of a version (with {MANIFEST_FILE}) "
        f"or of a dataset (with {LATEST_FILE}), a Parquet file, a version such as "
        "20261124T053516Z-1a2b3c4d, or `latest`"
    )


def _version_in(output: str, name: str | None, version: str) -> UPath:
    for folder in _dataset_folders(output, name):
        if revision := newest_revision(output, folder.name, version):
            return version_folder(output, folder.name, version, revision)
        if (folder / version).is_dir():
            return _version_at(folder / version)  # which says why it is none
    raise UsageError(
        f"version {version}: not found in {_shown(output, name)}; look there for the versions "
        "that are"
    )


def _only_published(output: str, name: str | None) -> UPath:
    published = [
        folder for folder in _dataset_folders(output, name) if (folder / LATEST_FILE).exists()
    ]
    if not published:
        raise UsageError(
            f"latest: nothing is published in {_shown(output, name)}; name a version or its path"
        )
    if len(published) > 1:
        names = ", ".join(sorted(folder.name for folder in published))
        raise UsageError(
            f"latest: {_shown(output, name)} holds several datasets ({names}); name one of them"
        )
    return published[0]


def _dataset_folders(output: str, name: str | None) -> list[UPath]:
    if name is not None:
        return [dataset_folder(output, name)]
    folder = located(output)
    return [place for place in folder.iterdir() if place.is_dir()] if folder.is_dir() else []


def _latest_of(folder: UPath) -> UPath:
    place = folder / LATEST_FILE
    try:
        latest = Latest.model_validate_json(place.read_bytes())
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(place)}: does not say which version is the latest; "
            "name a version"
        ) from error
    return _version_at(folder / latest.path)


def _shown(output: str, name: str | None) -> str:
    return without_credentials(located(output) / name if name else output)
