"""Runs the jobs of a flow: conversations to simulate, replies to request, verdicts to give.

Jobs run concurrently on one event loop. Up to 200 have a task run each; more share task runs in
batches. Each result is stored as a checkpoint at once, and a job whose result is stored is not done
again. A job that fails in its batch is retried by a task run of its own, so that in the UI every
failure has a name, an error and its retries.

A run stops early only if every other job would fail as well. Its other jobs then count as failed.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import task_run
from prefect.states import Completed
from prefect.tasks import Task, exponential_backoff
from pydantic import BaseModel

from duologue.errors import (
    BudgetExhaustedError,
    FatalError,
    NotTriedError,
    RunStoppingError,
    TransientError,
    safe_message,
)
from duologue.participants.concurrency import AccountLimit
from duologue.progress import Progress, watch_progress
from duologue.tasks.concurrency import (
    chunks,
    infrequent_garbage_collection,
    room_for,
    run_all,
    run_batches,
    shielded,
)
from duologue.tasks.opaque import opaque
from duologue.versions.checkpoints import Checkpoints

MAX_INDIVIDUAL_TASK_RUNS = 200
"""Jobs that have a task run each. One costs 10 ms of CPU here and as much in Prefect's server,
which falls behind thousands of them; and nobody reads so long a list."""

BATCH_SIZE = 25
"""Jobs that share a task run beyond that; more than 20 make nothing faster."""

FATAL_BEFORE_STOP = 20
"""Fatal failures, and nothing else, after which a run stops. To stop too late costs 20 calls; to
stop too early costs the run, because a few bad seeds may well come first."""


class Job(Protocol):
    """One thing to do."""

    @property
    def key(self) -> str:
        """The key of its checkpoint."""
        ...

    @property
    def name(self) -> str:
        """Its part of its task run's name."""
        ...


SomeJob = TypeVar("SomeJob", bound=Job)
Done = TypeVar("Done", bound=BaseModel)
Failed = TypeVar("Failed")


