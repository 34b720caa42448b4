"""`duologue generate`: generates a dataset on this machine."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duologue.cli.flags import Assignments, ConfigFile, Flag, read_settings
from duologue.cli.local_run import prefect_starting, run_locally
from duologue.cli.options import Format, OutputFormat, Quiet, print_lines
from duologue.cli.results import print_result
from duologue.cli.seeds import read_or_ask, show_seeds
from duologue.cli.terminal import Console, counted
from duologue.errors import UsageError

if TYPE_CHECKING:
    from duologue.plans.generation import Plan
    from duologue.settings.run import GenerationSettings
    from duologue.settings.sources import Effective


def generate(
    context: typer.Context,
    seeds: Annotated[str | None, typer.Argument(show_default=False)] = None,
    chatbot: Flag = None,
    simulated_user: Flag = None,
    turns: Flag = None,
    conversations_per_seed: Flag = None,
    max_concurrency: Flag = None,
    output: Flag = None,
    name: Flag = None,
    ends_with: Flag = None,
    message_column: Flag = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first row of a CSV file is a message.")
    ] = False,
    delimiter: Flag = None,
    seed_format: Flag = None,
    resume: Flag = None,
    record_usage: Annotated[bool, typer.Option("--record-usage", show_default=False)] = False,
    max_calls: Flag = None,
    max_cost_usd: Flag = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    output_format: Format = OutputFormat.TEXT,
    quiet: Quiet = False,
) -> None:
    """Generate and publish a conversation for every seed.

    Without settings, the bundled chatbot and simulated user talk: no key, no server.

    Exit code 0 if every conversation is good, 1 if some failed or are invalid or the version is
    held back, 2 if nothing could run.
    """
    from duologue.settings.run import CommonOptions, GenerationSettings

    merged, file = read_settings(context, GenerationSettings)
    _check_seeds_are_named(merged)
    parameters = merged.settings.as_parameters(CommonOptions)
    # With --format json standard output holds the result alone.
    console = Console(stderr=output_format is OutputFormat.JSON)
    console.shows_progress = not quiet
    _check_participants(merged.settings)
    with prefect_starting() as server:
        plan = _checked(parameters, file, console)
        manifest, message = run_locally(
            _generate_dataset,
            parameters,
            plan.settings.everyone,
            console,
            lambda version: f"To continue, repeat the command with --resume {version}",
            server,
        )
    raise typer.Exit(print_result(manifest, message, plan.dataset.output, output_format, console))


def _generate_dataset() -> Callable[..., Any]:
    from duologue.flows.generate_dataset import generate_dataset
    from duologue.validation.language import language_detector

    language_detector()  # takes half a second, in which the Prefect server starts
    return generate_dataset


def _check_seeds_are_named(merged: "Effective[GenerationSettings]") -> None:
    from duologue.settings.sources import DEFAULT

    seeds = merged.settings.seeds
    if merged.source("seeds") == DEFAULT and not Path(seeds).exists():
        raise UsageError(
            f"no seed file is named, and {seeds} is not here; name one, as in `duologue generate "
            "my_seeds.csv`, or set `seeds` in duologue.toml"
        )


def _check_participants(settings: "GenerationSettings") -> None:
    """Checks what people get wrong most, before a Prefect server starts."""
    from duologue.participants.api_key import vellum_api_key
    from duologue.participants.checking import check_participants
    from duologue.settings.participants import ParticipantSettings

    check_participants(map(ParticipantSettings.parsed, (settings.chatbot, settings.simulated_user)))
    if settings.test_suite is not None:
        vellum_api_key()


def _checked(parameters: dict[str, Any], file: str | None, console: Console) -> "Plan":
    """Reports what is wrong before Prefect is imported, which takes a second.

    The flow checks again.
    """
    from duologue.participants.checking import check_participants
    from duologue.plans.generation import plan_generation

    plan = plan_generation(**parameters)
    check_participants(plan.settings.everyone)
    seed_file, answers = read_or_ask(plan.read_seeds, console)
    parameters["advanced"] = {**(parameters.get("advanced") or {}), **answers}
    from duologue.versions.writing import check_writable  # imports pyarrow

    check_writable(plan.dataset)
    if not console.shows_progress:
        return plan
    lines = {
        "Seeds": f"{seed_file.path}: {counted(len(seed_file.seeds), 'seed')}, "
        f"{counted(len(seed_file.rejected), 'row')} rejected ({seed_file.columns_note})",
        "Chatbot": plan.settings.chatbot.reference,
        "Simulated user": plan.settings.simulated_user.reference,
    }
    print_lines(lines | ({"Settings": file} if file else {}), console)
    show_seeds(seed_file, console)
    return plan
