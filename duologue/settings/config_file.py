"""The config file: duologue.toml, or the table [tool.duologue] of pyproject.toml."""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from duologue.errors import UsageError
from duologue.settings.comparison import CompareSettings
from duologue.settings.dataset_names import dataset_name_from
from duologue.settings.declarations import described
from duologue.settings.evaluation import EvaluateSettings
from duologue.settings.mining import MiningSettings
from duologue.settings.problems import first_problem
from duologue.settings.run import GenerationSettings
from duologue.settings.sources import Layer, assigned, effective
from duologue.storage.locations import without_credentials

CONFIG_FILE = "duologue.toml"
PROJECT_FILE = "pyproject.toml"
PROJECT_TABLE = "[tool.duologue]"
TABLES = ("evaluate", "compare")
"""Commands whose settings are a table of the file; `output` and `name` above it are theirs too."""


class FileSettings(GenerationSettings):
    """Everything a config file may set: `duologue generate`'s settings at the top."""

    evaluate: EvaluateSettings = EvaluateSettings()
    """The settings of `duologue evaluate`."""
    compare: CompareSettings = CompareSettings()
    """The settings of `duologue compare`."""
    mine: MiningSettings = MiningSettings()
    """The settings of `duologue seeds mine`."""


def read_config(path: str | None = None) -> Layer | None:
    """Reads the config file and checks all of it.

    Args:
        path: the file; None for duologue.toml, or else pyproject.toml, in the working directory.

    Returns:
        Its settings; None if there is no such file in the working directory.

    Raises:
        UsageError: the file cannot be read, or one of its settings cannot be used.
    """
    found = _table_of(path) if path is not None else _found_table()
    if path is not None and found is None:
        raise UsageError(f"{path}: has no table {PROJECT_TABLE}; add it, or name another file")
    if found is None:
        return None
    if "tool" in found.values:
        raise UsageError(
            f"{found.source}: has a table [tool]; write settings at the top of this file, without "
            f"{PROJECT_TABLE}, which belongs in {PROJECT_FILE}"
        )
    _check(found)
    return found


def dataset_of(config: Layer) -> Layer:
    """Returns which dataset settings mean: its `output` and `name`, if they say so.

    Without a name, `duologue generate` calls it like the seed file.
    """
    place = config.only("output", "name")
    if place.values.get("name") or "seeds" not in config.values:
        return place
    name = dataset_name_from(str(config.values["seeds"]))
    return Layer(config.source, {**place.values, "name": name})


def for_evaluate(config: Layer) -> Layer:
    """Returns what a config file sets for `duologue evaluate`: by default, for its own dataset."""
    return _table(config, "evaluate")


def for_compare(config: Layer) -> Layer:
    """Returns what a config file sets for `duologue compare`: by default, for its own dataset."""
    return _table(config, "compare")


def for_mine(config: Layer) -> Layer:
    """Returns what a config file sets for `duologue seeds mine`."""
    return config.table("mine")


def _table(config: Layer, name: str) -> Layer:
    return Layer(config.source, {**dataset_of(config).values, **config.table(name).values})


def all_settings(
    config_path: str | None = None, assignments: Iterable[str] = ()
) -> Iterator[dict[str, Any]]:
    """Lists every setting of generate, evaluate, compare and seeds mine, in their order.

    Yields:
        Its name, type, default, value, source (default, --set or the file), and description. A
        group that is off, such as test_suite, has no values.

    Raises:
        UsageError: a setting is unknown or has a wrong value, or the file cannot be read.
    """
    config = read_config(config_path)
    layers = [] if config is None else [config]
    layers.append(assigned(FileSettings, assignments))
    shared = [
        Layer(layer.source, dict.fromkeys(TABLES, place.values))
        for layer in layers
        if (place := dataset_of(layer)).values
    ]
    merged = effective(FileSettings, [*shared, *layers])
    values = merged.settings.model_dump(mode="json")
    for one in described(FileSettings):
        name = one["name"]
        value = _shown(_at(values, name))
        yield {**one, "value": value, "source": merged.source(name)}


def _at(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _shown(value: Any) -> Any:
    """Removes the credentials from the URLs in a value."""
    if isinstance(value, Mapping):
        return {name: _shown(item) for name, item in value.items()}
    if isinstance(value, list):
        return list(map(_shown, value))
    return without_credentials(value) if isinstance(value, str) else value


def _check(config: Layer) -> None:
    try:
        FileSettings.model_validate(dict(config.values))
    except ValidationError as error:
        # What the file leaves out, a flag may add.
        if any(found["type"] != "missing" for found in error.errors()):
            problem = first_problem(FileSettings, error)
            raise UsageError(f"{config.source}: {problem}") from None


def _found_table() -> Layer | None:
    """Finds the first config file in the working directory, and notes a second one."""
    files = (name for name in (CONFIG_FILE, PROJECT_FILE) if os.path.lexists(name))
    found = [layer for name in files if (layer := _table_of(name)) is not None]
    if len(found) < 2:
        return found[0] if found else None
    return replace(found[0], note=f"{CONFIG_FILE} ({PROJECT_TABLE} in {PROJECT_FILE} is ignored)")


def _table_of(path: str) -> Layer | None:
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not TOML ({error}); correct it") from error
    if Path(path).name != PROJECT_FILE:
        return Layer(path, document, note=path)
    tools = document.get("tool")
    table = tools.get("duologue") if isinstance(tools, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.duologue is {table!r}; expected a table {PROJECT_TABLE}")
    return Layer(path, table, note=f"{path} {PROJECT_TABLE}")
