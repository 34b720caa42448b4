"""The Workflows with a language model talk, through a stand-in for Vellum's ad-hoc prompts."""

import pytest

from duologue.conversation.messages import EndReason, Message, Role
from duologue.errors import TransientError
from duologue.participants.opening import open_participants
from duologue.participants.protocol import TurnContext
from duologue.seeds import Seed
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from duologue.settings.run import SimulationSettings
from duologue.simulation import Draft, Participants, simulate
from tests.conftest import API_KEY
from tests.support.model_server import model_server
from tests.support.prompt_server import prompt_server

SEED = Seed(seed_id="s1", message="Do you sell kettles?", context={"mood": "in a hurry"})


async def test_the_twins_hold_a_conversation_and_send_whole_prompts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chatbot = ParticipantSettings.parsed("local:duologue.workflows.support_bot_llm")
    user = ParticipantSettings.parsed(
        "local:duologue.workflows.simulated_user_llm",
        ParticipantInputs(seed_inputs={"persona": "mood"}),
    )
    async with model_server() as models, prompt_server(f"{models.url}/v1") as url:
        monkeypatch.setenv("VELLUM_API_URL", url)
        monkeypatch.setenv("VELLUM_API_KEY", API_KEY)
        models.script.extend(["Yes, two.", "How much?", "$40.", "Thanks, bye. [END]"])
        async with open_participants([chatbot, user], CallSettings(max_attempts=1), 2) as (
            bot,
            customer,
        ):
            conversation = await simulate(
                Draft.of(SEED), SEED, 1, Participants(bot, customer), SimulationSettings(turns=3)
            )
    assert [message.text for message in conversation.messages] == [
        "Do you sell kettles?",
        "Yes, two.",
        "How much?",
        "$40.",
        "Thanks, bye.",
    ]
    assert conversation.end_reason is EndReason.USER_ENDED
    first, second, _, last = models.requests
    assert (first["model"], first["temperature"], first["max_tokens"]) == ("gpt-4o-mini", 0.3, 2000)
    # Both leave room for reasoning, as much as `openai:` models do.
    assert {sent["max_tokens"] for sent in models.requests} == {ParticipantInputs().max_tokens}
    assert "Kettle & Crumb" in first["messages"][0]["content"]
    assert first["messages"][1:] == [{"role": "user", "content": "Do you sell kettles?"}]
    system = second["messages"][0]["content"]
    assert "<first_message>\nDo you sell kettles?\n</first_message>" in system
    assert "<persona>\nin a hurry\n</persona>" in system
    assert [message["role"] for message in last["messages"]] == [
        "system",
        *("assistant", "user", "assistant", "user"),
    ]


async def test_a_model_that_fails_is_an_error_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chatbot = ParticipantSettings.parsed("local:duologue.workflows.support_bot_llm")
    async with model_server() as models, prompt_server(f"{models.url}/v1") as url:
        monkeypatch.setenv("VELLUM_API_URL", url)
        monkeypatch.setenv("VELLUM_API_KEY", API_KEY)
        models.script.append({"error": {"message": "the context is too long"}})
        async with open_participants([chatbot], CallSettings(max_attempts=1), 1) as (bot,):
            with pytest.raises(TransientError, match=r"PROVIDER_ERROR: .*context is too long"):
                await bot.reply([Message(Role.USER, SEED.message)], TurnContext(SEED))
