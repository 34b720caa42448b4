"""The latest version: how one is published, and how readers find it."""

from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import Self

from pydantic import ValidationError, model_validator
from upath import UPath

from duologue.dataset.manifest import MANIFEST_FILE, Manifest
from duologue.errors import UsageError
from duologue.settings.options import Record
from duologue.storage.files import write_json
from duologue.storage.locations import without_credentials
from duologue.versions.places import DatasetFolder, Version, is_version, revision_name
from duologue.versions.writing import export_errors

LATEST_FILE = "latest.json"


class Latest(Record):
    """Which version of a dataset is published."""

    dataset: str
    version: str
    revision: int
    path: str
    """The folder of the version's revision, relative to the folder that holds latest.json."""
    published_at: datetime
    """UTC."""

    def names(self, manifest: Manifest) -> bool:
        """Checks whether it is this revision that is published."""
        return (self.version, self.revision) == (manifest.version, manifest.revision)

    @model_validator(mode="after")
    def _leads_nowhere_else(self) -> Self:
        if not is_version(self.version) or self.path != revision_name(self.version, self.revision):
            raise ValueError("path is not the folder of the version's revision")
        return self


def publish_latest(version: Version) -> Latest:
    """Publishes a version, unless a newer one is published already.

    A rerun of an old version therefore leaves `latest` alone. If two writers publish at the very
    same time, both succeed, and `latest` then names either of the two.

    Returns:
        What `latest` names now.

    Raises:
        ExportError: latest.json could not be replaced, and is unchanged.
    """
    with _publishing(version):
        named = _named_by(version.dataset.folder)
    if named and _is_newer(named, version.manifest):
        return named
    return name_latest(version)


def name_latest(version: Version) -> Latest:
    """Publishes a version, whichever was published before.

    Returns:
        What `latest` names now.

    Raises:
        ExportError: latest.json could not be replaced, and is unchanged.
    """
    manifest = version.manifest
    latest = Latest(
        dataset=manifest.dataset,
        version=manifest.version,
        revision=manifest.revision,
        path=revision_name(manifest.version, manifest.revision),
        published_at=datetime.now(UTC),
    )
    with _publishing(version):
        dataset = version.dataset
        write_json(dataset.folder / LATEST_FILE, latest)
        return repair_latest(dataset) or latest


def repair_latest(dataset: DatasetFolder) -> Latest | None:
    """Publishes the newest good version if the one that `latest` names is gone.

    This happens when one run publishes a version while another, newer one, removes outdated
    versions: each checks once it is done, and the later of the two notices. A person may also have
    removed the folder.

    Returns:
        What `latest` names now; None if it names nothing.
    """
    folder = dataset.folder
    named = _named_by(folder)
    if named is None or (folder / named.path / MANIFEST_FILE).exists():
        return named
    for revision in reversed(dataset.revisions()):
        with suppress(UsageError):  # damaged, or just removed
            version = dataset.read(revision)
            if not version.manifest.held_back:
                return name_latest(version)
    return named


def _is_newer(named: Latest, manifest: Manifest) -> bool:
    if named.version == manifest.version:
        return named.revision > manifest.revision
    return named.version > manifest.version


def _publishing(version: Version) -> AbstractContextManager[None]:
    place = without_credentials(version.folder.parent / LATEST_FILE)
    return export_errors(
        f"version {version.manifest.version}: is written, but {place} still names the version "
        "before"
    )


def read_latest(folder: UPath) -> Latest | None:
    """Reads which version of a dataset is published; None if none is.

    Args:
        folder: the dataset's folder.

    Raises:
        UsageError: latest.json is damaged.
    """
    place = folder / LATEST_FILE
    try:
        return Latest.model_validate_json(place.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(place)}: does not say which version is the latest; "
            "name a version, or `duologue versions rollback` to one"
        ) from error


def _named_by(folder: UPath) -> Latest | None:
    """Like `read_latest`; a damaged latest.json names nothing and will be replaced."""
    try:
        return read_latest(folder)
    except UsageError:
        return None
