"""Simulating the conversations of a run, a bounded number at a time.

Some hundred have a task run each. More than that share task runs, in batches, within which each is
kept by itself as soon as it is finished. One that fails in its batch is tried again by a task run
of its own, so that in the UI a failed seed always has its name, its error and its retries.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.context import TaskRunContext
from prefect.runtime import task_run
from prefect.tasks import exponential_backoff

from duologue.conversation.messages import Conversation
from duologue.errors import BudgetExhaustedError, LostStateError, RunStoppingError
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Accounts
from duologue.participants.opening import open_participants
from duologue.plans.generation import Job
from duologue.progress import Progress
from duologue.settings.run import RunSettings
from duologue.simulation import Draft, FailedSeed, Outcome, Participants, simulate
from duologue.tasks.artifacts import progress_artifact
from duologue.tasks.global_limit import within_global_limit
from duologue.tasks.kept_conversations import KeptConversations, keep_or_tell
from duologue.tasks.side_by_side import (
    batch_by_batch,
    in_batches,
    is_transient,
    little_garbage_collection,
    room_for,
    side_by_side,
    stop_if_hopeless,
    tell,
)
from duologue.tasks.unseen import unseen
from duologue.validation.check import Checker


@dataclass(frozen=True, slots=True)
class Run:
    """What the conversations of a run have in common, and what has become of them so far."""

    settings: RunSettings
    participants: Participants
    checker: Checker
    kept: KeptConversations
    progress: Progress
    spending: Spending
    in_flight: asyncio.Semaphore
    room: asyncio.Semaphore
    """Taken by a conversation from when its task run begins until it is over, so also while it
    waits for its retry: where all fail, no others begin. One that waits holds up no batch."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By job's key; of a conversation that failed in its batch, how, until it was tried again."""


@dataclass(frozen=True, slots=True)
class CutShort:
    """A conversation that failed in its batch."""

    job: Job
    draft: Draft
    error: Exception


def _key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    job: Job = parameters["job"]
    return job.key


def _name() -> str:
    job: Job = task_run.parameters["job"]
    return f"simulate-{job.conversation_id}"


def _batch_name() -> str:
    jobs: Sequence[Job] = task_run.parameters["jobs"].unwrap()  # passed as `unseen`
    return f"simulate-{jobs[0].conversation_id}-and-{len(jobs) - 1}-more"


# A conversation's key says all that makes it what it is. Prefect's own policies would add this
# function's source, which says nothing of the code it calls, or hash every argument of every run.
@task(
    name="simulate-conversation",
    task_run_name=_name,
    cache_policy=CacheKeyFnPolicy(cache_key_fn=_key),
    result_serializer="json",
    cache_result_in_memory=False,
    retry_condition_fn=is_transient,
    retry_jitter_factor=0.5,
)
async def simulate_conversation(
    job: Job, draft: Draft, run: Run, failed_with: Exception | None = None
) -> Conversation:
    """Simulates one conversation, or goes on with its draft where it was cut short.

    Args:
        job: the conversation to simulate.
        draft: what there is of it; grows.
        run: what it has in common with the others.
        failed_with: how it failed in its batch, which counts as the first attempt here.

    Raises:
        ParticipantError: a participant gave no usable reply. The draft has what was said.
    """
    if failed_with is not None and task_run.run_count == 1:
        raise failed_with
    return await _simulated(job, draft, run, retries_had=task_run.run_count - 1)


