"""`duologue push-test-suite`: a version's conversations as cases of a Vellum Test Suite."""

from typing import TYPE_CHECKING, Annotated

import typer

from duologue.cli.flags import Flag, read_settings
from duologue.cli.options import Name, Output, OutputFormat, VersionOrFolder

if TYPE_CHECKING:
    from duologue.test_suites.vellum_suite import PushResult

REJECTED_SHOWN = 20
"""--format json has them all."""


def push_test_suite(
    context: typer.Context,
    version: VersionOrFolder,
    suite: Annotated[str, typer.Argument()],
    output: Output = "datasets",
    name: Name = None,
    per: Flag = None,
    input_name: Flag = None,
    evaluation_name: Flag = None,
    remove_gone: Annotated[bool, typer.Option("--remove-gone", show_default=False)] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report what would change.")
    ] = False,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="json: one JSON object.")
    ] = OutputFormat.TEXT,
) -> None:
    """Make a version's conversations the cases of a Test Suite.

    A later version changes only the cases that differ. The flags are the settings of [test_suite]
    in the config file, and take their defaults from it.

    Exit code 0; 1 if Vellum rejected some cases; 2 if it can't be done.
    """
    import asyncio

    from duologue.settings.test_suites import SuiteOptions
    from duologue.test_suites.vellum_suite import push_version
    from duologue.versions.finding import find_version

    options, _ = read_settings(context, SuiteOptions, lambda config: config.table("test_suite"))
    found = find_version(version, output, name)
    result = asyncio.run(push_version(found, options.settings, dry_run=dry_run))
    if output_format is OutputFormat.JSON:
        typer.echo(result.model_dump_json())
    else:
        _print(result)
    if result.rejected:
        raise typer.Exit(1)


def _print(result: "PushResult") -> None:
    for kind in ("created", "replaced", "unchanged", "removed", "rejected"):
        typer.echo(f"{len(getattr(result, kind))} {kind}")
    for external_id, reason in result.rejected[:REJECTED_SHOWN]:
        typer.echo(f"rejected {external_id}: {reason}")
    if len(result.rejected) > REJECTED_SHOWN:
        typer.echo(f"and {len(result.rejected) - REJECTED_SHOWN} more rejected")
    if result.dry_run:
        typer.echo("dry run: nothing was changed")
