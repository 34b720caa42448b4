"""Seeds from real traffic: a new seed file for a person to review, or for the next nightly run."""

from dataclasses import asdict
from typing import Any

from prefect import flow, get_run_logger

from duologue.errors import UsageError
from duologue.mining.mine import mine
from duologue.settings.mining import MineFiles, MineForm, MiningSettings
from duologue.settings.options import takes
from duologue.storage.locations import absolute
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.show_mined import show_mined
from duologue.tracing import traced_run


@flow(name="mine-seeds", persist_result=False, result_serializer="json")
@takes(MineForm)
@traced_run
async def mine_seeds(**parameters: Any) -> dict[str, Any]:
    """Makes a seed file from real conversations, without personal data.

    A retry continues with the executions that the attempt before it had read.

    Returns:
        Counts: what was read, left out, replaced and chosen.

    Raises:
        UsageError: nothing could be mined or written; nothing was written.
    """
    restrict_code()
    files = MineFiles(**{name: parameters.pop(name) for name in MineFiles.model_fields})
    if not files.source:
        raise UsageError(
            "source: is empty; expected a Workflow Deployment with real users, or a transcript file"
        )
    logger = get_run_logger()
    mined = await mine(
        files.source,
        absolute(files.output),
        MiningSettings(**parameters),
        overwrite=files.overwrite,
        show=lambda progress: logger.info("%d executions read", progress.executions),
    )
    await show_mined(mined)
    return asdict(mined)
