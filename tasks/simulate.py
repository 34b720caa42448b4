"""Simulates the conversations of a run."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from prefect import get_run_logger

from duologue.conversation.messages import Conversation
from duologue.errors import LostStateError, UsageError
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Accounts
from duologue.participants.opening import open_participants
from duologue.plans.generation import Job
from duologue.progress import Growing, Progress
from duologue.settings.run import RunSettings
from duologue.simulation import Draft, FailedSeed, Participants, simulate
from duologue.tasks.artifacts import progress_artifact
from duologue.tasks.concurrency import shielded
from duologue.tasks.global_limit import within_global_limit
from duologue.tasks.jobs import Limits, Results, Work, run_jobs, try_to_store, warned
from duologue.validation.check import Checker
from duologue.versions.checkpoints import Checkpoints
from duologue.versions.drafts import GrowingDraft, read_draft

Simulated = Results[Conversation, FailedSeed]


class Simulation(Work[Job, Conversation, FailedSeed]):
    """The conversations of a run."""

    verb, noun, result = "simulate", "conversation", Conversation

    def __init__(
        self,
        settings: RunSettings,
        participants: Participants,
        checker: Checker,
        checkpoints: Checkpoints,
        spending: Spending,
        growing: dict[str, Growing] | None = None,
    ) -> None:
        self._settings = settings
        self._participants = participants
        self._checker = checker
        self._checkpoints = checkpoints
        self._spending = spending
        self._growing = {} if growing is None else growing
        """What a terminal shows of the conversations in flight."""
        self._drafts: dict[str, GrowingDraft] = {}
        """Of the conversations that were started or resumed and are not finished."""

    async def do(self, job: Job, retries: int) -> Conversation:
        """Simulates a conversation, or resumes its draft.

        An invalid one is discarded and restarted at once, as often as its seed may be retried. The
        last one is returned as it is.
        """
        if job.key not in self._drafts:
            stored = await read_draft(job.draft_key, job.seed, self._checkpoints)
            self._drafts[job.key] = GrowingDraft(stored, job.draft_key, self._checkpoints)
        growing = self._drafts[job.key]
        self._growing[job.name] = growing.draft
        try:
            return await self._simulated(job, growing, retries)
        finally:
            del self._growing[job.name]

    async def _simulated(self, job: Job, growing: GrowingDraft, retries: int) -> Conversation:
        draft, store = growing.draft, partial(self._store_reply, job, growing)
        settings = self._settings
        while True:
            draft.start_attempt()
            try:
                conversation = await simulate(
                    draft, job.seed, job.sample, self._participants, settings.simulation, store
                )
            except LostStateError as error:  # the draft is at its start again
                if draft.discarded + retries > settings.seed_retries:
                    raise
                get_run_logger().warning("%s restarts: %s", job.name, error)
                continue
            checked = self._checker.check(conversation, job.seed)
            is_last = draft.discarded + retries >= settings.seed_retries
            if checked.is_valid or is_last or not checked.may_become_valid:
                return conversation
            get_run_logger().warning(
                "%s is invalid and restarts: %s", job.name, ", ".join(checked.broken_rules)
            )
            draft.restart()

    async def failed(self, job: Job, error: BaseException) -> FailedSeed:
        """Stores the draft, so that nothing billed is lost, also when the run is cancelled."""
        growing = self._drafts.get(job.key)
        if growing is not None:
            await try_to_store(job.name, growing.store())
            draft = growing.draft
        else:
            draft = await _readable_draft(job, self._checkpoints)
        return FailedSeed(job.seed, job.sample, type(error).__name__, str(error), draft)

    async def _store_reply(self, job: Job, growing: GrowingDraft) -> None:
        if not growing.is_worth_storing:
            return
        storing = warned(job.name, growing.store())
        # On a disk nothing comes between, and a task for each reply would cost as much again.
        await (storing if self._checkpoints.is_on_disk else shielded(storing))

    def refusal(self) -> Exception | None:
        """Returns an error once the budget is spent."""
        return self._spending.exhausted

    def group(self, job: Job) -> str:
        """Returns what fails together: all seeds."""
        return "seeds"


async def simulate_conversations(
    jobs: Sequence[Job],
    settings: RunSettings,
    checkpoints: Checkpoints,
    version: str,
    checker: Checker,
    dataset: str = "",
    spending: Spending | None = None,
) -> Simulated:
    """Simulates every job, up to `settings.max_concurrency` concurrently.

    Returns:
        A conversation, or how it failed, for each job; and why the run stopped early, if it did.

    Raises:
        UsageError: a participant's reference is wrong, the API key is missing, or there is no such
            global limit.
    """
    progress = Progress(version, total=len(jobs), doing="simulating", of="conversations")
    spending, accounts = spending or Spending(settings.budget), Accounts()
    limits = Limits(
        settings.max_concurrency,
        settings.seed_retries,
        settings.seed_retry_delay_seconds,
        settings.conversations_per_task_run,
    )
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
        both = Participants(participants[0], participants[1], dataset, version)
        work = Simulation(settings, both, checker, checkpoints, spending, progress.growing)
        results = await run_jobs(jobs, work, limits, checkpoints, progress)
    for limit in accounts.limits():
        get_run_logger().info(str(limit))
    if spending.is_blind:
        get_run_logger().warning("no call reported its cost, so max_cost_usd had no effect")
    return replace(results, account_limits=accounts.limits())


async def _readable_draft(job: Job, checkpoints: Checkpoints) -> Draft:
    try:
        return await read_draft(job.draft_key, job.seed, checkpoints)
    except UsageError as error:
        get_run_logger().warning("%s: its draft cannot be shown: %s", job.name, error)
        return Draft.of(job.seed)
