"""`duologue config`: every setting, its value, and where the value comes from."""

import json
from textwrap import fill
from typing import Annotated, Any

import typer

from duologue.cli.flags import Assignments, ConfigFile
from duologue.cli.options import OutputFormat

WIDTH = 80


def config(
    config: ConfigFile = None,
    assignments: Assignments = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="json: one JSON object a setting.")
    ] = OutputFormat.TEXT,
) -> None:
    """Show every setting, its value, and where that comes from.

    Settings whose names start with `evaluate.` are those of `duologue evaluate`, where they are
    written without it; the others are those of `duologue generate`.

    Exit code 0; 2 if a setting is unknown or has a wrong value.
    """
    from duologue.settings.sources import all_settings

    for setting in all_settings(config, assignments or ()):
        if output_format is OutputFormat.JSON:
            typer.echo(json.dumps(setting, ensure_ascii=False))
        else:
            typer.echo(_as_text(setting))


def _as_text(setting: dict[str, Any]) -> str:
    value = json.dumps(setting["value"], ensure_ascii=False)
    description = fill(
        setting["description"], WIDTH, initial_indent="    ", subsequent_indent="    "
    )
    return f"{setting['name']} = {value}  ({setting['source']})\n{description}\n"
