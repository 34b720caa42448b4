"""The dataset: what a conversation looks like in a file, and how a version is written whole.

`contents` holds what one run made, `schema` the columns, `formats` the data files, `card` the
README of a version, `manifest` what a version says about itself, `versions` how one is written,
`latest` how one is published and found, `reading` how its conversations are read back, `loading`
how a version is given to its readers, and `storage` what all of them share: files that appear
whole, on a disk or on an object store.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duologue.dataset.loading import Dataset


def load(
    version_or_path: str = "latest", output: str = "datasets", name: str | None = None
) -> "Dataset":
    """Opens a version of a dataset: its manifest, and views of its rows that read as asked.

    Args:
        version_or_path: `latest`, a version such as `20261124T053516Z-1a2b3c4d`, the folder of a
            version, or the folder of a dataset for its latest version; a path or a URL.
        output: the folder, or URL, that holds the datasets; for `latest` and a version.
        name: of the dataset; None for the only one there.

    Raises:
        UsageError: there is no such version, more than one, or it has no manifest.
    """
    # Here, since it imports pyarrow, and whoever imports a part of this package imports this file.
    from duologue.dataset.loading import load_version

    return load_version(version_or_path, output, name)
