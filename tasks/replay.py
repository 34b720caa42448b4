"""Requests the chatbots' replies to each prefix of a version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefect import get_run_logger

from duologue.conversation.messages import Message, Role
from duologue.errors import EmptyReplyError, UsageError
from duologue.evaluation.measured_noise import AskedAgain, asked_again
from duologue.evaluation.plan import EvaluationPlan, ReplyJob
from duologue.evaluation.replies import FailedReply, KeptReply, Side
from duologue.participants.concurrency import Accounts
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Participant, TurnContext
from duologue.progress import Progress
from duologue.settings.participants import ParticipantSettings
from duologue.tasks.artifacts import progress_artifact
from duologue.tasks.jobs import Limits, Work, run_jobs
from duologue.tracing import span
from duologue.versions.checkpoints import Checkpoints


@dataclass(frozen=True, slots=True)
class Replayed:
    """The replies of an evaluation."""

    replies: list[tuple[ReplyJob, Message | FailedReply]]
    """The reply to each job of the plan, or how it failed; in the jobs' order."""
    stopped_early: str | None
    """Why the run did not request all of them; None if it did."""


class Replay(Work[ReplyJob, KeptReply, FailedReply]):
    """The replies of an evaluation."""

    verb, noun, result = "replay", "turn", KeptReply

    def __init__(self, chatbots: Mapping[Side, Participant], dataset: str, evaluation: str) -> None:
        self._chatbots = chatbots
        self._dataset = dataset
        self._evaluation = evaluation

    async def do(self, job: ReplyJob, retries: int) -> KeptReply:
        """Requests one reply."""
        prefix = job.prefix
        try:
            context = self._context(job, retries)
            with span(
                "turn",
                gen_ai__conversation__id=context.conversation_id,
                duologue__turn=context.turn,
                duologue__side=context.side,
            ):
                reply = await self._chatbots[job.side].reply(prefix.chat_history, context)
        except EmptyReplyError:
            # It was requested as often as it may be. That it is empty is how the chatbot behaves.
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

    def _context(self, job: ReplyJob, retries: int) -> TurnContext:
        """Says which reply is requested; a stateful chatbot continues from the dataset's own."""
        prefix = job.prefix
        replies = (m for m in reversed(prefix.chat_history) if m.role is Role.ASSISTANT)
        last = next(replies, None)
        return TurnContext(
            prefix.seed,
            prefix.conversation_id,
            prefix.sample,
            turn=prefix.turn_index,
            side=job.side,
            dataset=self._dataset,
            version=self._evaluation,
            attempt=retries + 1,
            previous_execution_id=last.execution_id if last else None,
        )

    async def failed(self, job: ReplyJob, error: BaseException) -> FailedReply:
        """Returns how a reply failed; there is nothing to store."""
        return FailedReply(type(error).__name__, str(error))

    def group(self, job: ReplyJob) -> str:
        """Returns what fails together: a chatbot that gives no reply stops the evaluation."""
        return f"replies of the {job.side}"


async def replay_turns(
    plan: EvaluationPlan, evaluation: str, checkpoints: Checkpoints, accounts: Accounts
) -> Replayed:
    """Requests every reply of an evaluation, up to `max_concurrency` concurrently.

    Raises:
        UsageError: a chatbot's reference is wrong, or the API key is missing.
    """
    jobs = plan.jobs(evaluation)
    progress = Progress(evaluation, total=len(jobs), doing="asking", of="replies")
    return await _requested(jobs, plan.chatbots, plan, progress, checkpoints, accounts)


async def ask_again(
    plan: EvaluationPlan,
    evaluation: str,
    checkpoints: Checkpoints,
    accounts: Accounts,
    stopped_early: str | None,
) -> AskedAgain:
    """Requests the replies of the version's own chatbot that measure its noise.

    They are stored with the version, so that only its first evaluation pays for them.

    Args:
        plan: of the evaluation.
        evaluation: its name.
        checkpoints: where the replies are stored.
        accounts: those that the evaluation calls; what they allow is known by now.
        stopped_early: why the evaluation stopped; then nothing more is billed.

    Returns:
        The replies, or why there are none: the evaluation continues without them.
    """
    chatbot, samples = plan.asked_again, plan.settings.noise_samples
    if not samples:
        return AskedAgain(0, unmeasured="noise_samples is 0")
    if stopped_early:
        return AskedAgain(samples, unmeasured="the evaluation stopped early")
    jobs = plan.noise_jobs
    await checkpoints.list_scopes(job.key for job in jobs)
    stored = [await checkpoints.read(job.key, KeptReply) for job in jobs]
    replies: dict[str, Message | FailedReply] = {
        job.key: kept.message for job, kept in zip(jobs, stored, strict=True) if kept
    }
    missing = [job for job in jobs if job.key not in replies]
    if missing:
        progress = Progress(
            evaluation, len(missing), doing="measuring noise", of="repeated-replies"
        )
        try:
            ParticipantSettings.parsed(chatbot.reference)
            asked = await _requested(
                missing, {Side.NOISE: chatbot}, plan, progress, checkpoints, accounts
            )
        except UsageError as error:
            return AskedAgain(
                samples, unmeasured=f"the version's chatbot cannot be asked again: {error}"
            )
        replies |= {job.key: reply for job, reply in asked.replies}
    return asked_again([(job, replies[job.key]) for job in jobs], samples)


async def _requested(
    jobs: Sequence[ReplyJob],
    chatbots: Mapping[Side, ParticipantSettings],
    plan: EvaluationPlan,
    progress: Progress,
    checkpoints: Checkpoints,
    accounts: Accounts,
) -> Replayed:
    settings = plan.settings
    limits = Limits(
        settings.max_concurrency,
        settings.reply_retries,
        settings.reply_retry_delay_seconds,
        settings.replies_per_task_run,
    )
    async with (
        open_participants(
            list(chatbots.values()),
            settings.call,
            settings.max_concurrency,
            accounts=accounts,
        ) as participants,
        progress_artifact(progress),
    ):
        opened = dict(zip(chatbots, participants, strict=True))
        work = Replay(opened, plan.manifest.dataset, progress.name)
        results = await run_jobs(jobs, work, limits, checkpoints, progress)
    for limit in accounts.limits():
        get_run_logger().info(str(limit))
    replies = [
        outcome.message if isinstance(outcome, KeptReply) else outcome
        for outcome in results.outcomes
    ]
    return Replayed(list(zip(jobs, replies, strict=True)), results.stopped_early)
