"""Simulates the conversations of a run in flow runs of their own, on whatever machines take them.

A shard stores each conversation as a checkpoint, where this run finds it, and leaves a record of
what failed. A lost shard is started again and resumes from its checkpoints. What is missing in the
end, this run simulates itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from prefect import get_run_logger
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic_core import to_jsonable_python

from duologue.conversation.messages import Conversation
from duologue.errors import NotTriedError, RunStoppingError, UsageError
from duologue.participants.concurrency import AccountLimit, of_all_processes
from duologue.plans.generation import Job, Plan
from duologue.plans.shards import Shard, shards_of
from duologue.progress import Progress, watch_progress
from duologue.seeds import SeedFile
from duologue.settings.options import Record
from duologue.settings.run import ShardOptions
from duologue.simulation import FailedSeed, Outcome
from duologue.tasks.artifacts import progress_artifact
from duologue.tasks.await_shard import (
    SECONDS_BETWEEN_LOOKS,
    cancel_flow_run,
    final_state_of,
    log_or_raise,
)
from duologue.tasks.concurrency import chunks, run_all
from duologue.tasks.global_limit import check_global_limit
from duologue.tasks.identify_run import open_checkpoints
from duologue.tasks.jobs import Results
from duologue.tasks.simulate import Simulated, simulate_conversations
from duologue.validation.check import Checker
from duologue.versions.checkpoints import Checkpoints
from duologue.versions.drafts import read_draft

MAX_LOSSES = 10
"""How often a lost shard is started again. Machines come and go; a shard that never ends well,
because it needs more memory than there is, must not start forever."""

WHOLE, SOME_FAILED = "Completed", "CompletedWithFailures"
STOPPED_EARLY, REFUSED = "StoppedEarly", "Refused"
"""The names of the states that a shard ends in; those of the second line would meet every shard,
and their message says why."""

READ_CONCURRENTLY = 1000
"""Checkpoints that are requested at once; the storage reads fewer."""


class ShardRecord(Record):
    """What a shard reports to its run, besides its checkpoints."""

    failed: Mapping[str, tuple[str, str]]
    """Error class and reason of each conversation that failed, by its job's key."""
    account_limits: tuple[AccountLimit, ...] = ()


async def simulate_in_shards(
    plan: Plan,
    seed_file: SeedFile,
    jobs: Sequence[Job],
    checkpoints: Checkpoints,
    version: str,
    checker: Checker,
) -> Simulated:
    """Has every job simulated by flow runs of a Prefect deployment, and waits for them.

    A Retry of this run finds those that are still running.

    Returns:
        A conversation, or how it failed, for each job; and why the run stopped early, if it did.

    Raises:
        UsageError: there is no such deployment or global limit, a participant cannot be used, or
            a shard writes to another place than this run.
    """
    options = plan.advanced.shards
    assert options is not None
    shards = shards_of(version, len(jobs), options)
    slots = min(plan.settings.max_concurrency, len(shards[0].part_of(jobs)))
    await check_global_limit(plan.settings.global_limit, slots)
    run = _ShardedRun(plan, options, seed_file, checkpoints)
    progress = Progress(version, total=len(shards), doing="simulating", of="shards")

    async def simulate_one(shard: Shard) -> None:
        if await run.has_ended_well(shard):
            progress.succeeded += 1
        else:
            progress.failed += 1
        watch_progress.get()(progress)

    stopped_early = None
    async with progress_artifact(progress):
        try:
            await run_all(simulate_one, shards)
        except RunStoppingError as error:
            stopped_early = str(error)
            await run.cancel()
        except UsageError:
            await run.cancel()
            raise
    outcomes = await _collected(jobs, run, stopped_early)
    missing = [job for job in jobs if job.key not in outcomes]
    if missing:
        get_run_logger().warning("%d conversations are missing after all shards", len(missing))
        fresh = open_checkpoints(checkpoints.parent)
        rest = await simulate_conversations(
            missing, plan.settings, fresh, version, checker, plan.dataset.name
        )
        outcomes |= {job.key: made for job, made in zip(missing, rest.outcomes, strict=True)}
        stopped_early = rest.stopped_early
        run.account_limits.extend(rest.account_limits)
    limits = of_all_processes(run.account_limits)
    return Results([outcomes[job.key] for job in jobs], stopped_early, limits)


def check_same_seeds(seed_file: SeedFile, sha256: str) -> None:
    """Checks that a shard has read the same seed file as its run.

    Raises:
        UsageError: it has not.
    """
    if seed_file.sha256 != sha256:
        raise UsageError(
            f"{seed_file.path} differs from the file that the run has read (its SHA-256 here is "
            f"{seed_file.sha256}, not {sha256}); give every machine the same file, best by a URL "
            "that all of them reach, and retry the run if the file was changed meanwhile"
        )


async def end_shard(
    shard: Shard, attempt: int, jobs: Sequence[Job], simulated: Simulated, checkpoints: Checkpoints
) -> State[Any]:
    """Stores a shard's record, and returns the state that its flow run ends in."""
    failed = {
        job.key: (outcome.error_class, outcome.reason)
        for job, outcome in zip(jobs, simulated.outcomes, strict=True)
        if isinstance(outcome, FailedSeed)
    }
    record = ShardRecord(failed=failed, account_limits=simulated.account_limits)
    await checkpoints.write(record_key(shard, attempt), record)
    if simulated.stopped_early:
        return Failed(name=STOPPED_EARLY, message=simulated.stopped_early)
    return Completed(
        name=SOME_FAILED if failed else WHOLE,
        message=f"{len(jobs) - len(failed)} of {len(jobs)} conversations simulated",
    )


