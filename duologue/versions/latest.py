"""The latest version: how one is published, and how a version is found by those who read it."""

from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from upath import UPath

from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.errors import UsageError
from duologue.storage.files import write_whole
from duologue.storage.locations import without_credentials
from duologue.versions.places import (
    dataset_folder,
    is_version,
    revision_folder,
    revision_name,
    whole_revisions,
)
from duologue.versions.writing import export_errors

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

    @model_validator(mode="after")
    def _leads_nowhere_else(self) -> Self:
        if not is_version(self.version) or self.path != revision_name(self.version, self.revision):
            raise ValueError("path is not the folder of the version's revision")
        return self


def publish_latest(output: str, name: str, manifest: Manifest) -> Latest:
    """Makes a whole version the one that readers get, unless they get a newer one already.

    A rerun of an old version therefore leaves `latest` alone. Two writers that publish at the very
    same time both succeed; `latest` then names either of the two.

    Returns:
        What `latest` names now.

    Raises:
        ExportError: latest.json could not be replaced, and is as it was.
    """
    with _publishing(output, name, manifest):
        named = _named_by(dataset_folder(output, name))
    if named and _is_newer(named, manifest):
        return named
    return name_latest(output, name, manifest)


def name_latest(output: str, name: str, manifest: Manifest) -> Latest:
    """Makes a whole version the one that readers get, whichever they got before.

    Returns:
        What `latest` names now.

    Raises:
        ExportError: latest.json could not be replaced, and is as it was.
    """
    latest = Latest(
        dataset=name,
        version=manifest.version,
        revision=manifest.revision,
        path=revision_name(manifest.version, manifest.revision),
        published_at=datetime.now(UTC),
    )
    with _publishing(output, name, manifest):
        place = dataset_folder(output, name) / LATEST_FILE
        write_whole(place, (latest.model_dump_json(indent=2) + "\n").encode())
        return mended_latest(output, name) or latest


def mended_latest(output: str, name: str) -> Latest | None:
    """Makes `latest` name the newest good version where the one that it names is gone.

    So it is when one run publishes a version while another, newer one, removes what is outdated:
    each looks once it is done, and the later of the two sees it. Or a person removed the folder.

    Returns:
        What `latest` names now; None where it names nothing.
    """
    folder = dataset_folder(output, name)
    named = _named_by(folder)
    if named is None or (folder / named.path / MANIFEST_FILE).exists():
        return named
    for revision in reversed(whole_revisions(output, name)):
        with suppress(UsageError):  # damaged, or just removed
            manifest = read_manifest(revision_folder(output, name, revision) / MANIFEST_FILE)
            if not manifest.held_back:
                return name_latest(output, name, manifest)
    return named


def _is_newer(named: Latest, manifest: Manifest) -> bool:
    if named.version == manifest.version:
        return named.revision > manifest.revision
    # Of two runs that started in the same second, the one that ends last is published.
    return named.version.partition("-")[0] > manifest.version.partition("-")[0]


def _publishing(output: str, name: str, manifest: Manifest) -> AbstractContextManager[None]:
    place = without_credentials(dataset_folder(output, name) / LATEST_FILE)
    return export_errors(
        f"version {manifest.version}: is written, but {place} still names the version before"
    )


def read_latest(folder: UPath) -> Latest | None:
    """Reads which version of a dataset is published; None where none is.

    Args:
        folder: the dataset's.

    Raises:
        UsageError: latest.json does not say.
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
    """Like `read_latest`; a damaged latest.json names nothing, and is to be replaced."""
    try:
        return read_latest(folder)
    except UsageError:
        return None
