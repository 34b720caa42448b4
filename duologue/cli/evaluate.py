"""`duologue evaluate`: compares a chatbot's replies with a dataset's, on this machine."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from duologue.cli.flags import Assignments, ConfigFile, Flag, read_settings
from duologue.cli.local_run import run_locally
from duologue.cli.options import Format, OutputFormat, Quiet, print_lines
from duologue.cli.results import gates_and_files
from duologue.cli.terminal import Console

if TYPE_CHECKING:
    from duologue.evaluation.manifest import EvaluationManifest, SuiteRunRecord
    from duologue.evaluation.plan import EvaluationPlan
    from duologue.settings.evaluation import EvaluateSettings

_IN_JSON = {
    "version",
    "prefixes",
    "sides",
    "differences",
    "failed_own_scorers",
    "noise",
    "test_suite",
    "failed_gates",
}


def evaluate(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(show_default=False)] = None,
    candidate: Flag = None,
    baseline: Flag = None,
    output: Flag = None,
    name: Flag = None,
    max_concurrency: Flag = None,
    noise_samples: Flag = None,
    only_with_reference: Annotated[
        bool, typer.Option("--only-with-reference", show_default=False)
    ] = False,
    evaluations: Flag = None,
    resume: Flag = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    output_format: Format = OutputFormat.TEXT,
    quiet: Quiet = False,
) -> None:
    """Compare a chatbot's replies with those in a dataset.

    The candidate replies to the latest message of each conversation so far. Its Workflow receives
    what the version's chatbot received.

    Exit code 0 if the candidate passes the gates, 1 if it does not, 2 if nothing could run.
    """
    from duologue.settings.config_file import for_evaluate
    from duologue.settings.evaluation import CommonEvaluationOptions, EvaluateSettings

    merged, file = read_settings(context, EvaluateSettings, for_evaluate)
    _check_chatbots(merged.settings)
    parameters = merged.settings.as_parameters(CommonEvaluationOptions)
    # With --format json standard output holds the result alone.
    console = Console(stderr=output_format is OutputFormat.JSON)
    console.shows_progress = not quiet
    plan = _checked(parameters, file, console)
    manifest, _ = run_locally(
        _evaluate_dataset,
        parameters,
        plan.settings.everyone,
        console,
        lambda evaluation: f"To continue, repeat the command with --resume {evaluation}",
    )
    _show(manifest, plan, console)
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(_plain(manifest, plan)))
    raise typer.Exit(1 if manifest.failed_gates else 0)


def _evaluate_dataset() -> Callable[..., Any]:
    from duologue.flows.evaluate_dataset import evaluate_dataset

    return evaluate_dataset


def _check_chatbots(settings: "EvaluateSettings") -> None:
    """Checks the chatbots that are named, before the version is read, which imports pyarrow."""
    from duologue.participants.api_key import vellum_api_key
    from duologue.participants.checking import check_participants
    from duologue.settings.participants import ParticipantSettings

    named = filter(None, (settings.candidate, settings.baseline))
    check_participants(map(ParticipantSettings.parsed, named))
    if settings.test_suite is not None:
        vellum_api_key()


def _checked(parameters: dict[str, Any], file: str | None, console: Console) -> "EvaluationPlan":
    """Reports what is wrong before Prefect starts, which takes seconds; the flow checks again."""
    from duologue.participants.checking import check_participants
    from duologue.plans.evaluation import plan_evaluation
    from duologue.versions.evaluations import check_evaluations_writable

    plan = plan_evaluation(**parameters)
    check_participants(plan.settings.everyone)
    check_evaluations_writable(plan.evaluations)
    manifest = plan.manifest
    lines = {
        "Version": f"{manifest.dataset} {manifest.version}, revision {manifest.revision}: "
        f"{len(plan.prefixes)} prefixes of {manifest.counts.valid} conversations",
        **{side.capitalize(): chatbot.reference for side, chatbot in plan.chatbots.items()},
    }
    print_lines(lines | ({"Settings": file} if file else {}), console)
    return plan


def _show(manifest: "EvaluationManifest", plan: "EvaluationPlan", console: Console) -> None:
    """Prints the result of each side, the gates that failed, and where the files are."""
    from duologue.evaluation.manifest import EVALUATION_MANIFEST_FILE
    from duologue.evaluation.noise_sentences import noise_sentences
    from duologue.report.evaluation_page import EVALUATION_REPORT_FILE

    console.print()
    console.print(_verdicts(manifest))
    console.print()
    console.print(_scores(manifest))
    lines = [
        *(
            f"own scorer {name} failed at {count} replies"
            for name, count in manifest.failed_own_scorers.items()
        ),
        *_test_suite(manifest.test_suite),
        *noise_sentences(manifest.noise),
        *gates_and_files(
            manifest.failed_gates,
            plan.evaluations / manifest.evaluation,
            [*(file.name for file in manifest.files), EVALUATION_MANIFEST_FILE],
            EVALUATION_REPORT_FILE,
        ),
    ]
    console.print()
    for line in lines:
        console.say(line)


def _test_suite(run: "SuiteRunRecord | None") -> list[str]:
    """Describes the result of the Test Suite, and where to see its run."""
    if run is None:
        return []
    metrics = ", ".join(f"{name} {mean:.3f}" for name, mean in run.metrics.items())
    found = f"no result, {run.error}" if run.error else metrics or "no metrics"
    lines = [f"Test Suite {run.suite}, {run.cases} cases: {found}"]
    return lines if run.url is None else [*lines, f"  {run.url}"]


def _verdicts(manifest: "EvaluationManifest") -> Table:
    from duologue.evaluation.replies import Verdict

    table = _table("", *(verdict.replace("_", " ") for verdict in Verdict), "seconds")
    for side, summary in manifest.sides.items():
        counts = (str(summary.verdicts[verdict]) for verdict in Verdict)
        table.add_row(side, *counts, f"{manifest.seconds:.1f}")
    return table


def _scores(manifest: "EvaluationManifest") -> Table:
    table = _table("score", *manifest.sides, *(["difference"] if manifest.differences else []))
    names = dict.fromkeys(name for side in manifest.sides.values() for name in side.scores)
    for name in names:
        estimates = [side.scores.get(name) for side in manifest.sides.values()]
        if manifest.differences:
            estimates.append(manifest.differences.get(name))
        cells = (
            f"{one.mean:.3f} ({one.low:.2f} to {one.high:.2f})" if one else "" for one in estimates
        )
        table.add_row(name, *cells)
    return table


def _table(first: str, *headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _plain(manifest: "EvaluationManifest", plan: "EvaluationPlan") -> dict[str, Any]:
    from duologue.storage.locations import without_credentials

    return {
        "evaluation": manifest.evaluation,
        "path": without_credentials(plan.evaluations / manifest.evaluation),
        "passed": not manifest.failed_gates,
        **manifest.model_dump(mode="json", include=_IN_JSON),
    }
