"""Simulating the conversations of a run: one task run each, a bounded number at a time."""

import asyncio
import gc
import math
from collections.abc import Collection, Coroutine, Sequence
from typing import Any, TypeGuard

from prefect import get_run_logger, task
from prefect.cache_policies import CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.runtime import task_run
from prefect.tasks import Task, exponential_backoff

from duologue.budget import Spending
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
from tasks.unseen import unseen

FATAL_SEEDS_BEFORE_STOP = 5
"""A run stops where the first seeds to end all fail fatally: five in a row and not one good one
are a wrong setting, and no accident of one seed's text."""

TASK_RUNS_AHEAD = 0.5
"""So many more task runs than conversations may be under way. While Prefect starts one and records
another, which takes it some 10 ms of computing each, as many conversations as allowed go on."""


def _key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    job: Job = parameters["job"]
    return job.key


def _name() -> str:
    job: Job = task_run.parameters["job"]
    return f"simulate-{job.conversation_id}"


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
    job: Job,
    draft: Draft,
    participants: Participants,
    settings: RunSettings,
    rules: Sequence[Rule],
    in_flight: asyncio.Semaphore,
) -> Conversation:
    """Simulates one conversation, or goes on with its draft where it was cut short.

    One that turns out invalid is thrown away and begun anew, as often as the seed may be retried;
    there is nothing to wait for. The last one is returned as it is.

    Raises:
        ParticipantError: a participant gave no usable reply. The draft has what was said.
    """
    async with in_flight:
        while True:
            draft.attempts += 1
            conversation = await simulate(
                draft, job.seed, job.sample, participants, settings.simulation
            )
            checked = check_conversation(conversation, job.seed, settings.simulation, rules)
            retries = draft.thrown_away + task_run.run_count - 1
            if checked.is_valid or retries >= settings.seed_retries:
                return conversation
            get_run_logger().warning("begun anew, invalid: %s", ", ".join(checked.broken_rules))
            draft.begin_anew()


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
    spending = Spending(settings.budget)
    async with (
        open_participants(
            settings.chatbot,
            settings.simulated_user,
            settings.call,
            settings.max_concurrency,
            spending,
            settings.record_usage,
        ) as participants,
        progress_artifact(progress),
    ):
        outcomes = await _simulate_all(jobs, settings, participants, kept, progress, spending)
    if spending.is_blind:
        get_run_logger().warning("no call said what it cost, so max_cost_usd had no effect")
    return outcomes


async def _simulate_all(
    jobs: Sequence[Job],
    settings: RunSettings,
    participants: Participants,
    kept: KeptConversations,
    progress: Progress,
    spending: Spending,
) -> list[Outcome]:
    simulate_with_retries = simulate_conversation.with_options(
        retries=settings.seed_retries,
        retry_delay_seconds=exponential_backoff(settings.seed_retry_delay_seconds),
    )
    rules = load_rules(settings.rules)
    in_flight = asyncio.Semaphore(settings.max_concurrency)
    task_runs = settings.max_concurrency + math.ceil(settings.max_concurrency * TASK_RUNS_AHEAD)
    outcomes: dict[int, Outcome] = {}
    remaining = iter(enumerate(jobs))

    async def work() -> None:
        for index, job in remaining:
            draft = await kept.draft(job) or Draft.of(job.seed)
            try:
                # What is finished is taken from where it is kept, for nothing.
                if (exhausted := spending.exhausted) and not await kept.has_finished(job):
                    raise exhausted
                outcomes[index] = await simulate_with_retries(
                    job, draft, participants, settings, unseen(rules), in_flight
                )
            except BaseException as error:
                # Also when the run is stopped, be it while Prefect stores what was just finished:
                # nothing that was paid for is lost.
                await _to_its_end(kept.keep(job, draft))
                if isinstance(error, RunStoppingError) or not isinstance(error, Exception):
                    raise
                # Whatever else it is, the other seeds are not to suffer.
                outcomes[index] = _failed(job, draft, error)
            _count(outcomes[index], progress)
            if len(outcomes) == min(FATAL_SEEDS_BEFORE_STOP, len(jobs)):
                _stop_if_hopeless(outcomes.values())

    # What is there by now, mostly Prefect and the Vellum SDK, stays: to look through it again and
    # again for garbage took a tenth of the run's computing.
    gc.collect()
    gc.freeze()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(task_runs, len(jobs))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        gc.unfreeze()
    return [outcomes[index] for index in range(len(jobs))]


async def _to_its_end(keeping: Coroutine[Any, Any, None]) -> None:
    """Awaits what must not be left half done, also where it is cancelled once more meanwhile.

    A run that is cancelled from the UI ends by a signal: then asyncio cancels each of its tasks,
    and the task group, cancelled as well, cancels them a second time.
    """
    task = asyncio.create_task(keeping)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


def _failed(job: Job, draft: Draft, error: Exception) -> FailedSeed:
    return FailedSeed(job.seed, job.sample, type(error).__name__, str(error), draft)


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
