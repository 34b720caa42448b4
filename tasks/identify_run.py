"""Which version of the dataset a run makes."""

from dataclasses import dataclass
from datetime import datetime

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from duologue.dataset.versions import new_version
from duologue.generation import Plan


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What stays the same when a run is retried."""

    version: str
    started_at: datetime
    """UTC; when the first attempt started."""


async def identify_run(plan: Plan) -> RunIdentity:
    """Names the version that this flow run makes, the same again when it is retried.

    Also tags the flow run with the dataset's name. Only the flow run: Prefect asks its server
    about concurrency limits for every task run that has a tag.
    """
    async with get_client() as client:
        run = await client.read_flow_run(flow_run.id)
        tags = {*run.tags, "duologue", f"dataset:{plan.dataset}"}
        await client.update_flow_run(run.id, tags=sorted(tags))
    # Prefect sets a run's start once, in its first attempt.
    started_at = run.start_time
    assert started_at is not None
    version = plan.advanced.resume or new_version(started_at, str(run.id))
    return RunIdentity(version, started_at)
