"""Returns the state of a run that wrote a version."""

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from duologue.dataset.manifest import IncompleteDatasetError, Manifest


def final_state(manifest: Manifest, push_problem: str | None = None) -> Manifest | State[Any]:
    """Ends the run as Completed, or as Failed if a person has to fix something.

    The failed state is what offers Retry in the UI, and says how many conversations are missing,
    and whether the version is held back.

    Args:
        manifest: of the version.
        push_problem: why it is not in its Test Suite; reported, but no reason to fail.
    """
    counts = manifest.counts
    if counts.valid == counts.conversations and not manifest.held_back:
        return Completed(data=manifest, message=push_problem) if push_problem else manifest
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
    if push_problem:
        message += f". {push_problem}"
    return Failed(data=IncompleteDatasetError(message, manifest), message=message)
