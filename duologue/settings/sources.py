"""Where settings come from: flags, `--set`, a file, and their defaults.

A flag wins over `--set`, `--set` over the file, and the file over the default. Tables are merged,
so that `--set rules.severities.loop=off` leaves the other severities of the file as they are.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from duologue.errors import UsageError
from duologue.settings.declarations import kind_of, place_of, settings_of
from duologue.settings.evaluation import EvaluateSettings
from duologue.settings.problems import first_problem, unknown_setting
from duologue.settings.run import GenerationSettings

CONFIG_FILE = "duologue.toml"
PROJECT_FILE = "pyproject.toml"
PROJECT_TABLE = "[tool.duologue]"
SHARED_WITH_EVALUATE = ("output", "name")
"""Settings at the top of the file that `[evaluate]` has too, unless it sets them itself."""

DEFAULT = "default"
ASSIGNMENT = "--set"
FLAG = "flag"

Model = TypeVar("Model", bound=BaseModel)


class FileSettings(GenerationSettings):
    """Everything a config file may set: `duologue generate`'s settings at the top."""

    evaluate: EvaluateSettings = EvaluateSettings()
    """The settings of `duologue evaluate`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one source."""

    source: str
    values: Mapping[str, Any]
    """Nested tables."""
    note: str = ""
    """Where it was found, for people."""

    def table(self, name: str) -> "Layer":
        """Returns the settings in one of its tables; none if it has no such table."""
        return Layer(self.source, self.values.get(name) or {})

    def only(self, *names: str) -> "Layer":
        """Returns only these of its settings."""
        values = {name: self.values[name] for name in names if name in self.values}
        return Layer(self.source, values)


@dataclass(frozen=True, slots=True)
class Effective(Generic[Model]):
    """Settings, and where each comes from."""

    settings: Model
    sources: Mapping[str, str]
    """By dotted name, of the settings that have another value than their default's."""

    def source(self, name: str) -> str:
        """Returns where a setting comes from."""
        return _source_of(name, self.sources) or DEFAULT


def effective(model: type[Model], layers: Sequence[Layer]) -> Effective[Model]:
    """Merges settings from several sources and checks them.

    Args:
        model: what declares them.
        layers: each wins over those before it.

    Raises:
        UsageError: a setting is unknown or has a wrong value; names its file, if it is in one.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        values = _merged(values, layer.values)
        sources |= dict.fromkeys(_names(layer.values), layer.source)
    try:
        return Effective(model.model_validate(values), sources)
    except ValidationError as error:
        problem = first_problem(model, error)
        group = problem.name.rpartition(".")[0]
        source = _source_of(problem.name, sources) or _source_of(group, sources)
        prefix = "" if source in (None, ASSIGNMENT, FLAG) else f"{source}: "
        raise UsageError(f"{prefix}{problem}") from None


def assigned(model: type[BaseModel], assignments: Iterable[str]) -> Layer:
    """Reads what `--set` is given.

    Args:
        model: what declares the settings.
        assignments: `NAME=VALUE`; a later one wins. A value is JSON or TOML, or else text.

    Raises:
        UsageError: there is no `=`, or no such setting.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not name or not equals:
            raise UsageError(
                f"{ASSIGNMENT} {assignment!r}: expected NAME=VALUE, as in "
                "gates.max_failed_share=0.2"
            )
        place = place_of(model, name.strip())
        if place is None:
            raise UsageError(f"{ASSIGNMENT}: {unknown_setting(model, name.strip())}")
        values = _merged(values, _nested(place.keys, _parsed(text, place.type)))
    return Layer(ASSIGNMENT, values)


def flagged(model: type[BaseModel], flags: Mapping[str, str]) -> Layer:
    """Reads what flags are given.

    Args:
        model: what declares the settings.
        flags: values by the settings' names. Where text is expected, all of it is text.
    """
    values: dict[str, Any] = {}
    for name, text in flags.items():
        place = place_of(model, name)
        assert place is not None, f"{name} is no setting"
        value = text if _fits(text, place.type) else _literal(text)
        values = _merged(values, _nested(place.keys, value))
    return Layer(FLAG, values)


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


def for_evaluate(config: Layer) -> Layer:
    """Returns what a config file sets for `duologue evaluate`."""
    shared = config.only(*SHARED_WITH_EVALUATE)
    return Layer(config.source, {**shared.values, **config.table("evaluate").values})


def all_settings(
    config_path: str | None = None, assignments: Iterable[str] = ()
) -> Iterator[dict[str, Any]]:
    """Lists every setting of generate and evaluate, in their order.

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
        Layer(layer.source, {"evaluate": place.values})
        for layer in layers
        if (place := layer.only(*SHARED_WITH_EVALUATE)).values
    ]
    merged = effective(FileSettings, [*shared, *layers])
    values = merged.settings.model_dump(mode="json")
    for setting in settings_of(FileSettings):
        yield {
            "name": setting.name,
            "type": kind_of(setting),
            "default": None if setting.is_required else to_jsonable_python(setting.default),
            "value": _at(values, setting.name),
            "source": merged.source(setting.name),
            "description": setting.description,
        }


def _at(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


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
    files = (name for name in (CONFIG_FILE, PROJECT_FILE) if Path(name).is_file())
    found = [layer for name in files if (layer := _table_of(name)) is not None]
    if len(found) < 2:
        return found[0] if found else None
    return replace(found[0], note=f"{CONFIG_FILE} ({PROJECT_TABLE} in {PROJECT_FILE} is ignored)")


def _table_of(path: str) -> Layer | None:
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not TOML ({error}); correct it") from error
    if Path(path).name != PROJECT_FILE:
        return Layer(path, document, note=path)
    table = document.get("tool", {}).get("duologue")
    if table is None:
        return None
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.duologue is {table!r}; expected a table {PROJECT_TABLE}")
    return Layer(path, table, note=f"{path} {PROJECT_TABLE}")


def _nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    nested: dict[str, Any] = value
    return nested


def _parsed(text: str, kind: Any) -> Any:
    """Reads a value as JSON or TOML, or takes it as text if that alone fits its type."""
    value = _literal(text)
    if isinstance(value, str) or not _fits(text, kind) or _fits(value, kind):
        return value
    return text


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, KeyError):
        return text


def _fits(value: Any, kind: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            merged[name] = _merged(under, value)
        else:
            merged[name] = value
    return merged


def _names(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _names(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _source_of(name: str, sources: Mapping[str, str]) -> str | None:
    """Finds where a setting comes from: itself, an entry of it, or the table it is in."""
    found = [
        source
        for known, source in sources.items()
        if known == name or known.startswith(f"{name}.") or name.startswith(f"{known}.")
    ]
    return found[-1] if found else None
