"""A version as its readers get it: its manifest, and its rows as Arrow reads them."""

from dataclasses import dataclass

import pyarrow.dataset as arrow
from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE, NEXT_TURNS_FILE
from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.errors import UsageError
from duologue.storage.files import reason_of
from duologue.storage.locations import without_credentials
from duologue.versions.finding import find_version
from duologue.versions.reading import check_schema_version


@dataclass(frozen=True, slots=True)
class Dataset:
    """One version of a dataset.

    Its files never change, so that it stays what it was, also where a newer version is published
    meanwhile: pin a version by keeping `manifest.version` and `manifest.revision`.
    """

    folder: UPath
    """Where its files are."""
    manifest: Manifest

    @property
    def conversations(self) -> arrow.Dataset:
        """The valid conversations, one a row; nothing is read until it is asked for.

        `to_table(columns=…, filter=…)` reads them, `to_batches()` a piece at a time, and
        `to_table().to_pandas()` gives them to pandas.

        Raises:
            UsageError: the file cannot be read.
        """
        return self._rows(CONVERSATIONS_FILE)

    @property
    def next_turns(self) -> arrow.Dataset:
        """The chat histories to be answered, one for each USER message; like `conversations`.

        Raises:
            UsageError: the file cannot be read, or the version is older than these files are.
        """
        return self._rows(NEXT_TURNS_FILE)

    def _rows(self, name: str) -> arrow.Dataset:
        place = without_credentials(self.folder / name)
        if name not in {file.name for file in self.manifest.files}:
            raise UsageError(
                f"{place}: the version was made by Duologue {self.manifest.duologue_version}, "
                "which did not write this file; make a new version"
            )
        path = self.folder / name
        try:
            rows = arrow.dataset(path.path, filesystem=path.fs, format="parquet")
        except FileNotFoundError as error:
            raise UsageError(f"{place}: not found; retention may have removed it") from error
        except Exception as error:  # an object store's driver raises what it likes
            raise UsageError(f"{place}: cannot be read: {reason_of(error)}") from error
        check_schema_version(path, rows.schema)
        return rows


def load_version(version_or_path: str, output: str, name: str | None) -> Dataset:
    """Finds a version and reads its manifest; see `duologue.load`."""
    folder = find_version(version_or_path, output, name)
    return Dataset(folder, read_manifest(folder / MANIFEST_FILE))
