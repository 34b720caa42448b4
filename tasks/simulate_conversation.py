"""Simulating the conversations of a run, a bounded number at a time.

Some hundred have a task run each. More than that share task runs, in batches, within which each is
kept by itself as soon as it is finished. One that fails in its batch is tried again by a task run
of its own, so that in the UI a failed seed always has its name, its error and its retries.
"""

import asyncio
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.runtime import task_run
from prefect.tasks import Task, exponential_backoff

from duologue.conversation import Conversation
from duologue.errors import FatalError, RunStoppingError, TransientError
from duologue.generation import Job
from duologue.participants.opening import Participants, open_participants
from duologue.progress import Progress, watch_progress
from duologue.run_settings import RunSettings
from duologue.simulation import Draft, FailedSeed, Outcome, simulate
from duologue.validation.check import check_conversation
from duologue.validation.loading import load_rules
from duologue.validation.rule import Rule
from tasks.artifacts import progress_artifact
from tasks.kept_conversations import KeptConversations
from tasks.side_by_side import in_batches, side_by_side, to_its_end, what_is_there_is_kept
from tasks.unseen import unseen

FATAL_SEEDS_BEFORE_STOP = 5
"""A run stops where the first seeds to end all fail fatally: five in a row and not one good one
are a wrong setting, and no accident of one seed's text."""

AHEAD = 0.5
"""So many more conversations than are simulated at a time are in task runs that have begun. While
Prefect starts one and records another, which takes it some 10 ms of computing each, as many
conversations as allowed go on."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the conversations of a run have in common, and what has become of them so far."""

    settings: RunSettings
    participants: Participants
    rules: Sequence[Rule]
    kept: KeptConversations
    progress: Progress
    in_flight: asyncio.Semaphore
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By job's key; of a conversation that failed in its batch, how, until it was tried again."""


def _key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    job: Job = parameters["job"]
    return job.key


def _name() -> str:
    job: Job = task_run.parameters["job"]
    return f"simulate-{job.conversation_id}"


def _batch_name() -> str:
    jobs: Sequence[Job] = task_run.parameters["jobs"]
    return f"simulate-{jobs[0].conversation_id}-and-{len(jobs) - 1}-more"


async def _is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    return isinstance(await state.aresult(raise_on_failure=False), TransientError)


