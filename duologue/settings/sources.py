"""Where settings come from: flags, `--set`, a file, and their defaults.

A flag wins over `--set`, `--set` over the file, and the file over the default. Tables are merged,
so that `--set rules.severities.loop=off` leaves the other severities of the file as they are.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from duologue.errors import UsageError
from duologue.settings.declarations import place_of
from duologue.settings.problems import first_problem, unknown_setting

DEFAULT = "default"
ASSIGNMENT = "--set"
FLAG = "flag"

Model = TypeVar("Model", bound=BaseModel)


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
