"""`duologue compare`: does a change help, over whole conversations?"""

import json
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from duologue.cli.flags import Assignments, ConfigFile, Flag, read_settings
from duologue.cli.local_run import run_locally
from duologue.cli.options import Format, OutputFormat, Quiet, print_lines
from duologue.cli.promotion import promote as promote_candidate
from duologue.cli.promotion import undo as undo_promotion
from duologue.cli.results import gates_and_files
from duologue.cli.terminal import Console, counted
from duologue.errors import UsageError

if TYPE_CHECKING:
    from duologue.comparison.manifest import ComparisonManifest, Difference
    from duologue.plans.comparison import ComparisonPlan

_EXAMPLE = "as in --max-drop valid=0.02"


def compare(
    context: typer.Context,
    candidate: Flag = None,
    baseline: Flag = None,
    baseline_version: Flag = None,
    seeds: Flag = None,
    simulated_user: Flag = None,
    turns: Flag = None,
    samples: Flag = None,
    max_concurrency: Flag = None,
    from_turn: Flag = None,
    only_changed: Annotated[bool, typer.Option("--only-changed", show_default=False)] = False,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PYTHON",
            help="Your own scorer of whole conversations, as python:module:function; repeatable.",
        ),
    ] = None,
    max_drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OUTCOME=AMOUNT",
            help="How much worse the candidate may be, such as valid=0.02; repeatable. Replaces "
            "the default gates.",
        ),
    ] = None,
    min_gain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OUTCOME=AMOUNT",
            help="How much better the candidate must be, such as valid=0.05; repeatable.",
        ),
    ] = None,
    output: Flag = None,
    name: Flag = None,
    resume: Flag = None,
    plan_only: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Print the calls, the cost, and the smallest difference that so many seeds can "
            "show. Nothing is called.",
        ),
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the gates as JUnit XML.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a summary as Markdown.")
    ] = None,
    promote: Annotated[
        str | None,
        typer.Option(
            metavar="TAG",
            help="If all gates pass, move this release tag to the candidate's release. Only says "
            "what it would do, unless --apply is given.",
        ),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Really move the release tag.")] = False,
    undo: Annotated[
        str | None,
        typer.Option(
            metavar="COMPARISON",
            help="Move the release tag of this comparison's promotion back, and do nothing else.",
        ),
    ] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    output_format: Format = OutputFormat.TEXT,
    quiet: Quiet = False,
) -> None:
    """Compare two chatbots over whole conversations with the same simulated user.

    Without a baseline, the candidate is compared with the conversations of the latest version.

    Exit code 0 if the candidate passes the gates, 1 if it does not or a conversation is missing, 2
    if nothing could run.
    """
    from duologue.settings.comparison import CommonComparisonOptions, CompareSettings
    from duologue.settings.config_file import for_compare
    from duologue.settings.options import validated
    from duologue.versions.finding import find_comparison
    from duologue.versions.promotions import check_promotable

    merged, file = read_settings(context, CompareSettings, for_compare)
    values = merged.settings.model_dump(mode="json")
    if max_drop:
        values["gates"]["max_drops"] = _amounts("--max-drop", max_drop)
    if min_gain:
        values["gates"]["min_gains"] = _amounts("--min-gain", min_gain)
    if scorer:
        values["scorers"] = scorer
    settings = validated(CompareSettings, values)
    parameters = settings.as_parameters(CommonComparisonOptions)
    console = Console(stderr=output_format is OutputFormat.JSON)
    console.shows_progress = not quiet
    if undo is not None:
        return undo_promotion(find_comparison(settings.output, settings.name, undo), console)
    plan = _checked(parameters, file, console)
    if promote is not None:
        check_promotable(plan.settings.candidate, promote)
    if plan_only:
        return _show_plan(plan, console, output_format)
    manifest, _ = run_locally(
        _compare_chatbots,
        parameters,
        plan.settings.everyone,
        console,
        lambda comparison: f"To continue: duologue compare --resume {comparison}{_place(plan)}",
    )
    _write_extra(manifest, junit, summary)
    _show(manifest, plan, console)
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(_plain(manifest, plan)))
    if promote is not None and not manifest.failed_gates:
        promote_candidate(plan.folder / manifest.comparison, manifest, promote, apply, console)
    raise typer.Exit(1 if manifest.failed_gates or manifest.is_incomplete else 0)


def _place(plan: "ComparisonPlan") -> str:
    """Returns the flag `--output`, if the datasets are not in the default folder."""
    from duologue.settings.comparison import ComparisonPlace
    from duologue.storage.locations import without_credentials

    output = plan.form.output
    if output == ComparisonPlace().output:
        return ""
    return f" --output {shlex.quote(without_credentials(output))}"


def _compare_chatbots() -> Callable[..., Any]:
    from duologue.flows.compare_chatbots import compare_chatbots

    return compare_chatbots


def _amounts(flag: str, given: Iterable[str]) -> dict[str, str]:
    """Reads OUTCOME=AMOUNT."""
    amounts = {}
    for text in given:
        outcome, equals, amount = text.partition("=")
        if not outcome or not equals:
            raise UsageError(f"{flag} {text!r}: expected OUTCOME=AMOUNT, {_EXAMPLE}")
        amounts[outcome.strip()] = amount.strip()
    return amounts


