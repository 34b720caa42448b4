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
    """Opens a version of a dataset: its manifest, and its rows for pandas and Arrow.

    Args:
        version_or_path: `latest`, a version such as `20261124T053516123Z-1a2b3c4d`, the folder of a
            version, or the folder of a dataset for its latest version; a path or a URL.
        output: the folder, or URL, that holds the datasets; for `latest` and a version.
        name: the dataset's name; None for the only one there.

    Raises:
        UsageError: there is no such version, there are several, or it has no manifest.
    """
    # Here, because it imports pyarrow, and importing any part of Duologue imports this file.
    from duologue.versions.loading import load_version

    return load_version(version_or_path, output, name)
