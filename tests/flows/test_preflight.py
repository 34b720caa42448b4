"""The free check of deployments before a run."""

from pathlib import Path
from typing import Any

import pytest

from duologue.dataset.manifest import Manifest
from duologue.errors import UsageError
from duologue.flows.generate_dataset import generate_dataset
from duologue.participants.vellum_preflight import checked_participants, unusable_reason
from duologue.seeds import Seed, read_seeds
from duologue.settings.participants import (
    CallSettings,
    ParticipantInputs,
    ParticipantSettings,
    PinnedRelease,
)
from duologue.settings.run import AdvancedOptions
from tests.support.vellum_deployments import deployment_id
from tests.support.vellum_stand_in import StandIn, StandInDeployment

pytestmark = pytest.mark.usefixtures("prefect_server")

QUICK = CallSettings(max_attempts=2, first_wait_seconds=0.001, longest_wait_seconds=0.002)
PRODUCTION, LATEST = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def shop(vellum: StandIn) -> StandInDeployment:
    deployment = StandInDeployment(
        inputs={
            "chat_history": "CHAT_HISTORY",
            "budget": "NUMBER",
            "order": "JSON",
            "tone": "STRING?",
            "photo": "IMAGE?",
        },
        releases={"LATEST": LATEST, "production": PRODUCTION},
    )
    vellum.deployments["shop"] = deployment
    vellum.prompts["customer"] = StandInDeployment()
    return deployment


INPUTS: dict[str, Any] = {"static_inputs": {"order": {"id": 7}}, "seed_inputs": {"budget": "max"}}


async def check(reference: str = "shop", **inputs: Any) -> tuple[ParticipantSettings, str | None]:
    given = ParticipantInputs.model_validate({**INPUTS, **inputs})
    (checked,) = await checked_participants([ParticipantSettings.parsed(reference, given)], QUICK)
    return checked.settings, checked.warning


@pytest.mark.parametrize(
    ("reference", "release"),
    [
        ("shop", LATEST),
        ("shop@production", PRODUCTION),
        (f"{deployment_id('shop')}@production", PRODUCTION),
    ],
)
async def test_a_deployment_is_pinned_to_the_release_that_its_tag_means(
    vellum: StandIn, shop: StandInDeployment, reference: str, release: str
) -> None:
    settings, warning = await check(reference)
    assert warning is None
    assert settings.pinned == PinnedRelease(
        release_id=release,
        release_tag=release,
        input_types={
            "chat_history": "CHAT_HISTORY",
            "budget": "NUMBER",
            "order": "JSON",
            "tone": "STRING",
            "photo": "IMAGE",
        },
    )
    assert vellum.requests == []


