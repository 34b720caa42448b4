"""`duologue show`: conversations in the terminal."""

from typing import Annotated

import typer

from duologue.cli.conversations import rendered
from duologue.cli.options import Name, Output
from duologue.cli.reliability import print_measured
from duologue.cli.terminal import Console
from duologue.errors import UsageError


def show(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION_OR_PATH",
            help="A version, `latest`, the folder of a version or of a dataset, or a "
            "conversations.parquet.",
        ),
    ],
    seed_id: Annotated[
        str | None, typer.Argument(help="A seed's id, or a conversation's; all if not given.")
    ] = None,
    output: Output = "datasets",
    name: Name = None,
) -> None:
    """Show the conversations of a dataset."""
    from duologue.versions.finding import find_conversations
    from duologue.versions.measured import reliability_of
    from duologue.versions.reading import read_judged_conversations

    path = find_conversations(version, output, name)
    console = Console()
    found = False
    for _, conversation, verdicts in read_judged_conversations(path, of=seed_id):
        found = True
        console.print(rendered(conversation, verdicts))
        console.print()
    if not found:
        wanted = "no conversation" if seed_id is None else f"no conversation of {seed_id!r}"
        raise UsageError(
            f"{path} holds {wanted}; failures.csv next to it lists what failed or is invalid"
        )
    if seed_id is None:
        print_measured(reliability_of(path.parent))
