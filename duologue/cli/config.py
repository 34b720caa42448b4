"""`duologue config`: every setting, its value, and where the value comes from."""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from textwrap import fill
from typing import Annotated, Any

import typer

from duologue.cli.flags import Assignments, ConfigFile

WIDTH = 80


class ConfigFormat(StrEnum):
    """How the settings are listed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def config(
    config: ConfigFile = None,
    assignments: Assignments = None,
    output_format: Annotated[
        ConfigFormat,
        typer.Option(
            "--format", help="json: one JSON object a setting; markdown: the tables of the docs."
        ),
    ] = ConfigFormat.TEXT,
) -> None:
    """Show every setting, its value, and where that comes from.

    Settings whose names start with `evaluate.` or `compare.` are those of that command, where they
    are written without it; the others are those of `duologue generate`.

    Exit code 0; 2 if a setting is unknown or has a wrong value.
    """
    from duologue.settings.config_file import all_settings

    settings = all_settings(config, assignments or ())
    match output_format:
        case ConfigFormat.JSON:
            lines: Iterable[str] = (json.dumps(one, ensure_ascii=False) for one in settings)
        case ConfigFormat.MARKDOWN:
            lines = (*_as_tables(settings), *_judges_table())
        case ConfigFormat.TEXT:
            lines = map(_as_text, settings)
    for line in lines:
        typer.echo(line)


def _judges_table() -> Iterator[str]:
    """Lays out the options of one judge, which are no settings with one value."""
    from duologue.settings.declarations import described
    from duologue.settings.judges import JudgeOptions

    options = (one for one in described(JudgeOptions) if not one["name"].startswith("inputs."))
    yield "## `[[judges]]`\n"
    yield "Each judge is a table of its own. `[[evaluate.judges]]` and `[[compare.judges]]` have"
    yield "the same settings. The table `inputs` has those of `chatbot_inputs`.\n"
    yield from _rows(options)


def _as_tables(settings: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Lays the declarations out as a table for each group, each with a heading."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for setting in settings:
        groups.setdefault(setting["name"].rpartition(".")[0], []).append(setting)
    for group, members in groups.items():
        yield f"## `[{group}]`\n" if group else "## At the top\n"
        yield from _rows(members)
        yield ""


def _rows(settings: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "| setting | type | default | meaning |\n|---|---|---|---|"
    for one in settings:
        kind = one["type"].replace("|", ", ")
        default = json.dumps(one["default"], ensure_ascii=False)
        shown = "" if one["default"] in (None, "") else f"`{default}`"
        yield f"| `{one['name']}` | {kind} | {shown} | {one['description']} |"


def _as_text(setting: dict[str, Any]) -> str:
    value = json.dumps(setting["value"], ensure_ascii=False)
    description = fill(
        setting["description"], WIDTH, initial_indent="    ", subsequent_indent="    "
    )
    return f"{setting['name']} = {value}  ({setting['source']})\n{description}\n"
