"""Simulates a part of a run's conversations on the machine that takes it."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed

from duologue.errors import UsageError
from duologue.plans.generation import plan_generation
from duologue.plans.shards import Shard
from duologue.settings.options import AtLeastOne
from duologue.tasks.check_access import check_deployments
from duologue.tasks.identify_run import open_checkpoints
from duologue.tasks.load_seeds import load_seeds
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.shards import REFUSED, check_same_seeds, end_shard
from duologue.tasks.simulate import simulate_conversations
from duologue.tracing import traced_run
from duologue.validation.check import Checker


@flow(name="simulate-shard", persist_result=False, result_serializer="json")
@traced_run
async def simulate_shard(
    version: str,
    number: AtLeastOne,
    of: AtLeastOne,
    attempt: AtLeastOne,
    seeds_sha256: str,
    run: dict[str, Any],
) -> State[Any]:
    """Simulates a part of a run's conversations, and stores them in the dataset's checkpoints.

    Only generate-dataset starts it, if its options ask for shards.

    Args:
        version: The version that the conversations are for.
        number: Which shard this is, from 1.
        of: How many shards there are.
        attempt: Which attempt at this shard this is, from 1.
        seeds_sha256: The SHA-256 of the seed file that the run has read.
        run: The parameters of the run.
    """
    try:
        restrict_code()
        plan = plan_generation(**run)
        seed_file = load_seeds(plan)
        check_same_seeds(seed_file, seeds_sha256)
        checkpoints = open_checkpoints(plan.dataset.folder)
        plan, seed_file = await check_deployments(plan, seed_file, version, checkpoints)
        shard = Shard(version, number, of)
        jobs = shard.part_of(plan.jobs(seed_file, version))
        checker = Checker(plan.settings.simulation, plan.settings.rules)
        simulated = await simulate_conversations(
            jobs, plan.settings, checkpoints, version, checker, plan.dataset.name
        )
        return await end_shard(shard, attempt, jobs, simulated, checkpoints)
    except UsageError as error:
        return Failed(name=REFUSED, message=str(error))