@pytest.mark.parametrize(
    ("reference", "inputs", "told"),
    [
        ("shpo", {}, "There is no such Workflow Deployment or release tag"),
        ("shop@prodution", {}, "There is no such Workflow Deployment or release tag"),
        ("shop", {"history_input": "history"}, "no input 'history'; its inputs are: chat_history"),
        ("shop", {"history_input": "tone"}, "'tone' is of type STRING; expected CHAT_HISTORY"),
        ("shop", {"output": "answer"}, "no output 'answer'; its outputs are: final-output"),
        ("shop", {"static_inputs": {}}, "requires the input 'order'"),
        ("shop", {"static_inputs": {"order": 1, "tine": 1}}, "no input 'tine'"),
        ("shop", {"static_inputs": {"order": 1, "photo": "x"}}, "of type IMAGE; expected one of"),
        ("shop", {"static_inputs": {"order": "{"}}, "the static value is a text of 1 characters"),
        ("shop", {"mode": "stateful"}, "no input 'user_message'"),
        ("prompt:custmer", {}, "There is no such Prompt Deployment"),
        ("prompt:customer", {}, "the Prompt has no input 'order'"),
    ],
)
async def test_what_would_fail_every_call_is_refused_for_free(
    vellum: StandIn, shop: StandInDeployment, reference: str, inputs: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        await check(reference, **inputs)
    assert vellum.requests == []


async def test_a_prompt_deployment_is_pinned_too(vellum: StandIn, shop: StandInDeployment) -> None:
    settings, _ = await check("prompt:customer", static_inputs={}, seed_inputs={})
    assert settings.pinned is not None
    assert settings.pinned.release_id == vellum.prompts["customer"].releases["LATEST"]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_may_not_read_deployments_is_a_warning(
    shop: StandInDeployment, status: int
) -> None:
    shop.unreadable = status
    settings, warning = await check()
    assert settings.pinned is None
    assert warning is not None
    assert "shop: was not checked before the run" in warning


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("NUMBER", ["12", "-1.5", "1e3"], ["", "twelve", "nan", "12 EUR"]),
        ("JSON", ['{"a": 1}', "[1]", '"x"', "null"], ["", "{a: 1}", "NaN"]),
        (
            "CHAT_HISTORY",
            ['[{"role": "USER", "text": "Hi"}]', "[]"],
            ['[{"role": "user", "text": "Hi"}]', '{"role": "USER"}', "Hi"],
        ),
        ("STRING", ["", "12", "{"], []),
    ],
)
def test_a_seeds_columns_convert_or_the_row_has_a_reason(
    type_: str, good: list[str], bad: list[str]
) -> None:
    pin = PinnedRelease(release_id=LATEST, release_tag="LATEST", input_types={"budget": type_})
    inputs = ParticipantInputs(seed_inputs={"budget": "max"})
    settings = ParticipantSettings.parsed("shop", inputs).model_copy(update={"pinned": pin})

    def reason(value: str) -> str | None:
        seed = Seed(seed_id="s", message="Hi", context={"max": value})
        return unusable_reason(seed, [settings])

    assert [reason(value) for value in good] == [None] * len(good)
    for value in bad:
        assert f"its input 'budget', of type {type_}" in (reason(value) or "")


def test_a_seed_file_knows_the_lines_of_seeds_that_are_rejected_later(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text('message,max\n"Hi\nthere",1\n,2\nBye,x\n')
    seed_file = read_seeds(str(path))
    bye = seed_file.seeds[1]
    after = seed_file.without({bye.seed_id: "max is no number"})
    assert after.rows_read == seed_file.rows_read == 3
    assert [seed.message for seed in after.seeds] == ["Hi\nthere"]
    assert [(row.line, row.reason) for row in after.rejected][1] == (5, "max is no number")


async def test_a_run_uses_its_release_and_rejects_rows_that_do_not_convert(
    vellum: StandIn, shop: StandInDeployment, tmp_path: Path
) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text("message,max\nHow much?,12\nAnd now?,twelve\n")
    manifest = await generate_dataset(
        seeds=str(path),
        chatbot="shop@production",
        simulated_user="simulated-user",
        turns=1,
        output=str(tmp_path / "datasets"),
        advanced=AdvancedOptions.model_validate({"chatbot_inputs": INPUTS}),
    )
    assert isinstance(manifest, Manifest)
    assert (manifest.counts.rejected, manifest.counts.seeds) == (1, 1)
    pinned = manifest.settings.chatbot.pinned
    assert pinned is not None
    assert pinned.release_id == PRODUCTION
    (asked,) = [request for request in vellum.requests if request.deployment == "shop"]
    assert asked.body["release_tag"] == PRODUCTION
    sent = {one["name"]: (one["type"], one["value"]) for one in asked.inputs}
    assert sent["budget"] == ("NUMBER", 12)
    assert sent["order"] == ("JSON", {"id": 7})


async def test_a_wrong_output_name_costs_no_call(
    vellum: StandIn, shop: StandInDeployment, tmp_path: Path, seeds_csv: Path
) -> None:
    with pytest.raises(UsageError, match="no output 'answer'"):
        await generate_dataset(
            seeds=str(seeds_csv),
            chatbot="support-bot",
            simulated_user="simulated-user",
            output=str(tmp_path / "datasets"),
            advanced=AdvancedOptions(chatbot_inputs=ParticipantInputs(output="answer")),
        )
    assert vellum.requests == []
