"""`duologue export`: a version's next turns as a file for another evaluation tool."""

from pathlib import Path
from typing import Annotated

import typer

from duologue.cli.options import Name, Output, VersionOrFolder
from duologue.versions.tools import EvaluationTool


def export(
    version: VersionOrFolder,
    tool: Annotated[EvaluationTool, typer.Argument(help="The tool that will read the file.")],
    file: Annotated[Path, typer.Argument(help="The file to write, as JSONL.")],
    output: Output = "datasets",
    name: Name = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is already there.")
    ] = False,
) -> None:
    """Write a version's next turns for another evaluation tool.

    Each is a conversation up to a USER message, with the chatbot's reply as the reference.
    """
    from upath import UPath

    from duologue.versions.exporting import export_next_turns
    from duologue.versions.loading import load_version

    dataset = load_version(version, output, name)
    done = export_next_turns(dataset, tool, UPath(file), replace=force)
    typer.echo(f"{done.written} next turns written to {file}")
    if done.left_out:
        typer.echo(f"{done.left_out} left out: the conversation ended before a reference reply")
