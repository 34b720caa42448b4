"""`duologue realism`: how well simulated users can be told from real ones, and by what."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from duologue.cli.options import Figures, Name, Output, OutputFormat
from duologue.cli.terminal import Console, counted, json_line, open_table
from duologue.errors import UsageError

if TYPE_CHECKING:
    from duologue.realism.result import FeatureDifference, Realism

FEATURES_SHOWN = 10
"""The most different ones; --format json has them all."""


def realism(
    version: Annotated[
        str | None,
        typer.Argument(
            help="A version, `latest`, or the folder of a version or a dataset. (default: latest)",
            show_default=False,
        ),
    ] = None,
    real: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Conversations of real users, in any file that `duologue check` reads. (default: "
            "realism.real of the config file)",
        ),
    ] = None,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Compare the users of any two files instead: A's are judged, B's are real.",
        ),
    ] = None,
    output: Output = "datasets",
    name: Name = None,
    output_format: Figures = OutputFormat.TEXT,
) -> None:
    """Measure how well simulated users can be told from real ones, and by what.

    Compares the user's messages after the opening: an AUC of 0.5 is guessing, 1 is always. For a
    version, the result is also written to realism/VERSION/ in the dataset's folder, with a page.

    Exit code 0, whatever the grade; 2 if a file can't be read or holds too few conversations.
    """
    if between is not None:
        if version is not None or real is not None:
            raise UsageError(
                "--between: names both files, and a version or --real was given too; leave one out"
            )
        measured, place = _between(*between), None
    else:
        measured, place = _of_version(version or "latest", real, output, name)
    if output_format is OutputFormat.JSON:
        typer.echo(json_line(measured.model_dump(mode="json")))
    else:
        _print(measured, place)


def _between(first: str, second: str) -> "Realism":
    from duologue.realism.measuring import compare_users
    from duologue.realism.reading import read_users

    return compare_users(read_users(first), read_users(second))


def _of_version(
    version: str, real: str | None, output: str, name: str | None
) -> "tuple[Realism, str]":
    from duologue.realism.reading import read_users
    from duologue.storage.locations import without_credentials
    from duologue.versions.finding import find_version
    from duologue.versions.realism import REALISM_REPORT, measure_realism, realism_folder

    found = find_version(version, output, name)
    reference = real or _configured()
    if reference is None:
        raise UsageError(
            "--real: is missing; name a file with conversations of real users, as in "
            "--real real_conversations.jsonl"
        )
    measured = measure_realism(found, read_users(reference))
    return measured.realism, without_credentials(realism_folder(found) / REALISM_REPORT)


def _configured() -> str | None:
    from duologue.settings.config_file import read_config

    config = read_config()
    return None if config is None else config.table("realism").values.get("real")


def _print(realism: "Realism", place: str | None) -> None:
    console = Console()
    best, worst = realism.grade_range
    within = f" ({best} to {worst})" if best != worst else ""
    low, high = realism.interval
    console.say(
        f"Grade {realism.grade}{within}: AUC {realism.auc:.3f}, 95 % interval {low:.3f} to "
        f"{high:.3f}, p = {realism.p_value:.3f}"
    )
    floor = realism.floor
    console.say(
        f"Real against real, {floor.halves} random halves: {floor.auc:.3f} ({floor.low:.3f} to "
        f"{floor.high:.3f})"
    )
    if floor.domains:
        domains = ", ".join(f"{one.domain} {one.auc:.3f}" for one in floor.domains)
        console.say(f"Real against real, one domain against the others: {domains}")
    if realism.openings is not None:
        console.say(f"Opening messages alone, not graded: {realism.openings.auc:.3f}")
    sides = (("simulated", realism.simulated), ("real", realism.real))
    for what, side in sides:
        left_out = f", {side.left_out} left out" if side.left_out else ""
        console.say(f"{counted(side.conversations, f'{what} conversation')}{left_out}: {side.name}")
    for note in realism.notes:
        console.say(f"Note: {note}.")
    _print_features([one for one in realism.features if one.decides and one.is_clear])
    if place is not None:
        console.say(f"\nReport: {place}")


def _print_features(clear: "list[FeatureDifference]") -> None:
    console = Console()
    if not clear:
        console.say("\nNo feature differs more than chance would make it.")
        return
    table = open_table("distance", "what gives the simulated users away", "for example")
    for one in clear[:FEATURES_SHOWN]:
        examples = ", ".join(f"{e.conversation_id}:{e.message_index}" for e in one.examples)
        table.add_row(f"{one.distance:.2f}", Text(one.sentence), Text(examples))
    console.print()
    console.print(table)
    if len(clear) > FEATURES_SHOWN:
        console.say(f"and {len(clear) - FEATURES_SHOWN} more; --format json lists them all")
