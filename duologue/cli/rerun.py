"""`duologue rerun`: simulates the failed seeds of a version again, on this machine."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from duologue.cli.local_run import run_locally
from duologue.cli.options import Format, Name, Output, OutputFormat, Quiet, VersionOrFolder
from duologue.cli.results import print_result, rerun_command
from duologue.cli.terminal import Console


def rerun(
    version: VersionOrFolder = "latest",
    seed_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SEED_ID...",
            help="Only these seeds or conversations; all that failed or are invalid if not given.",
        ),
    ] = None,
    output: Output = "datasets",
    name: Name = None,
    max_concurrency: Annotated[
        int | None,
        typer.Option(
            help="How many conversations are simulated concurrently; as many as when the version "
            "was generated if not given."
        ),
    ] = None,
    output_format: Format = OutputFormat.TEXT,
    quiet: Quiet = False,
) -> None:
    """Simulate the failed and invalid conversations again.

    The version's own files hold everything needed: the participants, the settings, and how far each
    conversation got. The result is the version's next revision.

    Exit code 0 if every conversation is good now, 1 if some failed again or the version is held
    back, 2 if nothing could run.
    """
    from duologue.participants.checking import check_participants
    from duologue.plans.rerun import plan_rerun
    from duologue.versions.writing import check_writable

    # With --format json standard output holds the result alone.
    console = Console(stderr=output_format is OutputFormat.JSON)
    console.shows_progress = not quiet
    planned = plan_rerun(version, seed_ids or (), name, output, max_concurrency)
    manifest, output = planned.version.manifest, planned.dataset.output
    if not planned.again:
        nothing = f"{planned.version}: nothing to simulate again"
        console.say(nothing)
        raise typer.Exit(0)
    check_participants(planned.settings.everyone)
    check_writable(planned.dataset)
    console.say(
        f"{planned.version}: {len(planned.again)} of {manifest.counts.conversations} conversations "
        "to simulate"
    )
    parameters = {
        "version": manifest.version,
        "seed_ids": seed_ids or [],
        "name": manifest.dataset,
        "output": output,
        "max_concurrency": max_concurrency,
    }
    to_continue = f"To continue: {rerun_command(manifest, output)}"
    manifest, message = run_locally(
        _rerun_failed_seeds,
        parameters,
        planned.settings.everyone,
        console,
        lambda version: to_continue,
    )
    raise typer.Exit(print_result(manifest, message, output, output_format, console))


def _rerun_failed_seeds() -> Callable[..., Any]:
    from duologue.flows.rerun_failed_seeds import rerun_failed_seeds
    from duologue.validation.language import language_detector

    language_detector()  # takes half a second, in which the Prefect server starts
    return rerun_failed_seeds
