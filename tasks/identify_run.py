"""Which version of the dataset a run makes."""

from dataclasses import dataclass
from datetime import datetime

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from duologue.dataset.versions import new_version
from duologue.errors import UsageError
from duologue.generation import Plan
from tasks.kept_conversations import KeptConversations


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What stays the same when a run is retried."""

    version: str
    started_at: datetime
    """UTC; when the first attempt started."""


async def identify_run(plan: Plan, kept: KeptConversations) -> RunIdentity:
    """Names the version that this flow run makes, the same again when it is retried.

    Leaves a mark beside the conversations that the run will keep, so that they can be found by
    `resume`. Also tags the flow run with the dataset's name. Only the flow run: Prefect asks its
    server about concurrency limits for every task run that has a tag.

    Raises:
        UsageError: nothing of the run to resume is kept.
    """
    async with get_client() as client:
        run = await client.read_flow_run(flow_run.id)
        tags = {*run.tags, "duologue", f"dataset:{plan.dataset}"}
        await client.update_flow_run(run.id, tags=sorted(tags))
    # Prefect sets a run's start once, in its first attempt.
    started_at = run.start_time
    assert started_at is not None
    version = plan.advanced.resume or new_version(started_at, str(run.id))
    if plan.advanced.resume and not await kept.has_run(version):
        raise UsageError(
            f"resume {version}: nothing of that run is kept in Prefect's result storage here; "
            "check the version, or run without it"
        )
    await kept.mark_run(version)
    return RunIdentity(version, started_at)
