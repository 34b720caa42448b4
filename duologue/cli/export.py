"""`duologue export`: a version or a comparison as a file for another tool."""

from pathlib import Path
from typing import Annotated

import typer

from duologue.cli.options import Name, Output, VersionOrFolder
from duologue.exports.tools import Tool


def export(
    version: VersionOrFolder,
    tool: Annotated[Tool, typer.Argument(help="The tool that will read the file.")],
    file: Annotated[Path, typer.Argument(help="The file to write, as JSONL.")],
    output: Output = "datasets",
    name: Name = None,
    by: Annotated[
        str, typer.Option("--by", help="For preferences: the outcome that decides.")
    ] = "user_satisfied",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is already there.")
    ] = False,
) -> None:
    """Write a version for another tool.

    Most tools get the next turns: each is a conversation up to a USER message, with the chatbot's
    reply as the reference. For sft they are whole conversations. For preferences, name a comparison
    in place of the version.
    """
    from upath import UPath

    from duologue.exports.preferences import export_preferences
    from duologue.exports.writing import export_version
    from duologue.versions.finding import find_comparison
    from duologue.versions.loading import load_version

    if tool is Tool.PREFERENCES:
        comparison = find_comparison(output, name, version)
        done = export_preferences(comparison, by, UPath(file), replace=force)
        written, left_out = "preference pairs", f"no reply did better by {by}"
    else:
        done = export_version(load_version(version, output, name), tool, UPath(file), replace=force)
        written = "conversations" if tool is Tool.SFT else "next turns"
        left_out = "the conversation ended before a reference reply"
    typer.echo(f"{done.written} {written} written to {file}")
    if done.left_out:
        typer.echo(f"{done.left_out} left out: {left_out}")
