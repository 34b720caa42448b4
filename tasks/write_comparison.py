"""Writes a comparison, shows it in the UI, and returns the state of its run."""

from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Failed
from slugify import slugify

from duologue.comparison.manifest import ComparisonManifest, FailedComparisonError
from duologue.comparison.summary import summary
from duologue.dataset.judges import no_verdict_notes
from duologue.storage.files import located
from duologue.storage.locations import without_credentials
from duologue.tasks.artifacts import best_effort
from duologue.versions import comparisons
from duologue.versions.comparisons import ComparisonContents

PASSED = "duologue.comparison.passed"
FAILED = "duologue.comparison.failed"


# Never cached: only the storage knows whether the files exist.
@task(name="write-comparison", cache_policy=NO_CACHE, persist_result=False)
def write_comparison(folder: str, contents: ComparisonContents) -> ComparisonManifest:
    """Writes every file of the comparison, and emits the event that says whether it passed.

    Raises:
        ExportError: a file could not be written. The conversations are kept for the next attempt.
    """
    manifest = comparisons.write_comparison(located(folder), contents)
    get_run_logger().info("comparison %s written: %s", manifest.comparison, manifest.answer)
    emit_event(
        event=FAILED if manifest.failed_gates else PASSED,
        resource={
            "prefect.resource.id": f"duologue.dataset.{manifest.dataset}",
            "prefect.resource.name": manifest.dataset,
        },
        payload={
            "dataset": manifest.dataset,
            "comparison": manifest.comparison,
            "path": without_credentials(folder),
            "answer": manifest.answer,
            "failed_gates": list(manifest.reasons),
            "candidate": manifest.settings.candidate.reference,
            "baseline": manifest.settings.baseline.reference,
        },
    )
    return manifest


async def show_comparison(folder: str, manifest: ComparisonManifest) -> None:
    """Writes a summary of the comparison as an artifact, without any message."""
    settings = manifest.settings
    with best_effort():
        await acreate_markdown_artifact(
            f"{summary(manifest)}\nIn `{without_credentials(folder)}`\n",
            key=f"comparison-{slugify(manifest.dataset)}",
            description=f"{settings.candidate.reference} against {settings.baseline.reference}",
        )


def comparison_state(manifest: ComparisonManifest) -> ComparisonManifest | State[Any]:
    """Ends the run as Completed, or as Failed if a gate failed or something is missing.

    Retry then makes only the missing conversations and verdicts.
    """
    if not manifest.failed_gates and not manifest.is_incomplete:
        return manifest
    reasons = list(manifest.reasons)
    if missing := sum(manifest.pairs.missing.values()):
        reasons.append(f"{missing} conversations failed; Retry simulates only these again")
    for side, judges in manifest.judges.items():
        reasons += [f"{side}: {note}" for note in no_verdict_notes(judges)]
    message = f"{manifest.answer} {'; '.join(reasons)}"
    return Failed(data=FailedComparisonError(message, manifest), message=message)
