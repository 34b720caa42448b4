"""Finding a setting by its dotted name, in whatever model declares it."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as it is declared."""

    name: str
    """Dotted, as in `gates.max_failed_share`."""
    type: Any
    """Of its value, with its bounds."""
    default: Any
    """PydanticUndefined if it has none."""
    description: str

    @property
    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.default is PydanticUndefined


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Lists every setting of a model in its order, those of the groups in it by their full name."""
    for name, field in model.model_fields.items():
        group = group_in(field.annotation)
        if group is not None:
            yield from settings_of(group, f"{prefix}{name}.")
            continue
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        default = field.get_default(call_default_factory=True)
        description = " ".join((field.description or "").split())
        yield Setting(f"{prefix}{name}", kind, default, description)


def described(model: type[BaseModel], prefix: str = "") -> Iterator[dict[str, Any]]:
    """Lists the declarations of a model's settings as JSON: name, type, default, description."""
    for setting in settings_of(model, prefix):
        yield {
            "name": setting.name,
            "type": kind_of(setting),
            "default": None if setting.is_required else to_jsonable_python(setting.default),
            "description": setting.description,
        }


def group_in(annotation: Any) -> type[BaseModel] | None:
    """Returns the model that a field holds, itself or optionally; None if it holds a value."""
    for option in _alternatives(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a setting is in nested tables."""

    keys: tuple[str, ...]
    """Of each table on the way to it, and its own."""
    type: Any
    """Of its value, with its bounds."""


def place_of(model: type[BaseModel], name: str) -> Place | None:
    """Finds a setting, a group of settings, or an entry of a setting that is a table.

    Args:
        model: what declares it.
        name: dotted; what follows the name of a table is the entry's key, dots included.

    Returns:
        Where it is; None if there is no such setting.
    """
    first, dot, rest = name.partition(".")
    field = model.model_fields.get(first)
    if field is None:
        return None
    if not dot:
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        return Place((first,), kind)
    if (group := group_in(field.annotation)) is not None:
        inner = place_of(group, rest)
        return inner and Place((first, *inner.keys), inner.type)
    entry = _entry_type(field.annotation, (dict,))
    return None if entry is None else Place((first, rest), entry)


def name_at(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Returns the dotted name of what pydantic found an error in.

    What pydantic adds to a location to tell the alternatives of a type apart is left out.
    """
    parts: list[str] = []
    annotation: Any = model
    for part in location:
        group = group_in(annotation)
        field = group.model_fields.get(str(part)) if group is not None else None
        if group is not None:
            annotation = field.annotation if field is not None else None
        elif (annotation := _entry_type(annotation, (dict, list, tuple))) is None:
            break
        parts.append(str(part))
    return ".".join(parts)


def near_miss(model: type[BaseModel], name: str) -> str | None:
    """Finds the setting that a person may have meant by an unknown name; None if there is none."""
    names = [setting.name for setting in settings_of(model)]
    by_last_part = {one.rpartition(".")[2]: one for one in reversed(names)}
    last = name.rpartition(".")[2]
    if last in by_last_part:
        return by_last_part[last]
    groups = dict.fromkeys(one.rpartition(".")[0] for one in names if "." in one)
    if close := get_close_matches(name, [*names, *groups], n=1, cutoff=0.7):
        return close[0]
    close = get_close_matches(last, by_last_part, n=1, cutoff=0.7)
    return by_last_part[close[0]] if close else None


def kind_of(setting: Setting) -> str:
    """Names what a setting holds, as in TEXT, NUMBER or user|assistant."""
    kinds = list(_alternatives(setting.type))
    choices = [one for kind in kinds for one in _choices(kind)]
    if choices:
        return "|".join(choices)
    names = {bool: "true|false", str: "TEXT", int: "NUMBER", float: "NUMBER", tuple: "LIST"}
    return "|".join(dict.fromkeys(names.get(get_origin(one) or one, "TABLE") for one in kinds))


def _choices(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return list(map(str, get_args(kind)))
    return [str(one) for one in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def _alternatives(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        for option in get_args(annotation):
            if option is not NoneType:
                yield from _alternatives(option)
    else:
        yield annotation


def _entry_type(annotation: Any, containers: tuple[type, ...]) -> Any:
    """Returns the type of a container's values; None if it is no such container."""
    for option in _alternatives(annotation):
        if get_origin(option) in containers:
            return get_args(option)[1 if get_origin(option) is dict else 0]
    return None
