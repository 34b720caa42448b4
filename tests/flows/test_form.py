"""How options look in a form that is made of their JSON schema."""

from typing import Annotated, Any

import pytest
from prefect import Flow
from prefect.exceptions import ParameterTypeError
from pydantic import Field

from duologue.flows.evaluate_dataset import evaluate_dataset
from duologue.flows.generate_dataset import generate_dataset
from duologue.flows.rerun_failed_seeds import rerun_failed_seeds
from duologue.settings.evaluation import EvaluationForm
from duologue.settings.options import Options
from duologue.settings.run import GenerationForm


class Inner(Options):
    number_of_things: int = 1


class Form(Options):
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
    properties: dict[str, dict[str, Any]] = Form.model_json_schema()["properties"]
    return properties


def test_every_field_has_its_name_for_a_label_and_its_place(
    fields: dict[str, dict[str, Any]],
) -> None:
    assert [field["title"] for field in fields.values()] == list(Form.model_fields)
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
    assert Form.model_json_schema()["required"] == ["column"]


def test_yes_no_or_neither_stays_a_choice(fields: dict[str, dict[str, Any]]) -> None:
    assert fields["has_header"]["anyOf"] == [{"type": "boolean"}, {"type": "null"}]
    assert fields["has_header"]["default"] is None


def test_a_group_is_folded_and_empty_means_its_defaults(fields: dict[str, dict[str, Any]]) -> None:
    assert fields["inner"]["anyOf"] == [{"$ref": "#/$defs/Inner"}, {"type": "null"}]
    assert fields["inner"]["default"] is None
    assert Form.model_validate({"column": "a", "inner": None}).inner == Inner()
    assert Form.model_validate({"column": "a", "end_marker": None}).end_marker == "[END]"


def test_a_group_in_a_group_has_labels_of_its_own() -> None:
    inner = Form.model_json_schema()["$defs"]["Inner"]["properties"]
    assert inner["number_of_things"]["title"] == "number_of_things"


@pytest.mark.parametrize("form", [GenerationForm, EvaluationForm])
def test_every_setting_is_labelled_and_described(form: type[Options]) -> None:
    schema = form.model_json_schema()
    for model in (schema, *(m for m in schema["$defs"].values() if "properties" in m)):
        for position, (name, field) in enumerate(model["properties"].items()):
            assert (field["title"], field["position"]) == (name, position)
            assert field.get("description"), f"{model['title']}.{name}"


@pytest.mark.parametrize(
    ("flow", "form"), [(generate_dataset, GenerationForm), (evaluate_dataset, EvaluationForm)]
)
def test_a_flow_takes_its_forms_settings(flow: Flow[..., Any], form: type[Options]) -> None:
    shown = flow.parameters.properties
    assert list(shown) == list(form.model_fields)
    for name, field in form.model_fields.items():
        assert shown[name]["description"] == " ".join(str(field.description).split())
        assert shown[name]["default"] == field.default
    assert shown["max_concurrency"]["minimum"] == 1
    assert {"type": "null"} in shown["advanced"]["anyOf"]
    described = str(flow.description)
    assert described.index("Args:") < described.index("advanced:") < described.index("Returns:")


@pytest.mark.parametrize("flow", [generate_dataset, evaluate_dataset])
def test_a_flow_refuses_what_its_form_has_not(flow: Flow[..., Any]) -> None:
    with pytest.raises(ParameterTypeError, match="max_concurrency"):
        flow.validate_parameters({"max_concurrency": 0})
    with pytest.raises(TypeError, match="turn"):
        flow.validate_parameters({"turn": 3})


@pytest.mark.parametrize("flow", [rerun_failed_seeds, evaluate_dataset])
def test_a_version_that_is_left_empty_is_the_latest(flow: Flow[..., Any]) -> None:
    given = {"version": " ", "name": ' "trial" ', "output": "'my datasets'"}
    checked = flow.validate_parameters(given)
    assert {name: checked[name] for name in given} == {
        "version": "latest",
        "name": "trial",
        "output": "my datasets",
    }
