"""A part of a run's conversations, simulated on the machine that takes it."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from duologue.errors import UsageError
from duologue.plans.generation import plan_generation
from duologue.plans.shards import Shard
from duologue.settings.options import AtLeastOne
from duologue.simulation import FailedSeed
from duologue.tasks.check_access import check_deployments
from duologue.tasks.kept_conversations import KeptConversations
from duologue.tasks.load_seeds import load_seeds
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.simulate_conversation import simulate_conversations
from duologue.tasks.simulate_in_shards import SOME_FAILED, WHOLE, ShardRecord, record_key
from duologue.validation.check import Checker


# The error that it ends with is read by the run that it belongs to.
@flow(name="simulate-shard", persist_result=False, result_serializer="json")
async def simulate_shard(
    version: str,
    number: AtLeastOne,
    of: AtLeastOne,
    attempt: AtLeastOne,
    seeds_sha256: str,
    run: dict[str, Any],
) -> State[Any]:
    """Simulates a part of a run's conversations, and keeps them where that run finds them.

    Started by generate-dataset, where its options ask for shards, and by nobody else.

    Args:
        version: The version that the conversations are for.
        number: Which shard this is, from 1.
        of: How many shards there are.
        attempt: How often this shard was begun, this time included.
        seeds_sha256: Of the seed file, as the run has read it.
        run: What the run was asked to do: its parameters.

    Raises:
        UsageError: the seed file is another one here, or a participant cannot be used.
        RunStoppingError: no seed can be simulated.
    """
    restrict_code()
    plan = plan_generation(**run)
    seed_file = load_seeds(plan)
    if seed_file.sha256 != seeds_sha256:
        raise UsageError(
            f"{seed_file.path} is not the file here that the run has read (its SHA-256 is "
            f"{seed_file.sha256}, not {seeds_sha256}); give every machine the same file, best by a "
            "URL that all of them reach, and retry the run if it was changed meanwhile"
        )
    shard = Shard(version, number, of)
    kept = KeptConversations()
    plan, seed_file = await check_deployments(plan, seed_file, version, kept)
    jobs = shard.part_of(plan.jobs(seed_file, version))
    checker = Checker(plan.settings.simulation, plan.settings.rules)
    outcomes = await simulate_conversations(
        jobs, plan.settings, kept, version, checker, plan.dataset.name
    )
    failed = {
        job.key: (outcome.error_class, outcome.reason)
        for job, outcome in zip(jobs, outcomes, strict=True)
        if isinstance(outcome, FailedSeed)
    }
    await kept.write(record_key(shard, attempt), ShardRecord(failed=failed))
    return Completed(
        name=SOME_FAILED if failed else WHOLE,
        message=f"{len(jobs) - len(failed)} of {len(jobs)} conversations simulated",
    )
