"""Which version of which dataset a flow run makes."""

from dataclasses import dataclass
from datetime import datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import flow_run

from duologue.errors import UsageError
from duologue.evaluation.plan import EvaluationPlan
from duologue.plans.generation import Plan
from duologue.plans.rerun import Rerun
from duologue.tasks.kept_conversations import KeptConversations
from duologue.versions.places import new_version

DATASET_TAG = "dataset:"
VERSION_TAG = "version:"


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What stays the same when a flow run is retried."""

    version: str
    """Of the dataset; or the evaluation, which is named alike."""
    started_at: datetime
    """UTC; when the first attempt started."""


async def identify_run(plan: Plan, kept: KeptConversations) -> RunIdentity:
    """Names the version that this flow run makes, the same again when it is retried.

    Leaves a mark beside the conversations that the run will keep, so that they can be found by
    `resume`, and tags the flow run.

    Raises:
        UsageError: nothing of the run to resume is kept.
    """
    run = await _this_flow_run()
    version = plan.advanced.resume or new_version(_started_at(run), str(run.id))
    if plan.advanced.resume and not await kept.has_run(version):
        raise UsageError(
            f"resume {version}: nothing of that run is kept in Prefect's result storage here; "
            f"check the version, or, if it was written, use "
            f"`duologue rerun {version} --name {plan.dataset.name}`"
        )
    await kept.mark_run(version, plan.dataset.name, plan.dataset.output)
    await _tag(run, plan.dataset.name, version)
    return RunIdentity(version, _started_at(run))


async def identify_rerun(rerun: Rerun, kept: KeptConversations) -> RunIdentity:
    """Takes over what the version has of the conversations to simulate, and tags the flow run."""
    run = await _this_flow_run()
    manifest = rerun.version.manifest
    if not await kept.has_run(manifest.version):
        await kept.mark_run(manifest.version, manifest.dataset, rerun.dataset.output)
    for job, failed in rerun.failed_before():
        await kept.keep_if_longer(job, failed.draft)
    await _tag(run, manifest.dataset, manifest.version)
    return RunIdentity(manifest.version, _started_at(run))


async def identify_evaluation(plan: EvaluationPlan, kept: KeptConversations) -> RunIdentity:
    """Names the evaluation that this flow run makes, the same again when it is retried; tags it.

    Raises:
        UsageError: nothing of the evaluation to resume is kept, or it is of another version.
    """
    run = await _this_flow_run()
    evaluation = plan.resume or new_version(_started_at(run), str(run.id))
    dataset, version = plan.manifest.dataset, plan.manifest.version
    await _check_begun(plan, evaluation, kept)
    await kept.mark_run(evaluation, dataset, str(plan.folder.parent.parent), evaluated=version)
    await _tag(run, dataset, version)
    return RunIdentity(evaluation, _started_at(run))


async def _check_begun(plan: EvaluationPlan, evaluation: str, kept: KeptConversations) -> None:
    """Sees to it that what is resumed is there, and that no evaluation is of two versions."""
    evaluated, version = await kept.evaluated_by(evaluation), plan.manifest.version
    if plan.resume and evaluated is None:
        raise UsageError(
            f"resume {evaluation}: nothing of that evaluation is kept in Prefect's result storage "
            "here; check it, or leave `resume` empty to begin a new one"
        )
    if evaluated not in (None, version):
        raise UsageError(
            f"evaluation {evaluation}: is of version {evaluated}, not {version}; name that version "
            "to go on with it"
        )


async def version_of_first_attempt() -> str | None:
    """Tells which version this flow run took when it was first tried; None in the first attempt.

    By then `latest` may be another one.
    """
    run = await _this_flow_run()
    tags = (tag.removeprefix(VERSION_TAG) for tag in run.tags if tag.startswith(VERSION_TAG))
    return next(tags, None) if (run.run_count or 0) > 1 else None


async def _this_flow_run() -> FlowRun:
    async with get_client() as client:
        return await client.read_flow_run(flow_run.id)


async def _tag(run: FlowRun, dataset: str, version: str) -> None:
    """Tags the flow run; and only that one, no task run.

    Prefect asks its server about concurrency limits for every task run that has a tag.
    """
    # A run that was copied in the UI has its model's tags.
    others = (tag for tag in run.tags if not tag.startswith((DATASET_TAG, VERSION_TAG)))
    tags = {*others, "duologue", f"{DATASET_TAG}{dataset}", f"{VERSION_TAG}{version}"}
    async with get_client() as client:
        await client.update_flow_run(run.id, tags=sorted(tags))


def _started_at(run: FlowRun) -> datetime:
    # Prefect sets a run's start once, in its first attempt.
    assert run.start_time is not None
    return run.start_time