# A conversation's key says all that makes it what it is. Prefect's own policies would add this
# function's source, which says nothing of the code it calls, or hash every argument of every run.
@task(
    name="simulate-conversation",
    task_run_name=_name,
    cache_policy=CacheKeyFnPolicy(cache_key_fn=_key),
    result_serializer="json",
    cache_result_in_memory=False,
    retry_condition_fn=_is_transient,
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
async def simulate_batch(jobs: Sequence[Job], run: Run) -> list[tuple[Job, Exception]]:
    """Simulates several conversations side by side, and keeps each as soon as it is finished.

    Returns:
        Those that failed, and how; what was said in them is kept.

    Raises:
        RunStoppingError: no seed can be simulated.
    """
    failures: list[tuple[Job, Exception]] = []

    async def simulate_one(job: Job) -> None:
        outcome = await run.kept.finished(job)
        if outcome is None:
            draft = await run.kept.draft(job) or Draft.of(job.seed)
            try:
                outcome = await _simulated(job, draft, run, retries_had=0)
                await to_its_end(run.kept.finish(job, outcome))
            except BaseException as error:
                failure = await _failure(job, draft, error, run)
                failures.append((job, failure))
                _note(job, _failed(job, draft, failure), run)
                return
        _note(job, outcome, run)
        _count(outcome, run.progress)

    await side_by_side(simulate_one, jobs, len(jobs))
    return failures


async def simulate_conversations(
    jobs: Sequence[Job], settings: RunSettings, kept: KeptConversations, version: str
) -> list[Outcome]:
    """Simulates every job, `settings.max_concurrency` at a time, on this event loop.

    Returns:
        A conversation, or how it failed, for each job, in the jobs' order.

    Raises:
        UsageError: a participant cannot be used as it is spelled, or the API key is missing.
        RunStoppingError: no seed can be simulated. The others were not tried any more.
    """
    progress = Progress(version, total=len(jobs))
    async with (
        open_participants(
            settings.chatbot, settings.simulated_user, settings.call, settings.max_concurrency
        ) as participants,
        progress_artifact(progress),
    ):
        in_flight = asyncio.Semaphore(settings.max_concurrency)
        rules = load_rules(settings.rules)
        run = Run(settings, participants, rules, kept, progress, in_flight)
        batches = in_batches(jobs, settings.conversations_per_task_run)
        under_way = math.ceil(settings.max_concurrency * (1 + AHEAD))
        with what_is_there_is_kept():
            await side_by_side(
                lambda batch: _simulate_some(batch, run),
                batches,
                math.ceil(under_way / len(batches[0])) if batches else 0,
            )
    return [run.outcomes[job.key] for job in jobs]


async def _simulate_some(jobs: Sequence[Job], run: Run) -> None:
    """Simulates jobs that share a task run; those that fail there, each in one of its own."""
    if len(jobs) == 1:
        await _simulate_alone(jobs[0], run)
        return
    failures = await simulate_batch(unseen(jobs), unseen(run))
    await side_by_side(
        lambda failure: _simulate_alone(failure[0], run, failure[1]), failures, len(failures)
    )


async def _simulate_alone(job: Job, run: Run, failed_with: Exception | None = None) -> None:
    settings = run.settings
    simulate_with_retries = simulate_conversation.with_options(
        retries=settings.seed_retries,
        retry_delay_seconds=exponential_backoff(settings.seed_retry_delay_seconds),
    )
    draft = await run.kept.draft(job) or Draft.of(job.seed)
    outcome: Outcome
    try:
        outcome = await simulate_with_retries(job, draft, unseen(run), unseen(failed_with))
    except BaseException as error:
        outcome = _failed(job, draft, await _failure(job, draft, error, run))
    _note(job, outcome, run)
    _count(outcome, run.progress)


async def _simulated(job: Job, draft: Draft, run: Run, retries_had: int) -> Conversation:
    """Simulates one conversation as soon as it may be in flight.

    One that turns out invalid is thrown away and begun anew, as often as the seed may be retried;
    there is nothing to wait for. The last one is returned as it is.
    """
    settings = run.settings
    async with run.in_flight:
        while True:
            draft.attempts += 1
            conversation = await simulate(
                draft, job.seed, job.sample, run.participants, settings.simulation
            )
            checked = check_conversation(conversation, job.seed, settings.simulation, run.rules)
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
    await to_its_end(run.kept.keep(job, draft))
    if isinstance(error, RunStoppingError) or not isinstance(error, Exception):
        raise error
    # Whatever else it is, the other seeds are not to suffer.
    return error


def _failed(job: Job, draft: Draft, error: Exception) -> FailedSeed:
    return FailedSeed(job.seed, job.sample, type(error).__name__, str(error), draft)


def _note(job: Job, outcome: Outcome, run: Run) -> None:
    run.outcomes[job.key] = outcome
    if len(run.outcomes) == min(FATAL_SEEDS_BEFORE_STOP, run.progress.total):
        _stop_if_hopeless(run.outcomes.values())


def _count(outcome: Outcome, progress: Progress) -> None:
    if isinstance(outcome, Conversation):
        progress.simulated += 1
    else:
        progress.failed += 1
    watch_progress.get()(progress)


def _stop_if_hopeless(first: Collection[Outcome]) -> None:
    reasons = [outcome.reason for outcome in first if _is_fatal(outcome)]
    if len(reasons) == len(first):
        raise RunStoppingError(
            f"the first {len(first)} seeds all failed, so the run stopped; {reasons[0]}"
        )


def _is_fatal(outcome: Outcome) -> TypeGuard[FailedSeed]:
    return isinstance(outcome, FailedSeed) and outcome.error_class == FatalError.__name__
