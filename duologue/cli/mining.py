"""`duologue seeds mine` and `duologue seeds coverage`: seeds from real traffic."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column

from duologue.cli.flags import Assignments, ConfigFile, Flag, read_settings
from duologue.cli.options import Format, Name, Output, OutputFormat, Quiet, VersionOrFolder
from duologue.cli.progress_bar import progress_bar
from duologue.cli.terminal import Console, counted, open_table

if TYPE_CHECKING:
    from duologue.mining.mine import Mined
    from duologue.mining.paging import Progress
    from duologue.traffic.coverage import Coverage

CLUSTERS_SHOWN = 20
"""The largest clusters without a conversation; --format json has all of them."""


def mine_seeds(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A Workflow Deployment, by its name or id; or a transcript file that `duologue "
            "check` reads."
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", help="The seed file to write, a .csv file.")
    ] = "seeds.csv",
    since: Flag = None,
    release_tag: Flag = None,
    count: Flag = None,
    sample: Flag = None,
    failing_first: Annotated[bool, typer.Option("--failing-first")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the files if they are there.")
    ] = False,
    output_format: Format = OutputFormat.TEXT,
    quiet: Quiet = False,
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Make a seed file from real conversations, without personal data.

    Writes the seeds, and next to them real_conversations.jsonl with all conversations, redacted.
    Review both before you share them: redaction finds most personal data, not all.

    Exit code 0, or 2 if nothing could be mined; then nothing is written.
    """
    import asyncio

    from duologue.mining.mine import mine
    from duologue.settings.config_file import for_mine
    from duologue.settings.mining import MiningSettings

    merged, _ = read_settings(context, MiningSettings, for_mine)
    console = Console(stderr=True)
    console.shows_progress = not quiet
    with progress_bar(console, lambda progress: None) as show_step:
        show_step("reading")
        mined = asyncio.run(
            mine(
                source,
                output,
                merged.settings,
                overwrite=overwrite,
                show=lambda progress: _show(progress, console),
            )
        )
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(asdict(mined)))
    else:
        _print_mined(mined, Console())


def _show(progress: "Progress", console: Console) -> None:
    continued = (
        f" ({progress.continued_from} of them before this command was interrupted)"
        if progress.continued_from
        else ""
    )
    console.say(f"{counted(progress.executions, 'execution')} read{continued}")


def _print_mined(mined: "Mined", console: Console) -> None:
    covered = mined.coverage
    if mined.executions:
        console.say(f"{mined.executions} executions")
    if mined.synthetic:
        console.say(f"{mined.synthetic} of Duologue's own, left out")
    if mined.unreadable:
        console.say(f"{mined.unreadable} without a message of a user, left out")
    console.say(
        f"{counted(mined.conversations, 'conversation')}, "
        f"{counted(mined.different, 'different opening')}"
    )
    replaced = ", ".join(f"{number} x {kind}" for kind, number in mined.replaced.items())
    console.say(f"personal data replaced: {replaced or 'none found'}")
    console.say(
        f"{counted(mined.seeds, 'seed')} for {covered.covered} of "
        f"{counted(covered.clusters, 'cluster')} and {covered.traffic_share:.0%} of the "
        f"conversations; as many at random would cover "
        f"{counted(round(covered.random_clusters), 'cluster')}"
    )
    console.say(f"wrote {mined.output}, and real_conversations.jsonl next to it; review both")


def show_coverage(
    version: VersionOrFolder = "latest",
    real: Annotated[
        str,
        typer.Option(help="The real conversations: real_conversations.jsonl, or any transcripts."),
    ] = "real_conversations.jsonl",
    seeds_output: Annotated[
        str | None,
        typer.Option(
            "--missing", metavar="FILE", help="Write the seeds to add to this new .csv file."
        ),
    ] = None,
    output: Output = "datasets",
    name: Name = None,
    output_format: Format = OutputFormat.TEXT,
) -> None:
    """Show how much of the real traffic a version covers, and which seeds to add.

    Exit code 0, whatever is covered; 2 if the version or the file can't be read.
    """
    from duologue.mining.files import new_seed_file, write_seeds
    from duologue.traffic.coverage import coverage, opening_of, read_real
    from duologue.validation.transcripts import read_transcripts
    from duologue.versions.finding import find_conversations

    path = None if seeds_output is None else new_seed_file(seeds_output)
    transcripts = read_transcripts(str(find_conversations(version, output, name)))
    openings = (opening_of(one.messages) for one in transcripts)
    found = coverage(read_real(real), [one for one in openings if one is not None])
    if path is not None:
        write_seeds(path, found.missing)
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False))
    else:
        _print_coverage(found, Console())


def _plain(found: "Coverage") -> dict[str, object]:
    return {
        "clusters": len(found.clusters),
        "covered": found.covered,
        "share": found.share,
        "missing": [
            {
                "message": one.message,
                "weight": one.weight,
                "conversation_ids": [each.id for each in one.conversations],
            }
            for one in found.missing
        ],
        "by_cluster": [asdict(one) for one in found.clusters],
    }


def _print_coverage(found: "Coverage", console: Console) -> None:
    console.say(
        f"{found.covered} of {len(found.clusters)} clusters of the real traffic have a "
        f"conversation; they are {found.share:.1%} of the real conversations"
    )
    if not found.missing:
        return
    table = open_table(Column("real", justify="right"), "seed to add")
    for one in found.gaps[:CLUSTERS_SHOWN]:
        table.add_row(str(one.real), " ".join(one.message.split()))
    console.print(table)
    if len(found.missing) > CLUSTERS_SHOWN:
        console.say(
            f"and {len(found.missing) - CLUSTERS_SHOWN} more; --missing FILE writes them all"
        )
