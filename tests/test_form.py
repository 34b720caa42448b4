"""How options look in a form that is made of their JSON schema."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from duologue.settings.options import as_form
from duologue.settings.run import AdvancedOptions


class Inner(BaseModel):
    model_config = ConfigDict(json_schema_extra=as_form)

    number_of_things: int = 1


class Options(BaseModel):
    model_config = ConfigDict(json_schema_extra=as_form, use_attribute_docstrings=True)

    end_marker: str = "[END]"
    """What ends it."""
    greeting: str | None = None
    """None if empty."""
    keep: Annotated[int, Field(ge=1)] | None = None
    share: Annotated[float, Field(ge=0, le=1)] | None = 0.5
    column: str | None
    has_header: bool | None = None
    inner: Inner = Inner()


@pytest.fixture
def fields() -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = Options.model_json_schema()["properties"]
    return properties


def test_every_field_has_its_name_for_a_label_and_its_place(
    fields: dict[str, dict[str, Any]],
) -> None:
    assert [field["title"] for field in fields.values()] == list(Options.model_fields)
    assert [field["position"] for field in fields.values()] == list(range(len(fields)))


def test_a_text_or_number_that_may_be_none_is_one_box(fields: dict[str, dict[str, Any]]) -> None:
    assert fields["greeting"] == {
        "type": "string",
        "title": "greeting",
        "position": 1,
        "description": "None if empty.",
    }
    assert fields["keep"] == {"type": "integer", "minimum": 1, "title": "keep", "position": 2}


def test_a_default_other_than_none_is_shown(fields: dict[str, dict[str, Any]]) -> None:
    assert fields["share"]["default"] == 0.5
    assert "anyOf" not in fields["share"]
    assert fields["end_marker"]["default"] == "[END]"


def test_a_field_that_has_to_be_filled_in_is_a_box_as_well(
    fields: dict[str, dict[str, Any]],
) -> None:
    assert fields["column"] == {"type": "string", "title": "column", "position": 4}
    assert Options.model_json_schema()["required"] == ["column"]


def test_yes_no_or_neither_stays_a_choice(fields: dict[str, dict[str, Any]]) -> None:
    assert fields["has_header"]["anyOf"] == [{"type": "boolean"}, {"type": "null"}]
    assert fields["has_header"]["default"] is None


def test_a_model_in_a_model_has_labels_of_its_own() -> None:
    inner = Options.model_json_schema()["$defs"]["Inner"]["properties"]
    assert inner["number_of_things"]["title"] == "number_of_things"


def test_every_option_of_a_run_is_labelled_and_described() -> None:
    schema = AdvancedOptions.model_json_schema()
    for model in (schema, *(m for m in schema["$defs"].values() if "properties" in m)):
        for position, (name, field) in enumerate(model["properties"].items()):
            assert (field["title"], field["position"]) == (name, position)
            assert field.get("description"), f"{model['title']}.{name}"
