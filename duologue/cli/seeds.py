"""`duologue seeds …`: looking at seed files, and making them."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duologue.cli.expand import expand
from duologue.cli.flags import Assignments, ConfigFile, read_settings
from duologue.cli.options import Group, MessageColumn, NoHeader, example
from duologue.cli.terminal import Console, counted, visible

if TYPE_CHECKING:
    from duologue.seeds import SeedFile, UnclearColumnsError

MESSAGES_SHOWN = 3
CHARACTERS_SHOWN = 72
REJECTED_SHOWN = 20
NO_HEADER = 0
"""The answer that the first row is a message."""

seeds_app = typer.Typer(
    name="seeds",
    cls=Group,
    help="Look at seed files, and make them.",
    epilog=example("duologue seeds check my_seeds.csv"),
    no_args_is_help=True,
    rich_markup_mode=None,
)


seeds_app.command(
    "expand", epilog=example("duologue seeds expand my_seeds.csv --with datasets/personas.csv")
)(expand)


@seeds_app.command("check", epilog=example("duologue seeds check my_seeds.csv"))
def check_seeds(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="CSV, JSONL, Excel or Parquet; a path or a URL.")],
    message_column: MessageColumn = None,
    no_header: NoHeader = False,
    delimiter: Annotated[
        str | None, typer.Option(help="What splits the cells: a character, or a word such as tab.")
    ] = None,
    seed_format: Annotated[
        str | None, typer.Option(help="The file's format, such as csv, if its name hides it.")
    ] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Read a seed file and say what would be simulated and what would be rejected.

    Exit code 0 if every row is a seed, 1 if some are rejected, 2 if the file can't be read.
    """
    from duologue.seeds import read_seeds
    from duologue.settings.check import CheckSettings
    from duologue.validation.loading import load_rules
    from duologue.validation.seeds import checked_seeds

    options = {
        "message_column": message_column,
        "has_header": False if no_header else None,
        "delimiter": delimiter,
        "seed_format": seed_format,
    }
    merged, _ = read_settings(context, CheckSettings, lambda file: file.only("rules"))
    rules = load_rules(merged.settings.rules)
    console = Console()
    seed_file, _ = read_or_ask(
        lambda answers: checked_seeds(read_seeds(file, **(options | dict(answers))), rules), console
    )
    console.say(f"{seed_file.path}: {seed_file.columns_note}")
    show_seeds(seed_file, console, all_rejected=True)
    if said := _scenario_columns(seed_file):
        console.say(f"scenario: {said}")
    console.print(
        f"{counted(seed_file.rows_read, 'row')}: {counted(len(seed_file.seeds), 'seed')}, "
        f"{len(seed_file.rejected)} rejected"
    )
    raise typer.Exit(1 if seed_file.rejected else 0)


def _scenario_columns(seed_file: "SeedFile") -> str:
    """Says how many seeds have each column with a meaning; empty if none has any."""
    columns = Counter(name for seed in seed_file.seeds for name in seed.scenario.columns)
    counts = (f"{name} in {counted(count, 'seed')}" for name, count in columns.items())
    return ", ".join(counts)


def read_or_ask(
    read: Callable[[Mapping[str, Any]], "SeedFile"], console: Console
) -> tuple["SeedFile", dict[str, Any]]:
    """Reads seeds; in a terminal, asks which column holds the message if that is unclear.

    Args:
        read: reads the seed file with the answers, `message_column` and `has_header`.
        console: where the question is printed.

    Returns:
        What was read, and the answers; none if there was no question.

    Raises:
        UsageError: the file cannot be read, or it is unclear and nobody is there to ask.
    """
    from duologue.seeds import UnclearColumnsError

    try:
        return read({}), {}
    except UnclearColumnsError as error:
        if not (sys.stdin.isatty() and console.is_terminal and error.names):
            raise
        answers = _asked(error, console)
    return read(answers), answers


def _asked(unclear: "UnclearColumnsError", console: Console) -> dict[str, Any]:
    question = str(unclear).partition(";")[0]
    console.say(question)
    if unclear.first_row_may_be_message:
        console.print(f"  {NO_HEADER}  the first row is a message, there is no header")
    for number, name in enumerate(unclear.names, 1):
        label = f"  {number}  column {name!r} holds the message"
        console.say(label)
    fewest = NO_HEADER if unclear.first_row_may_be_message else 1
    answer = fewest - 1
    while not fewest <= answer <= len(unclear.names):
        answer = typer.prompt("Which one", type=int)
    if answer == NO_HEADER:
        console.say("Next time: --no-header")
        return {"has_header": False}
    name = unclear.names[answer - 1]
    console.say(f"Next time: --message-column {name!r}")
    return {"message_column": name}


def show_seeds(seed_file: "SeedFile", console: Console, all_rejected: bool = False) -> None:
    """Prints the first messages as they were understood, and what is wrong with rows."""
    for seed in seed_file.seeds[:MESSAGES_SHOWN]:
        text = " ".join(visible(seed.message).split())
        cut = text if len(text) <= CHARACTERS_SHOWN else f"{text[: CHARACTERS_SHOWN - 1]}…"
        console.say(f"  message: {cut}")
    shown = seed_file.rejected if all_rejected else seed_file.rejected[:REJECTED_SHOWN]
    for row in shown:
        console.say(f"rejected: {row}")
    if len(shown) < len(seed_file.rejected):
        console.print(f"and {len(seed_file.rejected) - len(shown)} more rejected")
    first = {warning.rule: warning for warning in reversed(seed_file.warnings)}
    for rule, count in Counter(warning.rule for warning in seed_file.warnings).items():
        more = f" (and {counted(count - 1, 'more seed')})" if count > 1 else ""
        console.say(f"warning: {first[rule]}{more}")
