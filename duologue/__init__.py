"""Duologue: realistic multi-turn conversations between a chatbot and a simulated user.

This package is the domain: seeds, participants, simulation, validation, datasets. It knows
nothing of Prefect; `tasks/` and `flows/` put it on Prefect, `duologue.cli` on the command line.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duologue.versions.loading import Dataset


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
    # Here, since it imports pyarrow, and whoever imports a part of it imports this file.
    from duologue.versions.loading import load_version

    return load_version(version_or_path, output, name)