class Work(ABC, Generic[SomeJob, Done, Failed]):
    """How the jobs of a run are done, and what becomes of those that fail."""

    verb: str
    """Starts the names of task runs, as in `simulate`."""
    noun: str
    """Names the task, behind the verb, as in `conversation`."""
    result: type[Done]
    """What a job that succeeds returns."""

    @abstractmethod
    async def do(self, job: SomeJob, retries: int) -> Done:
        """Does a job.

        Args:
            job: the job.
            retries: how often it was retried in this run so far.
        """

    @abstractmethod
    async def failed(self, job: SomeJob, error: BaseException) -> Failed:
        """Returns what becomes of a job that failed, was cancelled or was not tried.

        Stores its partial result first. Never raises.
        """

    async def stored(self, job: SomeJob) -> None:
        """Removes what a job needed until its result was stored. Never raises."""

    def refusal(self) -> Exception | None:
        """Returns why no further job may start; None while they may."""
        return None

    def group(self, job: SomeJob) -> str:
        """Returns what the jobs are called that succeed or fail together, in the plural."""
        return f"{self.noun}s"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many jobs run concurrently, and how often a failed one is retried."""

    max_concurrency: int
    retries: int
    retry_delay_seconds: float
    """Before the first retry; doubles each time."""
    jobs_per_task_run: int | None
    """None chooses by their number."""


@dataclass(frozen=True, slots=True)
class Results(Generic[Done, Failed]):
    """What became of the jobs of a run."""

    outcomes: list[Done | Failed]
    """In the jobs' order."""
    stopped_early: str | None = None
    """Why the run did not try all of them; None if it did."""
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of its participants allowed, if they refused calls."""


async def run_jobs(
    jobs: Sequence[SomeJob],
    work: Work[SomeJob, Done, Failed],
    limits: Limits,
    checkpoints: Checkpoints,
    progress: Progress,
) -> Results[Done, Failed]:
    """Runs jobs and waits for all of them.

    Returns:
        What became of every job, also of those that were not tried because the run stopped early.

    Raises:
        UsageError: the checkpoints cannot be read.
    """
    await checkpoints.list_scopes(job.key for job in jobs)
    batches = _batches(jobs, limits.jobs_per_task_run)
    run = _Run(
        work,
        limits,
        checkpoints,
        progress,
        in_flight=asyncio.Semaphore(limits.max_concurrency),
        room=room_for(batches, limits.max_concurrency),
        job_task=_job_task(work, limits),
    )
    stopped_early = None
    with infrequent_garbage_collection():
        try:
            await run_batches(run.some, batches, run.room)
        except RunStoppingError as error:
            stopped_early = str(error)
            get_run_logger().error("the run stops early: %s", stopped_early)
            not_tried = NotTriedError(f"not tried, because the run stopped early: {error}")
            left = [job for job in jobs if job.key not in run.outcomes]
            await run_all(lambda job: run.skip(job, not_tried), left)
    return Results([run.outcomes[job.key] for job in jobs], stopped_early)


async def try_to_store(name: str, storing: Coroutine[Any, Any, None]) -> None:
    """Stores a checkpoint, uninterrupted; if the storage fails, logs it and continues.

    Args:
        name: of the job, for the log.
        storing: a call of `Checkpoints.write`, not awaited yet.
    """
    await shielded(warned(name, storing))


async def warned(name: str, storing: Coroutine[Any, Any, None]) -> None:
    """Stores a checkpoint; if the storage fails, logs it and continues. See `try_to_store`."""
    try:
        await storing
    except Exception as error:
        get_run_logger().warning(
            "%s could not be stored as a checkpoint, so a Retry would request it again: %s",
            name,
            safe_message(error),
        )


def _batches(jobs: Sequence[SomeJob], size: int | None) -> list[Sequence[SomeJob]]:
    if size is None:
        size = 1 if len(jobs) <= MAX_INDIVIDUAL_TASK_RUNS else BATCH_SIZE
    return chunks(jobs, size)


@dataclass(slots=True)
class _Hopelessness:
    """Whether nothing but fatal failures came, even after waiting for slower jobs."""

    in_flight: set[str] = field(default_factory=set)
    fatal: set[str] = field(default_factory=set)
    awaited: set[str] | None = None
    """Jobs that were in flight at the first fatal failure and have not ended."""
    has_hope: bool = False

    def is_certain(self, key: str, error: Exception | None) -> bool:
        """Notes how a job ended; returns whether the others need not be tried."""
        if not isinstance(error, FatalError):
            self.has_hope = True
            return False
        if self.awaited is None:
            self.awaited = set(self.in_flight)
        self.awaited.discard(key)
        self.fatal.add(key)
        return not (self.has_hope or self.awaited) and len(self.fatal) >= FATAL_BEFORE_STOP


@dataclass(slots=True)
class _Run(Generic[SomeJob, Done, Failed]):
    """One call of `run_jobs`."""

    work: Work[SomeJob, Done, Failed]
    limits: Limits
    checkpoints: Checkpoints
    progress: Progress
    in_flight: asyncio.Semaphore
    room: asyncio.Semaphore
    job_task: Task[Any, Any]
    outcomes: dict[str, Done | Failed] = field(default_factory=dict)
    """By key. A job that failed in its batch has an outcome before it is retried."""
    groups: defaultdict[str, _Hopelessness] = field(
        default_factory=lambda: defaultdict(_Hopelessness)
    )

    async def some(self, jobs: Sequence[SomeJob]) -> None:
        """Runs one batch, and then those that failed in it, each in a task run of its own."""
        if refusal := self.work.refusal():
            await run_all(lambda job: self.skip(job, refusal), jobs)
        elif len(jobs) == 1:
            await self.alone(jobs[0])
        else:
            batch_task = _batch.with_options(name=f"{self.work.verb}-batch")
            failures = await batch_task(opaque(jobs), opaque(self))
            await run_all(lambda failure: self.alone(*failure), failures)

    async def alone(self, job: SomeJob, batch_error: Exception | None = None) -> None:
        """Runs one job in a task run of its own; its failure in its batch was the first attempt."""
        try:
            await self.job_task(opaque(job), opaque(self), opaque(batch_error))
        except BaseException as error:
            await self.fail(job, error)
        self.end(job, self.outcomes[job.key])

    async def skip(self, job: SomeJob, reason: Exception) -> None:
        """Takes a job's result from its checkpoint, or lets it fail without trying it."""
        outcome: Done | Failed | None = None
        try:
            outcome = await self.stored(job)
        except Exception as error:
            reason = error
        if outcome is None:
            outcome = await self.work.failed(job, reason)
        self.outcomes[job.key] = outcome
        self.end(job, outcome)

    async def stored(self, job: SomeJob) -> Done | None:
        """Returns the result of a job that was done before."""
        return await self.checkpoints.read(job.key, self.work.result)

    async def do(self, job: SomeJob, retries: int) -> Done:
        """Does a job as soon as it may be in flight, and stores its result."""
        keys = self.groups[self.work.group(job)].in_flight
        async with self.in_flight:
            if refusal := self.work.refusal():
                raise refusal
            keys.add(job.key)
            try:
                done = await self.work.do(job, retries)
            finally:
                keys.discard(job.key)
        await try_to_store(job.name, self.store(job, done))
        return done

    async def store(self, job: SomeJob, done: Done) -> None:
        """Stores the result of a job, and then removes what it was made from."""
        await self.checkpoints.write(job.key, done)
        await self.work.stored(job)

    def succeed(self, job: SomeJob, done: Done) -> None:
        """Notes the result of a job."""
        self.outcomes[job.key] = done
        self.groups[self.work.group(job)].is_certain(job.key, None)

    async def fail(self, job: SomeJob, error: BaseException) -> None:
        """Notes how a job failed.

        Raises:
            RunStoppingError: every other job would fail as well.
            BaseException: the run is cancelled.
        """
        failure = await self.work.failed(job, error)
        if not isinstance(error, Exception):
            raise error
        self.outcomes[job.key] = failure
        group = self.work.group(job)
        is_hopeless = self.groups[group].is_certain(job.key, error)
        if isinstance(error, RunStoppingError):
            raise error
        if is_hopeless:
            count = len(self.groups[group].fatal)
            raise RunStoppingError(f"the first {count} {group} all failed; {safe_message(error)}")

    def end(self, job: SomeJob, outcome: Done | Failed) -> None:
        """Counts a job that has ended, and makes room for another."""
        self.room.release()
        if isinstance(outcome, self.work.result):
            self.progress.succeeded += 1
        else:
            self.progress.failed += 1
        watch_progress.get()(self.progress)


