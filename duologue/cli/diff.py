"""`duologue diff`: how two versions differ."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column

from duologue.cli.options import Name, Output, OutputFormat, VersionOrFolder
from duologue.cli.terminal import Console, open_table

if TYPE_CHECKING:
    from duologue.dataset.changes import Changes, Outcomes

IDS_SHOWN = 20
"""Of each kind; --format json has them all."""


def diff(
    before: VersionOrFolder,
    after: Annotated[str, typer.Argument(help="The same.")],
    output: Output = "datasets",
    name: Name = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="json: one JSON object.")
    ] = OutputFormat.TEXT,
) -> None:
    """Show what differs between two versions.

    Settings, counts, and conversations by their ids.

    Exit code 0, whether they differ or not; 2 if one can't be read.
    """
    from duologue.dataset.changes import changes_between
    from duologue.versions.comparing import outcomes_in
    from duologue.versions.finding import find_version

    old, new = (outcomes_in(find_version(version, output, name)) for version in (before, after))
    changes = changes_between(old, new)
    if output_format is OutputFormat.JSON:
        typer.echo(changes.model_dump_json())
    else:
        _print(changes, old, new)


def _print(changes: "Changes", old: "Outcomes", new: "Outcomes") -> None:
    console = Console()
    headings = (f"{outcomes.version} r{outcomes.revision}" for outcomes in (old, new))
    table = open_table("", *(Column(heading, justify="right") for heading in headings))
    counts = (old.counts.model_dump(), new.counts.model_dump())
    for field in counts[0]:
        table.add_row(field.replace("_", " "), str(counts[0][field]), str(counts[1][field]))
    console.print(table)
    for setting in changes.settings:
        console.say(f"setting {setting}")
    for kind in ("added", "removed", "newly_failing", "newly_good", "changed"):
        ids: tuple[str, ...] = getattr(changes, kind)
        more = f" and {len(ids) - IDS_SHOWN} more" if len(ids) > IDS_SHOWN else ""
        shown = f": {', '.join(ids[:IDS_SHOWN])}{more}" if ids else ""
        console.say(f"{len(ids)} {kind.replace('_', ' ')}{shown}")
