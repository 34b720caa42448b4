"""Simulating the conversations of a run in flow runs of their own, on whatever machines take them.

A shard keeps each conversation under its job's key, where this run finds it; which it could not
simulate, and why, it tells in a record beside them. A shard that is lost is begun again, and goes
on with what it had kept. Whatever is missing in the end, this run simulates itself.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import httpx
from prefect import get_run_logger
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from duologue.errors import DuologueError, UsageError
from duologue.plans.generation import Job, Plan
from duologue.plans.shards import Shard, shards_of
from duologue.progress import Progress
from duologue.seeds import SeedFile
from duologue.simulation import Draft, FailedSeed, Outcome
from duologue.tasks.artifacts import progress_artifact
from duologue.tasks.await_shard import (
    SECONDS_BETWEEN_LOOKS,
    cancel_flow_run,
    final_state_of,
    tell_or_raise,
)
from duologue.tasks.global_limit import check_global_limit
from duologue.tasks.kept_conversations import KeptConversations
from duologue.tasks.side_by_side import in_batches, side_by_side, tell
from duologue.tasks.simulate_conversation import simulate_conversations
from duologue.validation.check import Checker

MOST_LOSSES = 10
"""So often a shard is begun again. Machines may come and go; what never ends well, because it takes
more memory than there is, say, must not begin for ever."""

WHOLE, SOME_FAILED = "Completed", "CompletedWithFailures"
"""The names of the states that a shard ends in."""

READ_AT_A_TIME = 1000
"""Conversations that are asked for at once where they are kept; the storage takes fewer."""


class ShardRecord(BaseModel):
    """What a shard tells of the conversations that it could not simulate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    failed: Mapping[str, tuple[str, str]]
    """Error class and reason, by the job's key. What was said in it is kept as its draft."""


async def simulate_in_shards(
    plan: Plan,
    seed_file: SeedFile,
    jobs: Sequence[Job],
    kept: KeptConversations,
    version: str,
    checker: Checker,
) -> list[Outcome]:
    """Has every job simulated by flow runs of a Prefect deployment, and waits for them.

    A retry of this run finds those again that are still under way.

    Returns:
        A conversation, or how it failed, for each job, in the jobs' order.

    Raises:
        UsageError: there is no such deployment or global limit, or a participant cannot be used.
        RunStoppingError: a shard found that no seed can be simulated. The others are cancelled.
    """
    assert plan.advanced.shards is not None
    shards = shards_of(version, len(jobs), plan.advanced.shards)
    slots = min(plan.settings.max_concurrency, len(shards[0].part_of(jobs)))
    await check_global_limit(plan.settings.global_limit, slots)
    progress = Progress(version, total=len(shards), doing="simulating", of="shards")
    under_way: dict[Shard, FlowRun] = {}
    records: dict[Shard, str] = {}

    async def simulate_one(shard: Shard) -> None:
        record = await _simulated(shard, plan, seed_file, under_way)
        if record is not None:
            records[shard] = record
        tell(progress, failed=record is None)

    async with progress_artifact(progress):
        try:
            await side_by_side(simulate_one, shards)
        except DuologueError:
            for shard_run in under_way.values():
                await cancel_flow_run(shard_run.id)
            raise
    outcomes: dict[str, Outcome] = {}
    await _read_finished(jobs, kept, outcomes)
    await _read_failed(jobs, kept, outcomes, records.values())
    missing = [job for job in jobs if job.key not in outcomes]
    if missing:
        get_run_logger().warning("%d conversations were left to do", len(missing))
        done = await simulate_conversations(
            missing, plan.settings, kept, version, checker, plan.dataset.name
        )
        outcomes |= {job.key: outcome for job, outcome in zip(missing, done, strict=True)}
    return [outcomes[job.key] for job in jobs]


