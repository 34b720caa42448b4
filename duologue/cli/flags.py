"""Flags that are settings. Each is a short way to write `--set`."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from pydantic import BaseModel

    from duologue.settings.sources import Effective, Layer

Model = TypeVar("Model", bound="BaseModel")

Flag = Annotated[str | None, typer.Option(show_default=False)]
"""Its help and its default come from the setting of the same name."""

ConfigFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="The TOML file with the settings. (default: duologue.toml, or else [tool.duologue] in "
        "pyproject.toml)",
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set any setting by its name, such as gates.max_failed_share=0.2; repeatable. "
        "`duologue config` lists them all.",
    ),
]

SHORT_NAMES = {
    "max_calls": "budget.max_calls",
    "max_cost_usd": "budget.max_cost_usd",
    "no_header": "has_header",
}
"""Flags with another name than their setting's."""


PREFIXES = {
    "generate": "",
    "evaluate": "evaluate.",
    "compare": "compare.",
    "mine": "mine.",
    "push-test-suite": "test_suite.",
}
"""Of the settings in the config file that are each command's flags."""

DECLARED = Path(__file__).with_name("settings.jsonl")
"""What `duologue config --format json` prints in an empty folder. Importing the declarations, to
show a command's help, takes twice as long as all the rest of it."""


class SettingsCommand(TyperCommand):
    """A command that takes the help of its flags from the settings' declarations."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Lists the parameters, with their help."""
        params: list[Any] = super().get_params(ctx)
        settings = map(json.loads, DECLARED.read_text(encoding="utf-8").splitlines())
        declared = {setting["name"]: setting for setting in settings}
        prefix = PREFIXES[str(self.name)]
        for param in params:
            setting = declared.get(prefix + SHORT_NAMES.get(param.name, param.name))
            if setting is None or param.help:
                continue
            param.help = setting["description"]
            if param.param_type_name == "option" and not param.is_flag:
                param.metavar = setting["type"]
            if setting["default"] not in (None, "", False):
                param.help += f" (default: {setting['default']})"
        return params


def read_settings(
    context: typer.Context,
    model: type[Model],
    of_file: "Callable[[Layer], Layer]" = lambda config: config,
) -> "tuple[Effective[Model], str | None]":
    """Merges what a command is given: flags, `--set`, and the config file.

    Args:
        context: the command's.
        model: what declares its settings.
        of_file: takes the command's settings out of the file's.

    Returns:
        The settings, and a note on the file they are from; None if there is no file.

    Raises:
        UsageError: a setting is unknown or has a wrong value, or the file cannot be read.
    """
    from duologue.settings.config_file import read_config
    from duologue.settings.sources import assigned, effective, flagged

    config = read_config(context.params.get("config"))
    layers = [] if config is None else [of_file(config)]
    layers.append(assigned(model, context.params.get("assignments") or ()))
    layers.append(flagged(model, _flags(context, model)))
    return effective(model, layers), None if config is None else config.note


def _flags(context: typer.Context, model: "type[BaseModel]") -> Mapping[str, str]:
    """Returns the flags that were given, as text, by the settings' names."""
    from duologue.settings.declarations import settings_of

    declared = {setting.name for setting in settings_of(model)}
    return {
        SHORT_NAMES.get(flag, flag): _text(flag, value)
        for flag, value in context.params.items()
        if SHORT_NAMES.get(flag, flag) in declared and value not in (None, False)
    }


def _text(flag: str, value: str | bool) -> str:
    if flag == "no_header":
        return "false"
    return "true" if value is True else str(value)