# Not cached: its conversations are, each by itself.
@task(
    name="simulate-batch",
    task_run_name=_batch_name,
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def simulate_batch(jobs: Sequence[Job], run: Run) -> list[CutShort]:
    """Simulates several conversations side by side, and keeps each as soon as it is finished.

    Returns:
        Those that failed; what was said in them is kept.

    Raises:
        RunStoppingError: no seed can be simulated.
    """
    failures: list[CutShort] = []

    async def simulate_one(job: Job) -> None:
        outcome: Outcome | None = await run.kept.finished(job)
        if outcome is None:
            draft = await run.kept.draft(job) or Draft.of(job.seed)
            try:
                outcome = conversation = await _simulated(job, draft, run, retries_had=0)
                await keep_or_tell(job.conversation_id, run.kept.finish(job, conversation))
            except BaseException as error:
                failure = await _failure(job, draft, error, run)
                outcome = _failed(job, draft, failure)
                if not isinstance(failure, BudgetExhaustedError):  # then there is no trying again
                    failures.append(CutShort(job, draft, failure))
                    _note(job, outcome, run)
                    return
        _note(job, outcome, run)
        _over(outcome, run)

    await side_by_side(simulate_one, jobs)
    return failures


async def simulate_conversations(
    jobs: Sequence[Job],
    settings: RunSettings,
    kept: KeptConversations,
    version: str,
    checker: Checker,
    dataset: str = "",
) -> list[Outcome]:
    """Simulates every job, `settings.max_concurrency` at a time, on this event loop.

    Returns:
        A conversation, or how it failed, for each job, in the jobs' order.

    Raises:
        UsageError: a participant cannot be used as it is spelled, the API key is missing, or there
            is no such global limit.
        RunStoppingError: no seed can be simulated. The others were not tried any more.
    """
    progress = Progress(version, total=len(jobs), doing="simulating", of="conversations")
    spending, accounts = Spending(settings.budget), Accounts()
    async with (
        open_participants(
            [settings.chatbot, settings.simulated_user],
            settings.call,
            settings.max_concurrency,
            spending,
            settings.record_usage,
            accounts,
        ) as participants,
        progress_artifact(progress),
        within_global_limit(settings.global_limit, min(settings.max_concurrency, len(jobs))),
    ):
        batches = in_batches(jobs, settings.conversations_per_task_run)
        run = Run(
            settings,
            Participants(participants[0], participants[1], dataset, version),
            checker,
            kept,
            progress,
            spending,
            in_flight=asyncio.Semaphore(settings.max_concurrency),
            room=room_for(batches, settings.max_concurrency),
        )
        with little_garbage_collection():
            await batch_by_batch(lambda batch: _simulate_some(batch, run), batches, run.room)
    for sentence in accounts.report():
        get_run_logger().info(sentence)
    if spending.is_blind:
        get_run_logger().warning("no call said what it cost, so max_cost_usd had no effect")
    return [run.outcomes[job.key] for job in jobs]


async def _simulate_some(jobs: Sequence[Job], run: Run) -> None:
    """Simulates jobs that share a task run; those that fail there, each in one of its own."""
    if run.spending.exhausted:
        # What is finished is taken from where it is kept, for nothing.
        jobs = [job for job in jobs if not await _left_undone(job, run)]
    if not jobs:
        return
    if len(jobs) == 1:
        draft = await run.kept.draft(jobs[0]) or Draft.of(jobs[0].seed)
        await _simulate_alone(jobs[0], draft, run)
        return
    failures = await simulate_batch(unseen(jobs), unseen(run))
    await side_by_side(
        lambda failure: _simulate_alone(failure.job, failure.draft, run, failure.error), failures
    )


async def _simulate_alone(
    job: Job, draft: Draft, run: Run, failed_with: Exception | None = None
) -> None:
    settings = run.settings
    simulate_with_retries = simulate_conversation.with_options(
        retries=settings.seed_retries,
        retry_delay_seconds=exponential_backoff(settings.seed_retry_delay_seconds),
    )
    outcome: Outcome
    try:
        outcome = await simulate_with_retries(job, draft, unseen(run), unseen(failed_with))
    except BaseException as error:
        outcome = _failed(job, draft, await _failure(job, draft, error, run))
    _note(job, outcome, run)
    _over(outcome, run)


async def _left_undone(job: Job, run: Run) -> bool:
    """Leaves a conversation as it is, if it is not finished, because the budget is spent."""
    if await run.kept.finished(job) is not None:
        return False
    assert run.spending.exhausted is not None  # it is not asked before
    draft = await run.kept.draft(job) or Draft.of(job.seed)
    outcome = _failed(job, draft, run.spending.exhausted)
    _note(job, outcome, run)
    _over(outcome, run)
    return True


async def _simulated(job: Job, draft: Draft, run: Run, retries_had: int) -> Conversation:
    """Simulates one conversation as soon as it may be in flight.

    One that turns out invalid is thrown away and begun anew, as often as the seed may be retried;
    there is nothing to wait for. The last one is returned as it is.
    """
    settings = run.settings
    async with run.in_flight:
        if exhausted := run.spending.exhausted:
            raise exhausted
        while True:
            draft.begin_attempt()
            try:
                conversation = await simulate(
                    draft, job.seed, job.sample, run.participants, settings.simulation
                )
            except LostStateError as error:  # the draft is at its start again
                if draft.thrown_away + retries_had > settings.seed_retries:
                    raise
                get_run_logger().warning("%s starts again: %s", job.conversation_id, error)
                continue
            checked = run.checker.check(conversation, job.seed)
            if checked.is_valid or draft.thrown_away + retries_had >= settings.seed_retries:
                return conversation
            get_run_logger().warning(
                "%s begun anew, invalid: %s", job.conversation_id, ", ".join(checked.broken_rules)
            )
            draft.begin_anew()


async def _failure(job: Job, draft: Draft, error: BaseException, run: Run) -> Exception:
    """Keeps what was said in a conversation that was cut short, and passes on what concerns all.

    Also when the run is stopped, be it while what was just finished is stored: nothing that was
    paid for is lost.
    """
    await keep_or_tell(job.conversation_id, run.kept.keep(job, draft))
    if isinstance(error, RunStoppingError) or not isinstance(error, Exception):
        raise error
    # Whatever else it is, the other seeds are not to suffer.
    return error


def _failed(job: Job, draft: Draft, error: Exception) -> FailedSeed:
    return FailedSeed(job.seed, job.sample, type(error).__name__, str(error), draft)


def _note(job: Job, outcome: Outcome, run: Run) -> None:
    run.outcomes[job.key] = outcome
    stop_if_hopeless(run.outcomes.values(), run.progress.total, "seeds")


def _over(outcome: Outcome, run: Run) -> None:
    run.room.release()
    tell(run.progress, failed=isinstance(outcome, FailedSeed))