def record_key(shard: Shard, attempt: int) -> str:
    """Returns the key of a shard's record, which also identifies its flow run."""
    return f"{shard.version}/{shard.name}-attempt-{attempt}"


@dataclass(frozen=True, slots=True)
class _ShardedRun:
    """The shards of a run, and what they reported so far."""

    plan: Plan
    options: ShardOptions
    seed_file: SeedFile
    checkpoints: Checkpoints
    running: dict[Shard, FlowRun] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    account_limits: list[AccountLimit] = field(default_factory=list)

    async def has_ended_well(self, shard: Shard) -> bool:
        """Has a shard simulated, again and again until it ends well; False if it was given up.

        Raises:
            RunStoppingError: it stopped early.
            UsageError: it cannot run as requested.
        """
        losses = 0
        for attempt in count(1):
            shard_run = await self._started_eventually(shard, attempt)
            if shard_run.state and shard_run.state.is_final():  # from an earlier attempt of the run
                if self._is_whole(shard_run):
                    return True
                continue
            self.running[shard] = shard_run
            state = await final_state_of(shard_run, self.options.silent_after_seconds)
            del self.running[shard]
            if state.name == REFUSED:
                raise UsageError(f"{shard.name} of {shard.version}: {state.message}")
            if state.is_completed() or state.name == STOPPED_EARLY:
                await self._read_record(shard, attempt)
            if state.name == STOPPED_EARLY:
                raise RunStoppingError(str(state.message))
            if state.is_completed():
                return True
            losses += 1
            get_run_logger().warning(
                "%s of %s was lost, %s: %s", shard.name, shard.version, state.name, state.message
            )
            if losses > MAX_LOSSES:
                return False
        raise AssertionError("there is always a next attempt")

    async def cancel(self) -> None:
        """Cancels the shards that are still running."""
        for shard_run in self.running.values():
            await cancel_flow_run(shard_run.id)

    async def _read_record(self, shard: Shard, attempt: int) -> None:
        # Listed afresh: the shard has just written it.
        checkpoints = open_checkpoints(self.checkpoints.parent)
        record = await checkpoints.read(record_key(shard, attempt), ShardRecord)
        if record is None:
            raise UsageError(
                f"{shard.name} of {shard.version} ended, but left no record in "
                f"{self.plan.dataset} as this machine sees it; give every machine the same "
                "`output`, such as a URL or a shared disk"
            )
        self.failed.update(record.failed)
        self.account_limits.extend(record.account_limits)

    async def _started_eventually(self, shard: Shard, attempt: int) -> FlowRun:
        while True:
            try:
                return await self._started(shard, attempt)
            except httpx.HTTPError as error:
                log_or_raise(error)
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    async def _started(self, shard: Shard, attempt: int) -> FlowRun:
        """Starts an attempt at a shard; if it was started before, finds it again."""
        try:
            return await arun_deployment(
                self.options.deployment,
                parameters={
                    "version": shard.version,
                    "number": shard.number,
                    "of": shard.of,
                    "attempt": attempt,
                    "seeds_sha256": self.seed_file.sha256,
                    "run": to_jsonable_python(flow_run.parameters),
                },
                flow_run_name=record_key(shard, attempt).replace("/", "-"),
                idempotency_key=record_key(shard, attempt),
                tags=["duologue", f"version:{shard.version}"],
                timeout=0,
            )
        except ObjectNotFound:
            raise UsageError(
                f"shards.deployment is {self.options.deployment!r}, but Prefect's server knows no "
                "such deployment; make it with `prefect deploy --name simulate-shard`"
            ) from None

    def _is_whole(self, shard_run: FlowRun) -> bool:
        """Checks whether a shard that has ended simulated everything it would be given again."""
        same_seeds = shard_run.parameters.get("seeds_sha256") == self.seed_file.sha256
        return same_seeds and shard_run.state_name == WHOLE


async def _collected(
    jobs: Sequence[Job], run: _ShardedRun, stopped_early: str | None
) -> dict[str, Outcome]:
    """Collects what the shards stored; of a run that stopped early, something for each job."""
    checkpoints = open_checkpoints(run.checkpoints.parent)
    outcomes: dict[str, Outcome] = {}

    async def collect(job: Job) -> None:
        conversation = await checkpoints.read(job.key, Conversation)
        failure = run.failed.get(job.key)
        if conversation is not None:
            outcomes[job.key] = conversation
        elif failure is not None or stopped_early is not None:
            error_class, reason = failure or (
                NotTriedError.__name__,
                f"not tried, because the run stopped early: {stopped_early}",
            )
            draft = await read_draft(job.draft_key, job.seed, checkpoints)
            outcomes[job.key] = FailedSeed(job.seed, job.sample, error_class, reason, draft)

    for some in chunks(jobs, READ_CONCURRENTLY):
        await run_all(collect, some)
    return outcomes