def _checked(parameters: dict[str, Any], file: str | None, console: Console) -> "ComparisonPlan":
    """Reports what is wrong before Prefect starts, which takes seconds; the flow checks again."""
    from duologue.participants.checking import check_participants
    from duologue.plans.comparison import plan_comparison
    from duologue.versions.comparisons import check_comparisons_writable

    plan = plan_comparison(**parameters)
    check_participants(
        [
            *(plan.runs[side].chatbot for side in plan.simulated_sides),
            plan.settings.simulated_user,
            *(judge.participant for judge in plan.settings.judges),
        ]
    )
    check_comparisons_writable(plan.folder)
    settings, version = plan.settings, plan.version
    baseline = settings.baseline.reference
    if plan.published is not None:
        baseline += f", as in {plan.published}"
    lines = {
        "Candidate": settings.candidate.reference,
        "Baseline": baseline,
        "Simulated user": settings.simulated_user.reference,
        "Seeds": f"{len(plan.seed_file.seeds)}, {settings.samples} a seed on each side, "
        f"{settings.turns} turns, {'of ' + str(version) if version else plan.seed_file.path}",
    }
    print_lines(lines | ({"Settings": file} if file else {}), console)
    return plan


def _show_plan(plan: "ComparisonPlan", console: Console, output_format: OutputFormat) -> None:
    """Prints what a comparison would take and could show."""
    from duologue.plans.comparison_forecast import forecast

    found = forecast(plan)
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(found.plain()))
        return
    console.print()
    for line in found.lines():
        console.say(line)


def _write_extra(manifest: "ComparisonManifest", junit: Path | None, summary: Path | None) -> None:
    from duologue.comparison import summary as texts

    for path, render in ((junit, texts.junit), (summary, texts.summary)):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render(manifest), encoding="utf-8")


def _show(manifest: "ComparisonManifest", plan: "ComparisonPlan", console: Console) -> None:
    """Prints the answer, the outcomes, the gates that failed, and where the files are."""
    from duologue.comparison.manifest import COMPARISON_MANIFEST_FILE
    from duologue.comparison.result import amount, span, spoken
    from duologue.report.comparison_page import COMPARISON_REPORT_FILE

    pairs = manifest.pairs
    console.print()
    console.say(manifest.answer)
    console.print()
    console.print(_outcomes(manifest.differences))
    console.print()
    lines = [
        "* exploratory: no gate uses it, and p is not adjusted",
        f"{pairs.compared} of {pairs.pairs} pairs compared; {pairs.unchanged} the same word for "
        "word",
        *(
            f"{count} conversations of the {side} are left out: its simulated user left its role"
            for side, count in pairs.users_fault.items()
            if count
        ),
        *(
            f"{count} conversations of the {side} failed"
            for side, count in pairs.missing.items()
            if count
        ),
        *(
            f"with them included, {spoken(one.outcome)} differs by "
            f"{amount(one, one.difference)} ({span(one)})"
            for one in manifest.sensitivity
        ),
        *_reliability(manifest),
        *_judges(manifest),
        *(
            f"own scorer {name} failed at {count} conversations"
            for name, count in manifest.failed_scorers.items()
        ),
        *gates_and_files(
            manifest.reasons,
            plan.folder / manifest.comparison,
            [*(file.name for file in manifest.files), COMPARISON_MANIFEST_FILE],
            COMPARISON_REPORT_FILE,
        ),
    ]
    for line in lines:
        console.say(line)


def _reliability(manifest: "ComparisonManifest") -> Iterator[str]:
    """Yields pass^k of each side, if seeds have several samples."""
    for side, found in manifest.reliability.items():
        if len(found.pass_k) > 1:
            most = max(found.pass_k)
            yield (
                f"{side}: all {most} samples good in {found.pass_k[most]:.1%} of seeds; "
                f"{counted(len(found.flaky_seeds), 'flaky seed')}, "
                f"{counted(len(found.broken_seeds), 'broken seed')}"
            )


def _judges(manifest: "ComparisonManifest") -> "Iterator[str]":
    """Yields a line for each reason why a judge gave no verdict."""
    from duologue.dataset.judges import no_verdict_notes

    for side, judges in manifest.judges.items():
        for note in no_verdict_notes(judges):
            yield f"{side}: {note}"


def _outcomes(differences: "Iterable[Difference]") -> Table:
    from duologue.comparison.result import shown, span, spoken, spoken_p

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("outcome", no_wrap=True)
    for heading in ("baseline", "candidate", "difference within", "p"):
        table.add_column(heading, justify="right", no_wrap=True)
    # The gated ones first: they decide.
    for one in sorted(differences, key=lambda one: one.p_adjusted is None):
        table.add_row(
            spoken(one.outcome) + ("" if one.p_adjusted is not None else " *"),
            shown(one, one.baseline),
            shown(one, one.candidate),
            span(one),
            spoken_p(one),
        )
    return table


def _plain(manifest: "ComparisonManifest", plan: "ComparisonPlan") -> dict[str, Any]:
    from duologue.storage.locations import without_credentials

    return {
        "comparison": manifest.comparison,
        "path": without_credentials(plan.folder / manifest.comparison),
        "passed": not manifest.failed_gates,
        **manifest.model_dump(
            mode="json",
            include={
                "answer",
                "dataset",
                "pairs",
                "differences",
                "sensitivity",
                "reliability",
                "failed_scorers",
                "judges",
                "stopped_early",
                "failed_gates",
            },
        ),
    }
