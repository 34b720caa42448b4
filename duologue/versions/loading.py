"""A version as its readers load it: its manifest, and its rows for pandas and Arrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from duologue.dataset.formats import CONVERSATIONS_FILE, NEXT_TURNS_FILE
from duologue.errors import UsageError
from duologue.storage.files import describe_storage_error
from duologue.storage.locations import without_credentials
from duologue.versions.finding import find_version
from duologue.versions.places import Version
from duologue.versions.reading import check_schema_version

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.dataset as arrow_dataset


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one file of a version; nothing is read until it is requested."""

    arrow: "arrow_dataset.Dataset"
    """The file as Arrow opens it: `arrow.to_table(…)`, `arrow.to_batches()`, `arrow.scanner(…)`.
    DuckDB and polars take it as it is."""

    def __len__(self) -> int:
        """The number of rows, from the file's footer."""
        return int(self.arrow.count_rows())

    def to_pandas(
        self, columns: Sequence[str] | None = None, filter: "pc.Expression | None" = None
    ) -> "pd.DataFrame":
        """Reads the rows into a DataFrame.

        A list column holds Python lists, and its structs are dicts: `explode` and
        `pd.json_normalize` take them as they are. Whole numbers stay whole numbers, and a missing
        one is `pd.NA`. Times are UTC.

        Args:
            columns: their names; None for all.
            filter: only the rows that match, as in `pyarrow.compute.field("turn_count") > 2`.

        Raises:
            pyarrow.ArrowInvalid: there is no such column.
        """
        # Here, because importing it takes half a second.
        import pandas as pd

        whole_numbers = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}
        table = self.arrow.to_table(
            columns=None if columns is None else list(columns), filter=filter
        )
        nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
        frame: pd.DataFrame = table.drop_columns(nested).to_pandas(
            types_mapper=whole_numbers.get, ignore_metadata=True
        )
        for name in nested:
            frame[name] = pd.Series(table[name].to_pylist(), index=frame.index, dtype=object)
        ordered: pd.DataFrame = frame[table.column_names]
        return ordered


class Dataset(Version):
    """One version of a dataset, with its rows.

    Its files never change, even when a newer version is published meanwhile. To use the same data
    again, keep `manifest.version` and `manifest.revision`.
    """

    __slots__ = ()

    @property
    def conversations(self) -> Rows:
        """The valid conversations, one a row.

        Raises:
            UsageError: the file cannot be read.
        """
        return self._rows(CONVERSATIONS_FILE)

    @property
    def next_turns(self) -> Rows:
        """The chat histories to reply to, one for each USER message.

        Raises:
            UsageError: the file cannot be read, or the version is older than these files.
        """
        return self._rows(NEXT_TURNS_FILE)

    def _rows(self, name: str) -> Rows:
        place = without_credentials(self.folder / name)
        if name not in {file.name for file in self.manifest.files}:
            raise UsageError(
                f"{place}: the version was made by Duologue {self.manifest.duologue_version}, "
                "which did not write this file; make a new version"
            )
        # Here, because it imports pandas.
        import pyarrow.dataset as arrow_dataset

        path = self.folder / name
        try:
            rows = arrow_dataset.dataset(path.path, filesystem=path.fs, format="parquet")
        except FileNotFoundError as error:
            raise UsageError(f"{place}: not found; retention may have removed it") from error
        except Exception as error:  # an object store's driver may raise anything
            raise UsageError(f"{place}: cannot be read: {describe_storage_error(error)}") from error
        check_schema_version(path, rows.schema)
        return Rows(rows)


def load_version(version_or_path: str, output: str, name: str | None) -> Dataset:
    """Finds a version and reads its manifest; see `duologue.load`."""
    version = find_version(version_or_path, output, name)
    return Dataset(version.folder, version.manifest)
