"""Which version of which dataset a flow run makes."""

from dataclasses import dataclass
from datetime import datetime

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import flow_run
from upath import UPath

from duologue.errors import UsageError
from duologue.evaluation.plan import EvaluationPlan
from duologue.plans.comparison import ComparisonPlan
from duologue.plans.generation import Plan
from duologue.plans.rerun import Rerun
from duologue.plans.resumed_comparison import FORM
from duologue.storage.locations import without_credentials
from duologue.tracing import note_run
from duologue.versions.checkpoints import Checkpoints
from duologue.versions.drafts import read_draft
from duologue.versions.places import new_version
from duologue.versions.writing import export_errors

DATASET_TAG = "dataset:"
VERSION_TAG = "version:"


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What stays the same when a flow run is retried."""

    version: str
    """Of the dataset; or the evaluation or comparison, which is named alike."""
    started_at: datetime
    """UTC; when the first attempt started."""


def open_checkpoints(parent: UPath) -> Checkpoints:
    """Opens the checkpoints in a folder; damaged ones are logged in this flow run."""
    return Checkpoints(parent, get_run_logger().warning)


async def identify_run(plan: Plan, checkpoints: Checkpoints) -> RunIdentity:
    """Names the version that this flow run makes, the same again on a retry, and tags the run.

    Raises:
        UsageError: the run to resume left no checkpoints, or they cannot be read.
    """
    run = await _this_flow_run()
    version = plan.advanced.resume or new_version(_started_at(run), str(run.id))
    stored = await checkpoints.names(plan.scope(version))
    if plan.advanced.resume and not stored:
        raise UsageError(
            f"resume {version}: {plan.dataset} has no checkpoints of that run; check the version, "
            "the name and the output"
        )
    await _tag(run, plan.dataset.name, version)
    return RunIdentity(version, _started_at(run))


async def identify_rerun(rerun: Rerun, checkpoints: Checkpoints) -> RunIdentity:
    """Stores the drafts that the version's files hold as checkpoints, and tags the flow run.

    Raises:
        UsageError: the checkpoints cannot be read.
        ExportError: they cannot be written.
    """
    run = await _this_flow_run()
    manifest = rerun.version.manifest
    for job, failed in rerun.failed_before():
        stored = await read_draft(job.draft_key, job.seed, checkpoints)
        if len(stored.messages) < len(failed.draft.messages):
            with export_errors(f"checkpoints of {manifest.dataset}: cannot be written"):
                await checkpoints.write(job.draft_key, failed.draft)
    await _tag(run, manifest.dataset, manifest.version)
    return RunIdentity(manifest.version, _started_at(run))


async def identify_evaluation(plan: EvaluationPlan, checkpoints: Checkpoints) -> RunIdentity:
    """Names the evaluation that this flow run makes, the same again on a retry, and tags the run.

    Raises:
        UsageError: the evaluation to resume left no checkpoints, or it is of another version.
    """
    run = await _this_flow_run()
    evaluation = plan.resume or new_version(_started_at(run), str(run.id))
    dataset, version = plan.manifest.dataset, plan.manifest.version
    evaluated = await version_of_first_attempt() or version
    if plan.resume and not await checkpoints.names(plan.scope(evaluation)):
        evaluated = await _evaluated_by(evaluation, plan, checkpoints)
    if evaluated != version:
        raise UsageError(
            f"evaluation {evaluation}: is of version {evaluated}, not {version}; name that version "
            "to resume it"
        )
    await _tag(run, dataset, version)
    return RunIdentity(evaluation, _started_at(run))


async def identify_comparison(plan: ComparisonPlan, checkpoints: Checkpoints) -> RunIdentity:
    """Names the comparison that this flow run makes, the same again on a retry, and tags the run.

    It also stores the comparison's settings, so that its name is enough to resume it.

    Raises:
        ExportError: the checkpoints cannot be written.
    """
    run = await _this_flow_run()
    comparison = plan.resume or new_version(_started_at(run), str(run.id))
    if plan.resume is None:  # settings of a resumed run apply to that run only
        with export_errors(f"checkpoints of {plan.dataset.name}: cannot be written"):
            await checkpoints.write(f"{comparison}/{FORM}", plan.form)
    version = plan.earlier_version or comparison
    await _tag(run, plan.dataset.name, version)
    return RunIdentity(comparison, _started_at(run))


async def _evaluated_by(evaluation: str, plan: EvaluationPlan, checkpoints: Checkpoints) -> str:
    """Returns the version that an evaluation has checkpoints for."""
    for version in await checkpoints.names(""):
        if evaluation in await checkpoints.names(version):
            return version
    raise UsageError(
        f"resume {evaluation}: {without_credentials(plan.evaluations)} has no checkpoints of that "
        "evaluation; check it, or leave `resume` empty to start a new one"
    )


async def version_of_first_attempt() -> str | None:
    """Returns the version that this flow run took in its first attempt; None in that attempt.

    On a retry `latest` may be another one.
    """
    run = await _this_flow_run()
    tags = (tag.removeprefix(VERSION_TAG) for tag in run.tags if tag.startswith(VERSION_TAG))
    return next(tags, None) if (run.run_count or 0) > 1 else None


async def _this_flow_run() -> FlowRun:
    async with get_client() as client:
        return await client.read_flow_run(flow_run.id)


async def _tag(run: FlowRun, dataset: str, version: str) -> None:
    """Tags the flow run, but no task run: for each of those with a tag, Prefect would ask its
    server about concurrency limits.
    """
    note_run(dataset, version)
    # A run that was copied in the UI has the original's tags.
    others = (tag for tag in run.tags if not tag.startswith((DATASET_TAG, VERSION_TAG)))
    tags = {*others, "duologue", f"{DATASET_TAG}{dataset}", f"{VERSION_TAG}{version}"}
    async with get_client() as client:
        await client.update_flow_run(run.id, tags=sorted(tags))


def _started_at(run: FlowRun) -> datetime:
    # Prefect sets a run's start once, in its first attempt.
    assert run.start_time is not None
    return run.start_time
