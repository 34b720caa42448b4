"""Finding a dataset, and a version of one, from what a person calls it."""

from collections.abc import Iterator
from contextlib import contextmanager

from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE
from duologue.errors import DuologueError, UsageError
from duologue.storage.files import located, reason_of
from duologue.storage.locations import shown_cause, without_credentials
from duologue.versions.latest import LATEST_FILE, read_latest
from duologue.versions.places import (
    dataset_folder,
    is_dataset_name,
    is_version,
    newest_revision,
    revisions_begun,
    version_folder,
)


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
    with _read_errors(version_or_path):
        if version_or_path == "latest":
            return _latest_of(_only_published(output, name))
        if is_version(version_or_path):
            return _version_in(output, name, version_or_path)
        return _version_at(located(version_or_path))


def find_conversations(version_or_path: str, output: str, name: str | None = None) -> UPath:
    """Finds a version's conversations, like `find_version`; also takes a Parquet file's path.

    Raises:
        UsageError: there are none.
    """
    if version_or_path.endswith(".parquet"):
        return located(version_or_path)
    return find_version(version_or_path, output, name) / CONVERSATIONS_FILE


def find_dataset(output: str, name: str | None = None, version: str | None = None) -> str:
    """Finds the name of the dataset that is meant.

    Args:
        output: where datasets are.
        name: of the dataset; None for the only one there is.
        version: where it is given, only a dataset that has this version is meant.

    Raises:
        UsageError: there is none, or more than one.
    """
    if name is not None:
        dataset_folder(output, name)  # refuses what cannot be a dataset's name
        return name
    with _read_errors(output):
        found = sorted(
            folder.name
            for folder in _dataset_folders(output, None)
            if any(version in (None, item.version) for item in revisions_begun(output, folder.name))
        )
    if len(found) == 1:
        return found[0]
    wanted = "dataset" if version is None else f"version {version}"
    if not found:
        raise UsageError(
            f"{wanted}: not found in {_shown(output, None)}; name the folder that holds the "
            "datasets with --output"
        )
    raise UsageError(
        f"{wanted}: {_shown(output, None)} holds several datasets ({', '.join(found)}); choose one "
        "with --name"
    )


@contextmanager
def _read_errors(place: str) -> Iterator[None]:
    """Tells whatever storage raises as a UsageError about a place."""
    try:
        yield
    except DuologueError:
        raise
    except Exception as error:  # an object store's driver raises what it likes
        raise UsageError(
            f"{without_credentials(place)}: cannot be read: {reason_of(error)}"
        ) from shown_cause(error)


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
    folders = _dataset_folders(output, name)
    found = [
        (folder.name, revision)
        for folder in folders
        if (revision := newest_revision(output, folder.name, version))
    ]
    if len(found) > 1:
        find_dataset(output, None, version)  # which says that there are several
    for dataset, revision in found:
        return version_folder(output, dataset, version, revision)
    for folder in folders:
        if (folder / version).is_dir():
            return _version_at(folder / version)  # which says why it is none
    raise UsageError(
        f"version {version}: not found in {_shown(output, name)}; `duologue versions` lists those "
        "that are"
    )


def _only_published(output: str, name: str | None) -> UPath:
    published = [
        folder for folder in _dataset_folders(output, name) if (folder / LATEST_FILE).exists()
    ]
    if not published:
        raise UsageError(
            f"latest: nothing is published in {_shown(output, name)}; `duologue versions` lists "
            "what was held back, and why"
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
    if not folder.is_dir():
        return []
    return [place for place in folder.iterdir() if is_dataset_name(place.name) and place.is_dir()]


def _latest_of(folder: UPath) -> UPath:
    latest = read_latest(folder)
    while latest is not None and not (folder / latest.path / MANIFEST_FILE).exists():
        before, latest = latest, read_latest(folder)
        if latest == before:
            break
        # Since it was read, a newer version was published, and retention took the older one away.
    if latest is None:
        raise UsageError(f"{without_credentials(folder / LATEST_FILE)}: not found")
    return _version_at(folder / latest.path)


def _shown(output: str, name: str | None) -> str:
    return without_credentials(located(output) / name if name else output)
