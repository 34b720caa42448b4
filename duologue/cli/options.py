"""Options that several commands share."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from duologue.cli.terminal import Console

Quiet = Annotated[
    bool, typer.Option("--quiet", help="Print the result alone, no progress; for CI.")
]


class OutputFormat(StrEnum):
    """How a command reports its result."""

    TEXT = "text"
    JSON = "json"


Format = Annotated[
    OutputFormat,
    typer.Option("--format", help="json: the last line of the output is one JSON object."),
]


Figures = Annotated[
    OutputFormat, typer.Option("--format", help="json: one JSON object with all figures.")
]


def _from_config(context: typer.Context, param: typer.CallbackParam, value: Any) -> Any:
    """Takes an option that was not given, or is blank, from the config file in this folder."""
    from duologue.settings.options import trimmed

    name = str(param.name)
    source = context.get_parameter_source(name)
    if source is None or source.name != "DEFAULT":
        if given := trimmed(value):
            return given
        value = param.get_default(context)
    from duologue.settings.config_file import dataset_of, read_config

    config = read_config()
    return value if config is None else dataset_of(config).values.get(name, value)


Output = Annotated[
    str,
    typer.Option(
        help="The folder, or URL, that holds the datasets. (default: that of the config file, or "
        "else datasets)",
        show_default=False,
        callback=_from_config,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        help="The dataset's name, needed if there are several. (default: that of the config file, "
        "or of the seed file that it names)",
        callback=_from_config,
    ),
]


def _latest_if_blank(value: str) -> str:
    from duologue.settings.options import trimmed

    return trimmed(value) or "latest"


VersionOrFolder = Annotated[
    str,
    typer.Argument(
        help="A version, `latest`, or the folder of a version or a dataset.",
        callback=_latest_if_blank,
    ),
]


MessageColumn = Annotated[
    str | None, typer.Option(help="The column that holds the first user message.")
]
NoHeader = Annotated[
    bool, typer.Option("--no-header", help="The first row is a message, not a header.")
]


def print_lines(lines: Mapping[str, str], console: Console) -> None:
    """Prints labelled lines, the texts below each other."""
    for label, text in lines.items():
        console.say(f"{label + ':':15} {text}")


def example(*commands: str) -> str:
    """Lays out example commands for the end of a command's help, each on a line of its own."""
    heading = "Example:" if len(commands) == 1 else "Examples:"
    return "\n".join(["\b", heading, *(f"  {command}" for command in commands)])


class Group(TyperGroup):
    """A group of commands whose help does not import pydantic."""

    def get_help_option(self, ctx: Any) -> Any:
        """Gives `--help` a default; Typer needs pydantic to understand that it was not given."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option
