"""How a model of options is shown by a form that is made of its JSON schema, as in Prefect's UI."""

from typing import Any


def as_form(schema: dict[str, Any]) -> None:
    """Shapes a model's JSON schema: `model_config = ConfigDict(json_schema_extra=as_form)`.

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
