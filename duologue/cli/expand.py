"""`duologue seeds expand`: each seed with each persona, or a balanced sample of the pairs."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from duologue.cli.options import MessageColumn, NoHeader
from duologue.cli.terminal import Console, counted

if TYPE_CHECKING:
    from duologue.seeds.expanding import Grid


def expand(
    file: Annotated[str, typer.Argument(help="The seeds, as for `duologue generate`.")],
    variants: Annotated[
        list[str],
        typer.Option(
            "--with",
            help="A file of variants with a column `name`, such as datasets/personas.csv, or TOML. "
            "Repeat it to combine several.",
        ),
    ],
    count: Annotated[
        int | None,
        typer.Option(min=1, help="How many combinations to choose, balanced; all if not set."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="The file to write, .csv or .jsonl. (default: FILE_expanded.csv)"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is already there.")
    ] = False,
    message_column: MessageColumn = None,
    no_header: NoHeader = False,
) -> None:
    """Combine each seed with each persona, or choose a balanced sample of the combinations.

    Exit code 0 if all rows were used, 1 if some are rejected and left out, 2 if nothing is written.
    """
    from duologue.seeds import read_seeds
    from duologue.seeds.expanding import Grid, expanded
    from duologue.seeds.variants import read_variants
    from duologue.seeds.writing import write_seeds

    has_header = False if no_header else None
    seed_file = read_seeds(file, message_column=message_column, has_header=has_header)
    grid = Grid(seed_file, tuple(map(read_variants, variants)))
    seeds = expanded(grid, count)
    target = out or f"{PurePosixPath(seed_file.path).name.partition('.')[0]}_expanded.csv"
    write_seeds(seeds, target, replace=force)
    _report(grid, len(seeds), target)
    raise typer.Exit(1 if seed_file.rejected else 0)


def _report(grid: "Grid", written: int, target: str) -> None:
    console = Console()
    for row in grid.seeds.rejected:
        console.say(f"rejected: {row}")
    for one in grid.dimensions:
        console.say(f"{one.title}: {counted(len(one.variants), 'variant')} of {one.file}")
    chosen = "" if written == grid.size else f"a balanced sample of {grid.size:,} from "
    console.say(f"{counted(written, 'seed')} written to {target}: {chosen}{grid.title}")
