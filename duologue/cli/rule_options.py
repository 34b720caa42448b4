"""The options that choose the validation rules, and the file that they may also stand in."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duologue.cli.options import RULES_PANEL, pair
from duologue.errors import UsageError

if TYPE_CHECKING:
    from duologue.settings.rules import RuleSettings

RULES_FILES = ("duologue.toml", "pyproject.toml")
"""In the working directory; the first that has the table is read."""

TABLE = ("tool", "duologue", "rules")

RuleOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=SEVERITY",
        help="Make a rule off, info, warning or invalid; docs/reference/rules.md lists them.",
        rich_help_panel=RULES_PANEL,
    ),
]
OwnRuleOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="python:MODULE:RULE",
        help="A rule of your own: a function that takes the messages and what is expected.",
        rich_help_panel=RULES_PANEL,
    ),
]
RulesFileOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="The TOML file with the table [tool.duologue.rules]; duologue.toml or pyproject.toml "
        "in the working directory if not given.",
        rich_help_panel=RULES_PANEL,
    ),
]


def rule_settings(
    file: str | None, severities: Iterable[str] | None, own_rules: Iterable[str] | None
) -> tuple["RuleSettings", str | None]:
    """Collects the settings of the rules: a file's, and over them those of the options.

    Args:
        file: the file to read; None for one of RULES_FILES, if it is there.
        severities: `NAME=SEVERITY`; each wins over the file's.
        own_rules: spellings, added to the file's.

    Returns:
        The settings, and the file they are from; None where none was read.

    Raises:
        UsageError: the file or an option cannot be used.
    """
    read, table = _table(file)
    in_file = _settings(table, f"{read}: [{'.'.join(TABLE)}]")
    options = {
        "severities": in_file.severities | dict(pair("--rule", text) for text in severities or ()),
        "own_rules": tuple(dict.fromkeys([*in_file.own_rules, *(own_rules or ())])),
    }
    return _settings({**dict(in_file), **options}, "--rule:"), read


def _settings(values: object, subject: str) -> "RuleSettings":
    from pydantic import ValidationError

    from duologue.settings.rules import RuleSettings

    try:
        return RuleSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{subject} {'.'.join(map(str, first['loc']))}".rstrip()
        raise UsageError(f"{what} is {first['input']!r}: {first['msg'].lower()}") from None


def _table(file: str | None) -> tuple[str | None, object]:
    """Finds the table of rules, and the file it is in."""
    if file is not None:
        table = _table_of(file)
        if table is None:
            raise UsageError(f"{file}: has no table [{'.'.join(TABLE)}]; add it, or name another")
        return file, table
    for name in RULES_FILES:
        if Path(name).is_file() and (table := _table_of(name)) is not None:
            return name, table
    return None, {}


def _table_of(file: str) -> object | None:
    try:
        value: object = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise UsageError(f"{file}: is not TOML ({error}); mend it") from error
    for key in TABLE:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value