AnyRun = _Run[Any, Any, Any]


def _batch_name() -> str:
    jobs: Sequence[Job] = task_run.parameters["jobs"].unwrap()  # passed as `opaque`
    run: AnyRun = task_run.parameters["run"].unwrap()
    return f"{run.work.verb}-{jobs[0].name}-and-{len(jobs) - 1}-more"


@task(task_run_name=_batch_name, cache_policy=NO_CACHE, persist_result=False)
async def _batch(jobs: Sequence[Any], run: AnyRun) -> list[tuple[Any, Exception]]:
    """Runs several jobs concurrently; returns those to retry, and how they failed."""
    failures: list[tuple[Any, Exception]] = []

    async def one(job: Job) -> None:
        try:
            done = await run.stored(job) or await run.do(job, retries=0)
        except BaseException as error:
            await run.fail(job, error)
            if isinstance(error, Exception) and not isinstance(error, BudgetExhaustedError):
                failures.append((job, error))
                return
        else:
            run.succeed(job, done)
        run.end(job, run.outcomes[job.key])

    await run_all(one, jobs)
    return failures


async def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Checks whether Prefect should retry a task run."""
    return isinstance(await state.aresult(raise_on_failure=False), TransientError)


def _job_name() -> str:
    job: Job = task_run.parameters["job"].unwrap()  # passed as `opaque`
    run: AnyRun = task_run.parameters["run"].unwrap()
    return f"{run.work.verb}-{job.name}"


def _job_task(work: Work[Any, Any, Any], limits: Limits) -> Task[Any, Any]:
    """Makes the task that runs one job, with its retries."""

    # Prefect caches nothing: the checkpoints are what its own cache would be, and batches, shards
    # and other machines share them.
    @task(
        name=f"{work.verb}-{work.noun}",
        task_run_name=_job_name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=limits.retries,
        retry_delay_seconds=exponential_backoff(limits.retry_delay_seconds),
        retry_condition_fn=is_transient,
        retry_jitter_factor=0.5,
    )
    async def run_job(job: Job, run: AnyRun, batch_error: Exception | None) -> State[Any] | None:
        if batch_error is not None and task_run.run_count == 1:
            raise batch_error
        if (stored := await run.stored(job)) is not None:
            run.succeed(job, stored)
            return Completed(name="Cached", message="Found in the dataset's checkpoints.")
        run.succeed(job, await run.do(job, retries=task_run.run_count - 1))
        return None

    return run_job
