"""`duologue review`: what people decided about a version, and how reliable its rules are."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from duologue.cli.options import Figures, Name, Output, OutputFormat, VersionOrFolder
from duologue.cli.reliability import print_reliability
from duologue.cli.terminal import Console, counted, json_line

if TYPE_CHECKING:
    from duologue.reliability.measuring import VersionReliability

IDS_SHOWN = 5
"""Of conversations that were simulated again; --format json has them all."""


def review(
    version: VersionOrFolder,
    decisions: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files that the review mode of the version's report.html downloaded; those stored "
            "before count in any case."
        ),
    ] = None,
    output: Output = "datasets",
    name: Name = None,
    output_format: Figures = OutputFormat.TEXT,
) -> None:
    """Store what people decided about conversations, and measure rules and judges with it.

    Prints precision and recall of each rule and criterion with 95 % intervals, the agreement of
    reviewers, and where they disagree with the rules. Also writes this to reviews/VERSION/ in the
    dataset's folder.

    Exit code 0; 2 if a file is not about this version or can't be read.
    """
    from duologue.reliability.decisions import read_decisions
    from duologue.storage.files import located
    from duologue.storage.locations import without_credentials
    from duologue.versions.finding import find_version
    from duologue.versions.reliability import measure_version
    from duologue.versions.reviews import add_decisions

    found = find_version(version, output, name)
    files = {without_credentials(file): read_decisions(located(file)) for file in decisions or []}
    if files:
        add_decisions(found, files)
    measured = measure_version(found)
    if output_format is OutputFormat.JSON:
        typer.echo(json_line(measured.model_dump(mode="json")))
    else:
        _print(measured)


def _print(measured: "VersionReliability") -> None:
    console = Console()
    console.print(
        Text(f"{measured.dataset} {measured.version}, revision {measured.revision}"),
        soft_wrap=True,
    )
    if lost := measured.simulated_again:
        more = f" and {len(lost) - IDS_SHOWN} more" if len(lost) > IDS_SHOWN else ""
        console.print(
            Text(
                f"{counted(len(lost), 'conversation')} simulated again since the review, so the "
                f"decisions no longer count: {', '.join(lost[:IDS_SHOWN])}{more}"
            ),
            soft_wrap=True,
        )
    print_reliability(measured.reliability)
