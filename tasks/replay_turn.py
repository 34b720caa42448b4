"""Asking chatbots for the next turn of each prefix of a version, a bounded number at a time.

As in `simulate_conversation`: some hundred replies have a task run each; more share task runs, in
batches, within which each is kept by itself, and one that fails there is asked for again by a task
run of its own.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.context import TaskRunContext
from prefect.runtime import task_run
from prefect.tasks import exponential_backoff

from duologue.conversation.messages import Message, Role
from duologue.errors import EmptyReplyError, RunStoppingError
from duologue.evaluation.plan import EvaluationPlan, ReplyJob
from duologue.evaluation.replies import FailedReply, KeptReply, Side
from duologue.participants.concurrency import Accounts
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Participant, TurnContext
from duologue.progress import Progress
from duologue.settings.evaluation import EvaluationSettings
from duologue.tasks.artifacts import progress_artifact
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


@dataclass(frozen=True, slots=True)
class Replay:
    """What the replies of an evaluation have in common, and what has become of them so far."""

    settings: EvaluationSettings
    chatbots: Mapping[Side, Participant]
    dataset: str
    evaluation: str
    kept: KeptConversations
    progress: Progress
    in_flight: asyncio.Semaphore
    room: asyncio.Semaphore
    """See `room_for`."""
    outcomes: dict[Side, dict[str, Message | FailedReply]] = field(
        default_factory=lambda: {side: {} for side in Side}
    )
    """Of each side by job's key; of a reply that failed in its batch, how, until it was asked for
    again."""


def _key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    job: ReplyJob = parameters["job"]
    return job.key


def _name() -> str:
    job: ReplyJob = task_run.parameters["job"]
    return f"replay-{job.name}"


def _batch_name() -> str:
    jobs: Sequence[ReplyJob] = task_run.parameters["jobs"].unwrap()  # passed as `unseen`
    return f"replay-{jobs[0].name}-and-{len(jobs) - 1}-more"


# The key says all that makes a reply what it is; see `simulate_conversation`.
@task(
    name="replay-turn",
    task_run_name=_name,
    cache_policy=CacheKeyFnPolicy(cache_key_fn=_key),
    result_serializer="json",
    cache_result_in_memory=False,
    retry_condition_fn=is_transient,
    retry_jitter_factor=0.5,
)
async def replay_turn(
    job: ReplyJob, replay: Replay, failed_with: Exception | None = None
) -> KeptReply:
    """Asks a chatbot for one reply.

    Args:
        job: the reply to ask for.
        replay: what it has in common with the others.
        failed_with: how it failed in its batch, which counts as the first attempt here.

    Raises:
        ParticipantError: the chatbot gave no usable reply.
    """
    if failed_with is not None and task_run.run_count == 1:
        raise failed_with
    return await _reply(job, replay)


# Not cached: its replies are, each by itself.
@task(
    name="replay-batch",
    task_run_name=_batch_name,
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def replay_batch(
    jobs: Sequence[ReplyJob], replay: Replay
) -> list[tuple[ReplyJob, Exception]]:
    """Asks for several replies side by side, and keeps each as soon as it is there.

    Returns:
        Those that failed, and how.

    Raises:
        RunStoppingError: a chatbot cannot be asked at all.
    """
    failures: list[tuple[ReplyJob, Exception]] = []

    async def replay_one(job: ReplyJob) -> None:
        reply = await replay.kept.read(job.key, KeptReply)
        if reply is None:
            try:
                reply = await _reply(job, replay)
            except RunStoppingError:
                raise
            except Exception as error:
                failures.append((job, error))
                _note(job, _failed(error), replay)
                return
            await keep_or_tell(job.name, replay.kept.write(job.key, reply))
        _note(job, reply.message, replay)
        _over(reply.message, replay)

    await side_by_side(replay_one, jobs)
    return failures


async def replay_turns(
    plan: EvaluationPlan, evaluation: str, kept: KeptConversations
) -> list[tuple[ReplyJob, Message | FailedReply]]:
    """Asks for every reply of an evaluation, so many at a time as its settings say.

    Returns:
        The reply, or how it failed, for each job, in the jobs' order.

    Raises:
        UsageError: a chatbot cannot be used as it is spelled, or the API key is missing.
        RunStoppingError: a chatbot cannot be asked at all. The other replies were not asked for.
    """
    settings, jobs = plan.settings, plan.jobs(evaluation)
    progress = Progress(evaluation, total=len(jobs), doing="asking", of="replies")
    chatbots, accounts = plan.chatbots, Accounts()
    async with (
        open_participants(
            list(chatbots.values()),
            settings.call,
            settings.max_concurrency,
            accounts=accounts,
        ) as participants,
        progress_artifact(progress),
    ):
        batches = in_batches(jobs, settings.replies_per_task_run)
        replay = Replay(
            settings,
            dict(zip(chatbots, participants, strict=True)),
            plan.manifest.dataset,
            evaluation,
            kept,
            progress,
            in_flight=asyncio.Semaphore(settings.max_concurrency),
            room=room_for(batches, settings.max_concurrency),
        )
        with little_garbage_collection():
            await batch_by_batch(lambda batch: _replay_some(batch, replay), batches, replay.room)
    for sentence in accounts.report():
        get_run_logger().info(sentence)
    return [(job, replay.outcomes[job.side][job.key]) for job in jobs]


async def _replay_some(jobs: Sequence[ReplyJob], replay: Replay) -> None:
    """Asks for replies that share a task run; those that fail there, each in one of its own."""
    if len(jobs) == 1:
        await _replay_alone(jobs[0], replay)
        return
    failures = await replay_batch(unseen(jobs), unseen(replay))
    await side_by_side(lambda failure: _replay_alone(failure[0], replay, failure[1]), failures)


async def _replay_alone(
    job: ReplyJob, replay: Replay, failed_with: Exception | None = None
) -> None:
    settings = replay.settings
    replay_with_retries = replay_turn.with_options(
        retries=settings.reply_retries,
        retry_delay_seconds=exponential_backoff(settings.reply_retry_delay_seconds),
    )
    outcome: Message | FailedReply
    try:
        outcome = (await replay_with_retries(job, unseen(replay), unseen(failed_with))).message
    except RunStoppingError:
        raise
    except Exception as error:
        outcome = _failed(error)
    _note(job, outcome, replay)
    _over(outcome, replay)


async def _reply(job: ReplyJob, replay: Replay) -> KeptReply:
    prefix, chatbot = job.prefix, replay.chatbots[job.side]
    async with replay.in_flight:
        try:
            reply = await chatbot.reply(prefix.chat_history, _context(job, replay))
        except EmptyReplyError:
            # It was asked as often as it may be. That it says nothing is how it behaves.
            return KeptReply(message=Message(role=Role.ASSISTANT, text=""))
    return KeptReply(
        message=Message(
            role=Role.ASSISTANT,
            text=reply.text,
            execution_id=reply.execution_id,
            latency_ms=reply.latency_ms,
            attempts=reply.attempts,
            content=reply.content,
        )
    )


def _context(job: ReplyJob, replay: Replay) -> TurnContext:
    prefix = job.prefix
    said = (m.execution_id for m in reversed(prefix.chat_history) if m.role is Role.ASSISTANT)
    return TurnContext(
        prefix.seed,
        prefix.conversation_id,
        prefix.sample,
        turn=prefix.turn_index,
        side=job.side,
        dataset=replay.dataset,
        version=replay.evaluation,
        attempt=task_run.run_count or 1,
        previous_execution_id=next(said, None),
    )


def _failed(error: Exception) -> FailedReply:
    return FailedReply(type(error).__name__, str(error))


def _note(job: ReplyJob, outcome: Message | FailedReply, replay: Replay) -> None:
    of_side = replay.outcomes[job.side]
    of_side[job.key] = outcome
    prefixes = replay.progress.total // len(replay.chatbots)
    stop_if_hopeless(of_side.values(), prefixes, f"replies of the {job.side}")


def _over(outcome: Message | FailedReply, replay: Replay) -> None:
    replay.room.release()
    tell(replay.progress, failed=isinstance(outcome, FailedReply))
