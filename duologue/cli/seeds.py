"""`duologue seeds …`: looking at seed files."""

from typing import Annotated

import typer
from rich.console import Console

from duologue.cli.options import example

seeds_app = typer.Typer(
    name="seeds",
    help="Look at seed files.",
    epilog=example("duologue seeds check my_seeds.csv"),
    no_args_is_help=True,
    rich_markup_mode=None,
)


@seeds_app.callback()
def seeds() -> None:
    """Look at seed files."""


@seeds_app.command("check", epilog=example("duologue seeds check my_seeds.csv"))
def check_seeds(
    file: Annotated[str, typer.Argument(help="CSV, JSONL or Parquet; a path or a URL.")],
    message_column: Annotated[
        str | None, typer.Option(help="The column that holds the first user message.")
    ] = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first row is a message, not a header.")
    ] = False,
) -> None:
    """Read a seed file and say what would be simulated and what would be rejected.

    Exit code 0 if every row is a seed, 1 if some are rejected, 2 if the file can't be read.
    """
    from duologue.seeds import read_seeds

    seed_file = read_seeds(
        file, message_column=message_column, has_header=False if no_header else None
    )
    console = Console()
    console.print(f"{seed_file.path}: {seed_file.columns_note}", markup=False, soft_wrap=True)
    for row in seed_file.rejected:
        console.print(f"rejected: {row}", markup=False, soft_wrap=True)
    console.print(
        f"{seed_file.rows_read} rows: {len(seed_file.seeds)} seeds, "
        f"{len(seed_file.rejected)} rejected"
    )
    raise typer.Exit(1 if seed_file.rejected else 0)
