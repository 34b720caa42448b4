"""`duologue evaluate`: does a chatbot still answer as the dataset says, on this machine."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from duologue.cli.local_run import run_locally
from duologue.cli.options import (
    TUNING_PANEL,
    CallAttempts,
    CallDeadline,
    CallTimeout,
    Name,
    Output,
    OutputFormat,
    VersionOrFolder,
    pair,
)
from duologue.cli.terminal import Console
from duologue.errors import UsageError
from duologue.settings.test_suites import CasePer

if TYPE_CHECKING:
    from duologue.evaluation.manifest import EvaluationManifest, SuiteRunRecord
    from duologue.evaluation.plan import EvaluationPlan

GATES_PANEL = "Gates: what the candidate has to reach"
SCORING_PANEL = "Scoring: how replies are compared"
SUITE_RUN_PANEL = "Vellum Test Suite: what its metrics say of the candidate's replies"

_IN_JSON = {
    "version",
    "prefixes",
    "sides",
    "differences",
    "failed_own_scorers",
    "test_suite",
    "failed_gates",
}


def evaluate(
    version: VersionOrFolder = "latest",
    candidate: Annotated[
        str,
        typer.Option(
            help="Who is evaluated: NAME or NAME@release_tag (a Vellum Workflow Deployment), "
            "local:package.module, or python:package.module:function; the version's own chatbot, "
            "as it is by now, if not given.",
        ),
    ] = "",
    baseline: Annotated[
        str,
        typer.Option(help="Who it is compared with besides, spelled alike; nobody if not given."),
    ] = "",
    output: Output = "datasets",
    name: Name = None,
    max_concurrency: Annotated[
        int, typer.Option(help="How many replies are asked for at a time.")
    ] = 32,
    only_with_reference: Annotated[
        bool,
        typer.Option(
            "--only-with-reference",
            help="Leave out the ends of conversations, to which the version has no reply.",
        ),
    ] = False,
    evaluations: Annotated[
        str | None,
        typer.Option(
            help="The folder, or URL, to write to; `evaluations` beside the version if not given."
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="EVALUATION", help="Go on with one that was cut short, with what it has."
        ),
    ] = None,
    output_format: Annotated[
        OutputFormat,
        typer.Option("--format", help="json: the last line of the output is one JSON object."),
    ] = OutputFormat.TEXT,
    max_failed_share: Annotated[
        float,
        typer.Option(
            help="The largest share of prefixes without a reply, 0 to 1.",
            rich_help_panel=GATES_PANEL,
        ),
    ] = 0.05,
    max_regressed_share: Annotated[
        float,
        typer.Option(
            help="The largest share of replies that regressed, 0 to 1.",
            rich_help_panel=GATES_PANEL,
        ),
    ] = 0.05,
    min_score: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCORER=MEAN",
            help="The least mean of a score, as in similarity=0.8.",
            rich_help_panel=GATES_PANEL,
        ),
    ] = None,
    max_drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCORER=DROP",
            help="How far a score's mean may be below the baseline's, beyond what chance explains.",
            rich_help_panel=GATES_PANEL,
        ),
    ] = None,
    min_similarity: Annotated[
        float,
        typer.Option(
            help="Less similar to the version's reply than this, a reply has regressed, 0 to 1.",
            rich_help_panel=SCORING_PANEL,
        ),
    ] = 0.5,
    max_latency_ms: Annotated[
        int | None,
        typer.Option(
            help="A reply that takes longer breaks the rule `slow`.",
            rich_help_panel=SCORING_PANEL,
        ),
    ] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="python:MODULE:FUNCTION",
            help="A scorer of your own: def scorer(reply, reference, chat_history) -> float.",
            rich_help_panel=SCORING_PANEL,
        ),
    ] = None,
    embedding_model: Annotated[
        str | None,
        typer.Option(
            help="A model2vec model, by name or folder, for the score embedding_similarity.",
            rich_help_panel=SCORING_PANEL,
        ),
    ] = None,
    test_suite: Annotated[
        str | None,
        typer.Option(
            metavar="SUITE",
            help="A Test Suite's id or name, to put the candidate's replies through as well.",
            rich_help_panel=SUITE_RUN_PANEL,
        ),
    ] = None,
    test_suite_per: Annotated[
        CasePer,
        typer.Option(
            help="What became a case when it was pushed.", rich_help_panel=SUITE_RUN_PANEL
        ),
    ] = CasePer.CONVERSATION,
    test_suite_output: Annotated[
        str,
        typer.Option(help="What its metrics call the reply.", rich_help_panel=SUITE_RUN_PANEL),
    ] = "output",
    call_timeout: CallTimeout = 120,
    call_deadline: CallDeadline = 300,
    call_attempts: CallAttempts = 5,
    reply_retries: Annotated[
        int,
        typer.Option(
            help="How often a reply that failed is asked for again.",
            rich_help_panel=TUNING_PANEL,
        ),
    ] = 2,
    reply_retry_delay: Annotated[
        float,
        typer.Option(
            help="Seconds before the first of these; doubled each time.",
            rich_help_panel=TUNING_PANEL,
        ),
    ] = 30,
) -> None:
    """Ask a chatbot for the next turn of each conversation so far, and compare its replies.

    The candidate's Workflow is given what the version's chatbot was given, and its reply is
    compared with the one in the version.

    Exit code 0 if the candidate passes the gates, 1 if it does not, 2 if nothing could run.
    """
    suite = {"suite": test_suite, "per": test_suite_per, "output_name": test_suite_output}
    parameters = {
        "version": version,
        "candidate": candidate,
        "baseline": baseline,
        "max_concurrency": max_concurrency,
        "output": output,
        "name": name or "",
        "advanced": {
            "only_with_reference": only_with_reference,
            "evaluations": evaluations,
            "resume": resume,
            "gates": {
                "max_failed_share": max_failed_share,
                "max_regressed_share": max_regressed_share,
                "min_scores": _numbers("--min-score", min_score),
                "max_drops": _numbers("--max-drop", max_drop),
            },
            "scoring": {
                "min_similarity": min_similarity,
                "max_latency_ms": max_latency_ms,
                "own_scorers": scorer or [],
                "embedding_model": embedding_model,
            },
            "test_suite": suite if test_suite else None,
            "reply_retries": reply_retries,
            "reply_retry_delay_seconds": reply_retry_delay,
            "call": {
                "timeout_seconds": call_timeout,
                "deadline_seconds": call_deadline,
                "max_attempts": call_attempts,
            },
        },
    }
    # With --format json standard output holds the result alone.
    console = Console(stderr=output_format is OutputFormat.JSON)
    plan = _checked(parameters, console)
    manifest, _ = run_locally(
        _evaluate_dataset,
        parameters,
        list(plan.chatbots.values()),
        console,
        lambda evaluation: f"To go on with it, repeat the command with --resume {evaluation}",
    )
    _show(manifest, plan, console)
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(_plain(manifest, plan)))
    raise typer.Exit(1 if manifest.failed_gates else 0)


def _evaluate_dataset() -> Callable[..., Any]:
    from duologue.flows.evaluate_dataset import evaluate_dataset

    return evaluate_dataset


def _numbers(option: str, given: list[str] | None) -> dict[str, float]:
    numbers = {}
    for text in given or ():
        name, value = pair(option, text)
        try:
            numbers[name] = float(value)
        except ValueError:
            raise UsageError(f"{option} {text!r}: expected a number after the `=`") from None
    return numbers


def _checked(parameters: dict[str, Any], console: Console) -> "EvaluationPlan":
    """Finds what is wrong before Prefect starts, which takes seconds; the flow checks again."""
    from duologue.plans.evaluation import plan_evaluation
    from duologue.versions.evaluations import check_evaluations_writable

    plan = plan_evaluation(**parameters)
    check_evaluations_writable(plan.evaluations)
    manifest = plan.manifest
    lines = {
        "Version": f"{manifest.dataset} {manifest.version}, revision {manifest.revision}: "
        f"{len(plan.prefixes)} prefixes of {manifest.counts.valid} conversations",
        **{side.capitalize(): chatbot.spelling for side, chatbot in plan.chatbots.items()},
    }
    for label, text in lines.items():
        console.print(f"{label + ':':15} {text}", markup=False, highlight=False, soft_wrap=True)
    return plan


def _show(manifest: "EvaluationManifest", plan: "EvaluationPlan", console: Console) -> None:
    """Prints how each side fared, which gates were not passed, and where the files are."""
    from duologue.evaluation.manifest import EVALUATION_MANIFEST_FILE
    from duologue.report.evaluation_page import EVALUATION_REPORT_FILE
    from duologue.storage.locations import without_credentials

    console.print()
    console.print(_verdicts(manifest))
    console.print()
    console.print(_scores(manifest))
    folder = plan.evaluations / manifest.evaluation
    report = without_credentials((folder / EVALUATION_REPORT_FILE).absolute().as_uri())
    lines = [
        *(
            f"own scorer {name} failed at {count} replies"
            for name, count in manifest.failed_own_scorers.items()
        ),
        *_test_suite(manifest.test_suite),
        "Passed." if not manifest.failed_gates else "Not passed:",
        *(f"  {reason}" for reason in manifest.failed_gates),
        "",
        without_credentials(folder),
        *(f"  {file.name}" for file in manifest.files),
        f"  {EVALUATION_MANIFEST_FILE}",
        "",
        f"Report: {report}",
    ]
    console.print()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _test_suite(run: "SuiteRunRecord | None") -> list[str]:
    """Says what became of the Test Suite, and where its run is to be seen."""
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
