"""What all settings share: how they are checked, described, and shown in a form."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from duologue.errors import UsageError
from duologue.settings.problems import first_problem

Model = TypeVar("Model", bound=BaseModel)
Function = TypeVar("Function", bound=Callable[..., Any])

AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Retries = Annotated[int, Field(ge=0, le=20)]
RetryDelay = Annotated[float, Field(ge=0, allow_inf_nan=False)]
NotBlank = Annotated[str, Field(pattern=r"\S")]

_QUOTES = ('""', "''", "“”")
_INVISIBLE = "\ufeff\u200b"


def trimmed(value: Any) -> Any:
    """Strips blanks and a pair of quotes from a text, as they come with a copied path."""
    if not isinstance(value, str):
        return value
    text = value.strip().strip(_INVISIBLE).strip()
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        return trimmed(text[1:-1])
    return text


_TRIMMED = BeforeValidator(trimmed)
Reference = Annotated[str, _TRIMMED]
"""A path, a URL or a name; blanks and quotes around it do not count."""
OptionalReference = Annotated[str | None, BeforeValidator(lambda value: trimmed(value) or None)]
"""A reference, or None; a blank text is None."""
VersionReference = Annotated[str, BeforeValidator(lambda value: trimmed(value) or "latest")]
"""A version, or the folder of one; a blank text is `latest`."""


def as_form(schema: dict[str, Any]) -> None:
    """Adapts a model's JSON schema to the form that Prefect's UI makes of it.

    Every field gets its name as its label, as a flow's own parameters have, and its position,
    because Prefect's PostgreSQL keeps no order. A text or number that may be None becomes a box
    that may stay empty, instead of a choice between two types. A group of settings is folded: it is
    a choice between the group and None, and None means its defaults.
    """
    for position, (name, field) in enumerate(schema["properties"].items()):
        field |= {"title": name, "position": position}
        match field:
            case {"anyOf": [{"type": "string" | "integer" | "number"} as kind, {"type": "null"}]}:
                del field["anyOf"]
                field |= kind
                if field.get("default") is None:
                    # With it in the schema, the form would refuse the empty box.
                    field.pop("default", None)
            case {"$ref": group, "default": {}}:
                del field["$ref"]
                field |= {"anyOf": [{"$ref": group}, {"type": "null"}], "default": None}


class Record(BaseModel):
    """A frozen model that accepts no unknown field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Options(Record):
    """Settings that people set: each field's docstring is its description, and a form shows it."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_extra=as_form)

    @model_validator(mode="before")
    @classmethod
    def _what_is_left_empty_has_its_default(cls, values: Any) -> Any:
        """A form sends null for a folded group, and null or "" for a box that was cleared."""
        if not isinstance(values, Mapping):
            return values
        return {
            name: value
            for name, value in values.items()
            if not _is_empty(value, cls.model_fields.get(name))
        }

    def as_parameters(self, common: "type[Options]") -> dict[str, Any]:
        """Returns all settings as a flow's parameters: what is not common is in `advanced`."""
        values = self.model_dump(mode="json")
        return {name: values.pop(name) for name in common.model_fields} | {"advanced": values}


def _is_empty(value: Any, field: FieldInfo | None) -> bool:
    if field is None or field.is_required():
        return False
    if value is None:
        return True
    if _TRIMMED in field.metadata:
        return bool(trimmed(value) == "")
    return value == "" and not field.default


def validated(model: type[Model], values: Model | Mapping[str, Any]) -> Model:
    """Checks settings as a person gave them.

    Raises:
        UsageError: one of them cannot be used; names it, its value, and what was expected.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(str(first_problem(model, error))) from None


def takes(options: type[Options]) -> Callable[[Function], Function]:
    """Gives a function that takes keyword arguments the fields of a model as its parameters.

    Prefect makes a flow's form of its signature and docstring. So a setting's name, type, default
    and description stand with its declaration alone.
    """

    def with_parameters(function: Function) -> Function:
        types = get_type_hints(options, include_extras=True)
        fields = options.model_fields
        function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=field.get_default(call_default_factory=True),
                    annotation=types[name],
                )
                for name, field in fields.items()
            ],
            return_annotation=inspect.signature(function).return_annotation,
        )
        described = "".join(
            f"    {name}: {' '.join((field.description or '').split())}\n"
            for name, field in fields.items()
        )
        summary, heading, rest = inspect.getdoc(function).partition("\nReturns:")  # type: ignore[union-attr]
        function.__doc__ = f"{summary}\nArgs:\n{described}{heading}{rest}"
        return function

    return with_parameters
