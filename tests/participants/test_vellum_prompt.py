"""Prompt Deployments as participants, and how every call to Vellum is marked."""

from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

import pytest

from duologue.conversation.messages import Message, Role
from duologue.conversation.usage import Usage
from duologue.errors import FatalError, ParticipantError, RunStoppingError, TransientError
from duologue.participants.budget import Spending
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Participant, TurnContext
from duologue.participants.vellum_marks import external_ids_of
from duologue.seeds import Seed
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from tests.conftest import API_KEY
from tests.support.vellum_stand_in import StandIn, StandInDeployment, user_reply

SEED = Seed(seed_id="s1", message="Where is my parcel?", context={"mood": "curt"})
CONTEXT = TurnContext(
    SEED, "s1-1", side="simulated_user", dataset="shop", version="20261124T053516Z-1a2b3c4d"
)
HISTORY = [Message(Role.ASSISTANT, SEED.message), Message(Role.USER, "On its way.")]
CALL = CallSettings(max_attempts=3, first_wait_seconds=0.001, longest_wait_seconds=0.002)


@pytest.fixture
async def customer(vellum: StandIn) -> AsyncIterator[Participant]:
    vellum.prompts["customer"] = StandInDeployment(user_reply)
    inputs = ParticipantInputs(seed_inputs={"mood": "mood"}, static_inputs={"limit": 3})
    settings = ParticipantSettings.parsed("prompt:customer@production", inputs)
    async with open_participants([settings], CALL, 2, Spending()) as (participant,):
        yield participant


async def test_a_prompt_replies_with_its_usage_without_a_stream(
    vellum: StandIn, customer: Participant
) -> None:
    reply = await customer.reply(HISTORY, CONTEXT)
    assert reply.text.startswith("And what about ")
    assert reply.execution_id is not None
    assert reply.usage == Usage(120, 30, 0.25, ("gpt-4o-mini",))
    (request,) = vellum.requests
    assert request.path == "/v1/execute-prompt"
    assert request.body["prompt_deployment_name"] == "customer"
    assert request.release_tag == "production"
    assert {one["name"]: (one["type"], one["value"]) for one in request.inputs[1:]} == {
        "limit": ("JSON", 3),
        "mood": ("STRING", "curt"),
    }
    assert [one["role"] for one in request.chat_history] == ["ASSISTANT", "USER"]
    assert request.body["metadata"]["synthetic"] is True
    assert request.body["metadata"]["side"] == "simulated_user"


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ("rejected:LLM_PROVIDER", TransientError),
        ("rejected:INVALID_INPUTS", FatalError),
        ("status:404", RunStoppingError),
        ("status:403", RunStoppingError),
        ("empty_output", TransientError),
        ("null_output", TransientError),
        ("status_repeating:400", FatalError),
        ("truncated_body", TransientError),
        ("reset", TransientError),
    ],
)
async def test_what_goes_wrong_is_classified_and_hides_key_and_conversation(
    vellum: StandIn, customer: Participant, failure: str, error: type[ParticipantError]
) -> None:
    vellum.prompts["customer"].always = failure
    with pytest.raises(error) as raised:
        await customer.reply(HISTORY, CONTEXT)
    assert type(raised.value) in (error, *error.__subclasses__())
    assert str(raised.value).startswith("prompt:customer@production")
    assert API_KEY not in str(raised.value)
    assert SEED.message not in str(raised.value)


@pytest.mark.parametrize("changed", [{}, {"conversation_id": "x" * 200}])
def test_every_call_has_an_id_of_its_own_that_is_not_too_long(changed: dict[str, Any]) -> None:
    context = TurnContext(**{"seed": SEED, "conversation_id": "s1-1", "dataset": "d", **changed})
    ids = [*islice(external_ids_of(context), 3), *islice(external_ids_of(context), 3)]
    assert len(set(ids)) == 6
    assert all(id_.startswith("duologue:") and len(id_) <= 128 for id_ in ids)
