"""Writes an evaluation, and returns the state of its run."""

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Failed

from duologue.evaluation.manifest import EvaluationManifest, FailedEvaluationError
from duologue.evaluation.plan import EvaluationPlan
from duologue.versions import evaluations
from duologue.versions.evaluations import EvaluationContents


# Never cached: only the storage knows whether the files exist.
@task(name="write-evaluation", cache_policy=NO_CACHE, persist_result=False)
def write_evaluation(
    plan: EvaluationPlan, evaluation: str, contents: EvaluationContents
) -> EvaluationManifest:
    """Writes every file of the evaluation.

    Raises:
        ExportError: a file could not be written. The replies are kept for the next attempt.
    """
    manifest = evaluations.write_evaluation(plan, evaluation, contents)
    get_run_logger().info(
        "evaluation %s written: %d prefixes of %s", evaluation, manifest.prefixes, plan.folder.name
    )
    return manifest


def evaluation_state(manifest: EvaluationManifest) -> EvaluationManifest | State[Any]:
    """Ends the run as Completed, or as Failed if the candidate does not pass the gates."""
    if not manifest.failed_gates:
        return manifest
    message = (
        f"{manifest.settings.candidate.reference} does not pass on {manifest.version.dataset} "
        f"{manifest.version.version}: {'; '.join(manifest.failed_gates)}"
    )
    return Failed(data=FailedEvaluationError(message, manifest), message=message)
