"""Simulates the conversations of a comparison, both sides in one run."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from prefect import get_run_logger

from duologue.comparison.following import FollowingUser
from duologue.comparison.sides import Side
from duologue.conversation.messages import Conversation
from duologue.errors import NotTriedError
from duologue.participants.budget import Spending
from duologue.participants.concurrency import AccountLimit, Accounts
from duologue.participants.opening import open_participants
from duologue.plans.comparison import ComparedJob, ComparisonPlan
from duologue.progress import Progress
from duologue.settings.comparison import ComparisonSettings
from duologue.simulation import FailedSeed, Outcome, Participants
from duologue.tasks.artifacts import progress_artifact
from duologue.tasks.jobs import Limits, Work, run_jobs
from duologue.tasks.simulate import Simulation
from duologue.validation.check import Checker
from duologue.versions.checkpoints import Checkpoints
from duologue.versions.drafts import stored_draft


class Comparison(Work[ComparedJob, Conversation, FailedSeed]):
    """The conversations of both sides."""

    verb, noun, result = "simulate", "conversation", Conversation

    def __init__(self, sides: Mapping[Side, Simulation], spending: Spending) -> None:
        self._sides = sides
        self._spending = spending

    async def do(self, job: ComparedJob, retries: int) -> Conversation:
        """Simulates a conversation, or resumes its draft."""
        return await self._sides[job.side].do(job, retries)

    async def failed(self, job: ComparedJob, error: BaseException) -> FailedSeed:
        """Stores the draft."""
        return await self._sides[job.side].failed(job, error)

    def refusal(self) -> Exception | None:
        """Returns an error once the budget, which both sides share, is spent."""
        return self._spending.exhausted

    def group(self, job: ComparedJob) -> str:
        """Returns what fails together: the conversations of one side."""
        return f"{job.side} conversations"


@dataclass(frozen=True, slots=True)
class SimulatedSides:
    """What became of the conversations."""

    outcomes: Mapping[Side, Sequence[Outcome]]
    """By side, in the order of the seeds and samples."""
    stopped_early: str | None
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of the participants allowed, if they refused calls."""


async def simulate_sides(
    plan: ComparisonPlan,
    comparison: str,
    checkers: Mapping[Side, Checker],
    checkpoints: Checkpoints,
    spending: Spending,
) -> SimulatedSides:
    """Simulates every conversation of the comparison that is not an earlier version's.

    With `only_changed` all of the baseline's come first, because the candidate's follow them.

    Raises:
        UsageError: a participant's reference is wrong, the API key is missing, or the checkpoints
            cannot be read.
    """
    jobs = plan.jobs(comparison)
    if plan.settings.from_turn is not None:
        await _store_openings(plan, jobs, checkpoints)
    progress = Progress(comparison, total=len(jobs), doing="simulating", of="conversations")
    accounts = Accounts()
    baseline = plan.baseline_conversations()
    made: dict[str, Outcome] = {}
    stopped_early = None
    async with AsyncExitStack() as stack:
        work = Comparison(
            await _opened(
                plan, comparison, checkers, checkpoints, spending, accounts, baseline, stack
            ),
            spending,
        )
        await stack.enter_async_context(progress_artifact(progress))
        for some in _in_order(plan, jobs):
            if stopped_early is not None:
                reason = NotTriedError(f"not tried, because the run stopped early: {stopped_early}")
                made |= {job.key: await work.failed(job, reason) for job in some}
                continue
            results = await run_jobs(some, work, limits_of(plan.settings), checkpoints, progress)
            stopped_early = results.stopped_early
            for job, outcome in zip(some, results.outcomes, strict=True):
                made[job.key] = outcome
                if job.side is Side.BASELINE and isinstance(outcome, Conversation):
                    baseline[outcome.conversation_id] = outcome
    for limit in accounts.limits():
        get_run_logger().info(str(limit))
    return SimulatedSides(
        {
            side: [made[job.key] for job in jobs if job.side is side]
            for side in plan.simulated_sides
        },
        stopped_early,
        accounts.limits(),
    )


def _in_order(plan: ComparisonPlan, jobs: Sequence[ComparedJob]) -> list[Sequence[ComparedJob]]:
    """Divides the jobs into what runs after the other; normally all run together."""
    if not plan.settings.only_changed:
        return [jobs]
    return [[job for job in jobs if job.side is side] for side in plan.simulated_sides]


def limits_of(settings: ComparisonSettings) -> Limits:
    """Returns how many jobs of a comparison run concurrently, and how often they are retried."""
    return Limits(
        settings.max_concurrency,
        settings.seed_retries,
        settings.seed_retry_delay_seconds,
        settings.conversations_per_task_run,
    )


async def _opened(
    plan: ComparisonPlan,
    comparison: str,
    checkers: Mapping[Side, Checker],
    checkpoints: Checkpoints,
    spending: Spending,
    accounts: Accounts,
    baseline: Mapping[str, Conversation],
    stack: AsyncExitStack,
) -> dict[Side, Simulation]:
    """Opens the participants of both sides, which share a client, an account and a budget."""
    settings, sides = plan.settings, plan.simulated_sides
    opened = await stack.enter_async_context(
        open_participants(
            [*(plan.runs[side].chatbot for side in sides), settings.simulated_user],
            settings.call,
            settings.max_concurrency,
            spending,
            settings.record_usage,
            accounts,
        )
    )
    *chatbots, user = opened
    simulations = {}
    for side, chatbot in zip(sides, chatbots, strict=True):
        run = plan.runs[side]
        its_user = user
        if settings.only_changed and side is Side.CANDIDATE:
            marker, greeting = run.simulation.end_marker, run.simulation.greeting
            its_user = FollowingUser(user, baseline, marker, greeting)
        both = Participants(chatbot, its_user, plan.dataset.name, f"{comparison}/{side}")
        simulations[side] = Simulation(run, both, checkers[side], checkpoints, spending)
    return simulations


async def _store_openings(
    plan: ComparisonPlan, jobs: Sequence[ComparedJob], checkpoints: Checkpoints
) -> None:
    """Stores the turns that both sides keep as drafts, which simulations continue."""
    for job in jobs:
        if await stored_draft(job.draft_key, checkpoints) is None:
            await checkpoints.write(job.draft_key, plan.opening(job))
