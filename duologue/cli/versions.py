"""`duologue versions`: the versions of a dataset, and which of them `latest` names."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table
from rich.text import Text

from duologue.cli.options import Group, Name, Output, OutputFormat, example
from duologue.cli.terminal import Console, open_table
from duologue.errors import UsageError

if TYPE_CHECKING:
    from duologue.versions.history import PastVersion
    from duologue.versions.places import DatasetFolder

_COMMAND_FOLLOWS = "duologue.command_follows"


class _Versions(Group):
    """Reads the options of the list only for the list: a command that follows has its own."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Notes whether a command follows immediately."""
        ctx.meta[_COMMAND_FOLLOWS] = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """Returns the list's options, or only `--help`."""
        params = super().get_params(ctx)
        return params[-1:] if ctx.meta.get(_COMMAND_FOLLOWS) else params


versions_app = typer.Typer(
    name="versions",
    cls=_Versions,
    help="List, pin, remove and roll back versions.",
    epilog=example("duologue versions", "duologue versions rollback"),
    rich_markup_mode=None,
)

Version = Annotated[str, typer.Argument(help="As in 20261124T053516123Z-1a2b3c4d.")]


@versions_app.callback(invoke_without_command=True)
def versions(
    context: typer.Context,
    output: Output = "datasets",
    name: Name = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="json: one JSON object a version.")
    ] = OutputFormat.TEXT,
) -> None:
    """List the versions of a dataset, newest first; or pin, remove and roll them back."""
    if context.invoked_subcommand is not None:
        _refuse_misplaced_options(context)
        return
    from duologue.versions.history import past_versions

    past = past_versions(_dataset(output, name))
    if output_format is OutputFormat.JSON:
        for version in past:
            typer.echo(json.dumps(_plain(version)))
        return
    console = Console()
    console.print(_table(past))
    for version in past:
        for reason in version.manifest.held_back:
            console.say(f"{version.manifest.version} is held back: {reason}")


@versions_app.command(
    epilog=example("duologue versions pin 20261124T053516123Z-1a2b3c4d --reason baseline")
)
def pin(
    version: Version,
    reason: Annotated[str | None, typer.Option(help="Why it is kept; shown in the list.")] = None,
    output: Output = "datasets",
    name: Name = None,
) -> None:
    """Keep a version, however many newer ones there are."""
    from duologue.versions.history import pin_version

    pin_version(_dataset(output, name, version), version, reason)
    typer.echo(f"{version} is pinned")


@versions_app.command(epilog=example("duologue versions unpin 20261124T053516123Z-1a2b3c4d"))
def unpin(version: Version, output: Output = "datasets", name: Name = None) -> None:
    """Remove a pin."""
    from duologue.versions.history import unpin_version

    unpin_version(_dataset(output, name, version), version)
    typer.echo(f"{version} is no longer pinned")


@versions_app.command(epilog=example("duologue versions remove 20261124T053516123Z-1a2b3c4d --yes"))
def remove(
    version: Version,
    output: Output = "datasets",
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Remove a version with all its revisions, unless it is published or pinned."""
    from duologue.versions.history import remove_version

    dataset = _dataset(output, name, version)
    if not yes:
        typer.confirm(f"Remove {dataset.name} {version} for good?", abort=True)
    remove_version(dataset, version)
    typer.echo(f"{version} is removed")


@versions_app.command(epilog=example("duologue versions rollback"))
def rollback(
    version: Annotated[
        str | None,
        typer.Argument(help="The newest good version before the published one if not given."),
    ] = None,
    output: Output = "datasets",
    name: Name = None,
) -> None:
    """Make `latest` name an earlier version, until the next one passes its gates."""
    from duologue.versions.history import roll_back

    latest = roll_back(_dataset(output, name, version), version)
    typer.echo(f"latest is now {latest.version}, revision {latest.revision}")


def _dataset(output: str, name: str | None, version: str | None = None) -> "DatasetFolder":
    from duologue.versions.finding import find_dataset

    return find_dataset(output, name, version)


def _refuse_misplaced_options(context: typer.Context) -> None:
    """Refuses options before a subcommand, which takes its own and would not see them."""
    for option in ("output", "name", "output_format"):
        source = context.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                f"--{option.removeprefix('output_')}: stands before `{context.invoked_subcommand}`;"
                " write it after that"
            )


def _plain(version: "PastVersion") -> dict[str, Any]:
    manifest = version.manifest
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "revision": manifest.revision,
        "path": str(version.version.folder),
        "latest": version.is_latest,
        "pinned": version.pin is not None,
        "pin_reason": version.pin.reason if version.pin else None,
        "held_back": list(manifest.held_back),
        **manifest.counts.model_dump(),
    }


def _table(past: list["PastVersion"]) -> Table:
    numbers = ("revision", "valid", "invalid", "failed")
    right = (Column(heading, justify="right") for heading in numbers)
    table = open_table("version", *right, Column(overflow="fold"))
    for version in past:
        counts = version.manifest.counts
        cells = (version.manifest.revision, counts.valid, counts.invalid, counts.failed)
        remarks = Text(", ".join(_remarks(version)))
        table.add_row(version.manifest.version, *map(str, cells), remarks)
    return table


def _remarks(version: "PastVersion") -> list[str]:
    remarks = []
    if version.is_latest:
        remarks.append("latest")
    if version.manifest.held_back:
        remarks.append("held back")
    if version.pin:
        remarks.append(f"pinned: {version.pin.reason}" if version.pin.reason else "pinned")
    return remarks
