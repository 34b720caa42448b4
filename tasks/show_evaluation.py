"""Shows an evaluation in the Prefect UI: counts and scores, never a message."""

from prefect.artifacts import acreate_markdown_artifact
from slugify import slugify

from duologue.dataset.judges import no_verdict_notes
from duologue.evaluation.manifest import Estimate, EvaluationManifest, SuiteRunRecord
from duologue.evaluation.noise_sentences import noise_sentences
from duologue.evaluation.replies import Side, Verdict
from duologue.storage.locations import without_credentials
from duologue.tasks.artifacts import best_effort


async def show_evaluation(folder: str, manifest: EvaluationManifest) -> None:
    """Writes a summary of an evaluation as an artifact. Its key contains the dataset's name, so
    that one page in the UI is the history of the dataset's evaluations.

    Args:
        folder: where the evaluation's files are.
        manifest: of the evaluation.
    """
    with best_effort():
        await acreate_markdown_artifact(
            evaluation_summary(without_credentials(folder), manifest),
            key=f"evaluation-{slugify(manifest.version.dataset)}",
            description=f"{manifest.settings.candidate.reference} on {manifest.version.dataset} "
            f"{manifest.version.version}, revision {manifest.version.revision}",
        )


def evaluation_summary(folder: str, manifest: EvaluationManifest) -> str:
    """Renders an evaluation as Markdown: whether it passes, its verdicts, scores and files."""
    version, sides = manifest.version, manifest.sides
    chatbots = {
        Side.CANDIDATE: manifest.settings.candidate,
        Side.BASELINE: manifest.settings.baseline,
    }
    heads = [f"`{chatbot.reference}`" for side in sides if (chatbot := chatbots[side])]
    return "\n".join(
        [
            f"## {heads[0]} on {version.dataset} {version.version}, revision {version.revision}",
            "",
            *_outcome(manifest),
            "",
            f"| {manifest.prefixes} prefixes | {' | '.join(heads)} |",
            f"|---|{'---:|' * len(heads)}",
            *(
                _row(verdict, [side.verdicts[verdict] for side in sides.values()])
                for verdict in Verdict
            ),
            *(
                _row(cause, [side.causes.get(cause, 0) for side in sides.values()])
                for cause in manifest.causes
            ),
            *(
                _row(rule, [side.broken_rules.get(rule, 0) for side in sides.values()])
                for rule in manifest.broken_rules
            ),
            *(
                _row(name, [_shown(side.scores.get(name)) for side in sides.values()])
                for name in manifest.scores
            ),
            "",
            *_judges(manifest),
            *_differences(manifest.differences),
            *(f"{sentence}\n" for sentence in noise_sentences(manifest.noise)),
            *_test_suite(manifest.test_suite),
            *(f"{limit}.\n" for limit in manifest.account_limits),
            f"In `{folder}`: {', '.join(file.name for file in manifest.files)}",
        ]
    )


def _outcome(manifest: EvaluationManifest) -> list[str]:
    if not manifest.failed_gates:
        return ["**Passed**."]
    return ["**Not passed**:", "", *(f"- {why}" for why in manifest.failed_gates)]


def _row(name: str, cells: list[int] | list[str]) -> str:
    return f"| {name.replace('_', ' ')} | {' | '.join(map(str, cells))} |"


def _shown(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate.mean:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _judges(manifest: EvaluationManifest) -> list[str]:
    if not manifest.judges:
        return []
    rows = [
        f"| {judge} | {side} | {name} | {one.passed} of {one.passed + one.failed} | "
        f"{'' if one.mean_score is None else f'{one.mean_score:.3f}'} |"
        for side, judges in manifest.judges.items()
        for judge, summary in judges.items()
        for name, one in summary.criteria.items()
    ]
    notes = [note for judges in manifest.judges.values() for note in no_verdict_notes(judges)]
    return [
        "### What the judges said",
        "",
        "| judge | side | criterion | passed | mean score |",
        "|---|---|---|---:|---:|",
        *rows,
        "",
        *(f"- {note}" for note in notes),
        "",
    ]


def _differences(differences: dict[str, Estimate]) -> list[str]:
    if not differences:
        return []
    lines = (f"- {name}: {_shown(estimate)}" for name, estimate in differences.items())
    return ["### By how much the candidate is above the baseline", "", *lines, ""]


def _test_suite(run: SuiteRunRecord | None) -> list[str]:
    if run is None:
        return []
    found = run.error or ", ".join(f"{name} {mean:.3f}" for name, mean in run.metrics.items())
    where = f" ([run]({run.url}))" if run.url else ""
    return [f"Test Suite `{run.suite}`{where}: {run.cases} cases, {found or 'no metrics'}.", ""]
