"""Writes verdicts back to Vellum, for the judges whose settings say so."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect import get_run_logger

from duologue.conversation.messages import Message, Role
from duologue.dataset.contents import DatasetContents
from duologue.errors import safe_message
from duologue.participants.concurrency import Accounts
from duologue.progress import Progress
from duologue.settings.options import Record
from duologue.settings.participants import CallSettings, ParticipantKind, ParticipantSettings
from duologue.settings.run import RunSettings
from duologue.tasks.jobs import Limits, Work, run_jobs
from duologue.validation.check import CheckedConversation
from duologue.validation.verdict import Verdict
from duologue.versions.checkpoints import Checkpoints

if TYPE_CHECKING:
    from duologue.participants.vellum_actuals import Actual
    from duologue.participants.vellum_deployment import VellumClient


class Submitted(Record):
    """A submission that Vellum took; it is not made again."""

    execution_id: str


@dataclass(frozen=True, slots=True)
class ActualsJob:
    """What judges say about one execution."""

    participant: ParticipantSettings
    execution_id: str
    verdicts: tuple[Verdict, ...]
    scope: str

    @property
    def key(self) -> str:
        """Of the checkpoint: the same verdicts are submitted once."""
        said = [verdict.model_dump(mode="json") for verdict in self.verdicts]
        content = json.dumps([self.execution_id, said], sort_keys=True).encode()
        return f"{self.scope}/{hashlib.sha256(content).hexdigest()}-actuals"

    @property
    def name(self) -> str:
        """The execution."""
        return self.execution_id


class Submission(Work[ActualsJob, Submitted, str]):
    """The submissions of a run."""

    verb, noun, result = "submit", "actuals", Submitted

    def __init__(self, client: "VellumClient", call: CallSettings) -> None:
        self._client = client
        self._call = call

    async def do(self, job: ActualsJob, retries: int) -> Submitted:
        """Submits the verdicts about one execution."""
        from duologue.participants.vellum_actuals import submit_actuals

        actuals = [_actual(verdict) for verdict in job.verdicts]
        await submit_actuals(self._client, job.participant, job.execution_id, actuals, self._call)
        return Submitted(execution_id=job.execution_id)

    async def failed(self, job: ActualsJob, error: BaseException) -> str:
        """Returns why Vellum did not take it."""
        return safe_message(error) if isinstance(error, Exception) else type(error).__name__


async def submit_verdicts(
    contents: DatasetContents, checkpoints: Checkpoints, version: str
) -> None:
    """Submits the verdicts of a version to Vellum. A failure is logged and changes nothing.

    A verdict belongs to the execution of the message that it is about, or else to that of the
    chatbot's last reply. Executions of other participants than Workflow Deployments have none.
    """
    settings = contents.settings
    jobs = list(actuals_jobs(contents.checked, settings, version))
    if not jobs:
        return
    from duologue.participants.vellum_deployment import vellum_client

    progress = Progress(version, total=len(jobs), doing="submitting verdicts", of="actuals")
    limits = Limits(
        settings.max_concurrency,
        settings.seed_retries,
        settings.seed_retry_delay_seconds,
        settings.conversations_per_task_run,
    )
    async with vellum_client(settings.max_concurrency, Accounts()) as client:
        work = Submission(client, settings.call)
        results = await run_jobs(jobs, work, limits, checkpoints, progress)
    refused = [outcome for outcome in results.outcomes if isinstance(outcome, str)]
    if refused:
        get_run_logger().warning(
            "the verdicts on %d of %d executions could not be submitted to Vellum: %s",
            len(refused),
            len(jobs),
            refused[0],
        )


def actuals_jobs(
    checked: Iterable[CheckedConversation], settings: RunSettings, scope: str
) -> Iterator[ActualsJob]:
    """Yields what is to be submitted, an execution each."""
    submitting = {judge.title for judge in settings.judges if judge.submit_actuals}
    for item in checked:
        of: dict[tuple[Role, str], list[Verdict]] = {}
        for verdict in item.verdicts:
            message = _message(item, verdict)
            if verdict.judge in submitting and message and message.execution_id:
                of.setdefault((message.role, message.execution_id), []).append(verdict)
        for (role, execution_id), verdicts in of.items():
            participant = settings.chatbot if role is Role.ASSISTANT else settings.simulated_user
            if participant.kind is ParticipantKind.VELLUM:
                yield ActualsJob(participant, execution_id, tuple(verdicts), scope)


def _message(item: CheckedConversation, verdict: Verdict) -> Message | None:
    messages = item.conversation.messages
    if verdict.message is not None:
        return messages[verdict.message]
    replies = (one for one in reversed(messages) if one.role is Role.ASSISTANT)
    return next(replies, None)


def _actual(verdict: Verdict) -> "Actual":
    from duologue.participants.vellum_actuals import Actual

    said = verdict.model_dump(mode="json", include={"judge", "criterion", "passed", "reason"})
    quality = float(verdict.passed) if verdict.score is None else verdict.score
    return Actual(quality=quality, metadata={"source": "duologue", **said})
