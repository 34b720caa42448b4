"""The state that a run which wrote a version ends in."""

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Failed

from duologue.dataset.manifest import Manifest
from duologue.errors import IncompleteDatasetError


def final_state(manifest: Manifest) -> Manifest | State[Any]:
    """Ends the run as Completed, or as Failed where it is for a person to mend something.

    The failed state is what offers Retry in the UI, and says how many conversations are missing,
    and whether the version is held back.
    """
    counts = manifest.counts
    if counts.valid == counts.conversations and not manifest.held_back:
        return manifest
    message = (
        f"{counts.failed} failed and {counts.invalid} invalid of {counts.conversations} "
        f"conversations; the other {counts.valid} are in {manifest.dataset} {manifest.version}"
    )
    if manifest.held_back:
        message += f", which is held back: {'; '.join(manifest.held_back)}"
    if manifest.left_undone:
        message += (
            f". The run's budget was spent, and {manifest.left_undone} conversations were left "
            "undone"
        )
    return Failed(data=IncompleteDatasetError(message, manifest), message=message)