async def _simulated(
    shard: Shard, plan: Plan, seed_file: SeedFile, under_way: dict[Shard, FlowRun]
) -> str | None:
    """Has a shard simulated, again and again until it ends well.

    Returns:
        The key of its record; None if it was given up.
    """
    assert plan.advanced.shards is not None
    losses = 0
    for attempt in count(1):
        shard_run = await _started_sooner_or_later(shard, attempt, plan, seed_file)
        if shard_run.state and shard_run.state.is_final():  # of an earlier attempt of this run
            if _is_whole(shard_run, seed_file):
                return record_key(shard, attempt)
            continue
        under_way[shard] = shard_run
        state = await final_state_of(shard_run, plan.advanced.shards.silent_after_seconds)
        del under_way[shard]
        if state.is_completed():
            return record_key(shard, attempt)
        await _raise_what_stops_all(state)
        losses += 1
        get_run_logger().warning(
            "%s of %s was lost, %s: %s", shard.name, shard.version, state.name, state.message
        )
        if losses > MOST_LOSSES:
            return None
    raise AssertionError("there is always a next attempt")


async def _started_sooner_or_later(
    shard: Shard, attempt: int, plan: Plan, seed_file: SeedFile
) -> FlowRun:
    while True:
        try:
            return await _started(shard, attempt, plan, seed_file)
        except httpx.HTTPError as error:
            tell_or_raise(error)
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


async def _started(shard: Shard, attempt: int, plan: Plan, seed_file: SeedFile) -> FlowRun:
    """Starts an attempt at a shard; where it was started before, finds it again."""
    assert plan.advanced.shards is not None
    deployment = plan.advanced.shards.deployment
    try:
        return await arun_deployment(
            deployment,
            parameters={
                "version": shard.version,
                "number": shard.number,
                "of": shard.of,
                "attempt": attempt,
                "seeds_sha256": seed_file.sha256,
                "run": to_jsonable_python(flow_run.parameters),
            },
            flow_run_name=record_key(shard, attempt).replace("/", "-"),
            idempotency_key=record_key(shard, attempt),
            tags=["duologue", f"version:{shard.version}"],
            timeout=0,
        )
    except ObjectNotFound:
        raise UsageError(
            f"shards.deployment is {deployment!r}, but Prefect's server knows no such deployment; "
            "make it with `prefect deploy --name simulate-shard`"
        ) from None


def _is_whole(shard_run: FlowRun, seed_file: SeedFile) -> bool:
    """Says whether a shard that is over has simulated all that it would be asked for again."""
    same_seeds = shard_run.parameters.get("seeds_sha256") == seed_file.sha256
    return same_seeds and shard_run.state_name == WHOLE


async def _raise_what_stops_all(state: State[Any]) -> None:
    """Raises the error of a shard that every other one would end with as well."""
    if not state.is_failed():
        return
    try:
        error = await state.aresult(raise_on_failure=False)
    except Exception as unreadable:
        get_run_logger().warning("a shard's error could not be read: %r", unreadable)
        return
    if isinstance(error, DuologueError):
        raise error


async def _read_finished(
    jobs: Sequence[Job], kept: KeptConversations, outcomes: dict[str, Outcome]
) -> None:
    async def read(job: Job) -> None:
        conversation = await kept.finished(job)
        if conversation is not None:
            outcomes[job.key] = conversation

    for some in in_batches(jobs, READ_AT_A_TIME):
        await side_by_side(read, some)


async def _read_failed(
    jobs: Sequence[Job],
    kept: KeptConversations,
    outcomes: dict[str, Outcome],
    record_keys: Iterable[str],
) -> None:
    """Takes over what failed in its shard, which was tried there as often as it may be."""
    by_key = {job.key: job for job in jobs}
    for record_key in record_keys:
        record = await kept.read(record_key, ShardRecord)
        for key, (error_class, reason) in (record.failed if record else {}).items():
            job = by_key.get(key)
            if job is not None and key not in outcomes:
                draft = await kept.draft(job) or Draft.of(job.seed)
                outcomes[key] = FailedSeed(job.seed, job.sample, error_class, reason, draft)


def record_key(shard: Shard, attempt: int) -> str:
    """Under which a shard's record is kept, and its flow run known to Prefect's server."""
    return f"{shard.version}/{shard.name}-attempt-{attempt}"
