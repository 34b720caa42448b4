"""What the settings share: how they are checked, and how a form shows them."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from duologue.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)

AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def as_form(schema: dict[str, Any]) -> None:
    """Shapes a model's JSON schema for a form that is made of it, as in Prefect's UI.

    Every field gets its name for a label, as a flow's own parameters have it, and its position,
    because Prefect's PostgreSQL keeps no order. A text or number that may be None becomes a box
    that may stay empty, instead of a choice between two types.
    """
    for position, (name, field) in enumerate(schema["properties"].items()):
        field |= {"title": name, "position": position}
        match field.get("anyOf"):
            case [{"type": "string" | "integer" | "number"} as kind, {"type": "null"}]:
                del field["anyOf"]
                field |= kind
                if field.get("default") is None:
                    # With it in the schema, the form would refuse the empty box.
                    field.pop("default", None)


def validated(model: type[Model], values: Model | Mapping[str, Any]) -> Model:
    """Takes options as a person gave them, and tells the first wrong one in a sentence.

    Raises:
        UsageError: one of them cannot be used.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(map(str, first["loc"]))
        raise UsageError(f"{option} is {first['input']!r}: {first['msg'].lower()}") from None


class Record(BaseModel):
    """A frozen model that accepts no unknown field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Options(Record):
    """Settings that people set: each field's docstring is its description, and a form shows it."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_extra=as_form)
