"""Finding a dataset, and a version of one, by what a person calls it."""

from collections.abc import Sequence

from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE
from duologue.errors import SeveralDatasetsError, UsageError
from duologue.settings.dataset_names import is_dataset_name
from duologue.storage.files import located, storage_errors
from duologue.storage.locations import without_credentials
from duologue.versions.latest import LATEST_FILE, read_latest
from duologue.versions.places import (
    COMPARISONS_FOLDER,
    EXAMPLE_VERSION,
    DatasetFolder,
    Version,
    is_version,
    read_version,
)


def find_version(version_or_path: str, output: str, name: str | None = None) -> Version:
    """Finds a complete version and reads its manifest.

    Args:
        version_or_path: `latest`, a version such as `20261124T053516123Z-1a2b3c4d`, the folder of a
            version, or the folder of a dataset, for its latest version.
        output: the folder that holds the datasets; for `latest` and a version.
        name: the dataset's name; None searches all datasets there.

    Raises:
        SeveralDatasetsError: several datasets there have such a version.
        UsageError: there is no such version, or its manifest is missing or cannot be read.
    """
    with storage_errors(f"{without_credentials(version_or_path)}: cannot be read"):
        if version_or_path == "latest":
            folder = _latest_of(_only_published(output, name))
        elif is_version(version_or_path):
            folder = _version_in(output, name, version_or_path)
        else:
            folder = _version_at(located(version_or_path))
        # Absolute, because code of users that runs later may change the working directory.
        return read_version(folder.absolute())


def find_conversations(version_or_path: str, output: str, name: str | None = None) -> UPath:
    """Finds a version's conversations, like `find_version`; also takes a Parquet file's path.

    Raises:
        UsageError: there are none.
    """
    if version_or_path.endswith(".parquet"):
        return located(version_or_path)
    return find_version(version_or_path, output, name).folder / CONVERSATIONS_FILE


def names_version(text: str) -> bool:
    """Checks whether a text names a version, as opposed to a file that Duologue did not write.

    True for `latest`, a version, the folder of a version and the folder of a dataset.
    """
    if text == "latest" or is_version(text):
        return True
    if text.startswith(("http://", "https://")) or text.endswith((".parquet", ".jsonl")):
        return False
    with storage_errors(f"{without_credentials(text)}: cannot be read"):
        folder = located(text)
        return any((folder / name).exists() for name in (MANIFEST_FILE, LATEST_FILE))


def find_dataset(output: str, name: str | None = None, version: str | None = None) -> DatasetFolder:
    """Finds the dataset that is meant.

    Args:
        output: the folder that holds the datasets.
        name: the dataset's name; None for the only one there.
        version: if given, only a dataset that has this version is meant.

    Raises:
        SeveralDatasetsError: there is more than one.
        UsageError: there is none.
    """
    if name is not None:
        return DatasetFolder(output, name)
    with storage_errors(f"{without_credentials(output)}: cannot be read"):
        found = [
            dataset
            for dataset in _datasets(output, None)
            if any(version in (None, item.version) for item in dataset.revisions_started())
        ]
    wanted = "dataset" if version is None else f"version {version}"
    if not found:
        raise UsageError(
            f"{wanted}: not found in {_shown(output, None)}; name the folder that holds the "
            "datasets with --output"
        )
    return _only(found, wanted)


def _only(found: Sequence[DatasetFolder], wanted: str) -> DatasetFolder:
    if len(found) > 1:
        raise SeveralDatasetsError(
            f"{wanted}: {without_credentials(found[0].output)} holds several datasets",
            tuple(dataset.name for dataset in found),
        )
    return found[0]


def _version_at(folder: UPath) -> UPath:
    if (folder / MANIFEST_FILE).exists():
        return folder
    if (folder / LATEST_FILE).exists():
        return _latest_of(folder)
    if is_version(folder.name) and folder.is_dir():
        raise UsageError(
            f"{without_credentials(folder)}: is not a version, because it has no {MANIFEST_FILE}: "
            "its writer was stopped, or is still writing; use another version"
        )
    raise UsageError(
        f"{without_credentials(folder)}: expected the folder of a version (with {MANIFEST_FILE}) "
        f"or of a dataset (with {LATEST_FILE}), a Parquet file, a version such as "
        f"{EXAMPLE_VERSION}, or `latest`"
    )


def _version_in(output: str, name: str | None, version: str) -> UPath:
    datasets = _datasets(output, name)
    having = [dataset for dataset in datasets if dataset.newest_revision(version)]
    if having:
        dataset = _only(having, f"version {version}")
        revision = dataset.newest_revision(version)
        if revision is not None:  # nobody has removed it since
            return dataset.folder / revision.folder_name
    for dataset in datasets:
        if (dataset.folder / version).is_dir():
            return _version_at(dataset.folder / version)  # which says why it is not one
    raise UsageError(
        f"version {version}: not found in {_shown(output, name)}; `duologue versions` lists the "
        "versions there are"
    )


def _only_published(output: str, name: str | None) -> UPath:
    published = [
        dataset for dataset in _datasets(output, name) if (dataset.folder / LATEST_FILE).exists()
    ]
    if not published:
        raise UsageError(
            f"latest: nothing is published in {_shown(output, name)}; `duologue versions` lists "
            "what was held back, and why"
        )
    return _only(published, "latest").folder


def _datasets(output: str, name: str | None) -> list[DatasetFolder]:
    """Lists the datasets that may be meant, by name."""
    if name is not None:
        return [DatasetFolder(output, name)]
    folder = located(output)
    if not folder.is_dir():
        return []
    names = (
        place.name for place in folder.iterdir() if is_dataset_name(place.name) and place.is_dir()
    )
    return [DatasetFolder(output, found) for found in sorted(names)]


def _latest_of(folder: UPath) -> UPath:
    latest = read_latest(folder)
    while latest is not None and not (folder / latest.path / MANIFEST_FILE).exists():
        before, latest = latest, read_latest(folder)
        if latest == before:
            break
        # Since it was read, a newer version was published, and retention removed the older one.
    if latest is None:
        raise UsageError(f"{without_credentials(folder / LATEST_FILE)}: not found")
    return _version_at(folder / latest.path)


def _shown(output: str, name: str | None) -> str:
    return without_credentials(located(output) / name if name else output)


def find_comparison(output: str, name: str | None, comparison: str) -> UPath:
    """Finds a comparison among those of the dataset, or of all datasets if none is named.

    Raises:
        UsageError: there is none, or there are several.
    """
    found = list(located(output).glob(f"{name or '*'}/{COMPARISONS_FOLDER}/{comparison}"))
    if len(found) != 1:
        raise UsageError(
            f"comparison {comparison!r}: found {len(found)} in {without_credentials(output)}; "
            "check it, and name the dataset with --name"
        )
    return found[0]
