"""What the simulated user receives of its seed's scenario; the chatbot receives nothing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from duologue.conversation.messages import Message, Role
from duologue.errors import FatalError, UsageError
from duologue.participants.opening import open_participants
from duologue.participants.protocol import TurnContext
from duologue.participants.vellum_preflight import checked_participants, unusable_reason
from duologue.seeds import Seed
from duologue.settings.judges import JudgeOptions, JudgeSettings
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from duologue.validation.judges.question import call_of, columns_of, question_of
from tests.support.model_server import model_server
from tests.support.vellum_stand_in import StandIn, StandInDeployment, running_stand_in

SEED = Seed(
    seed_id="s1",
    message="Where is it?",
    context={
        "Persona": "in a hurry",
        "goal": "find the parcel",
        "facts": '{"order": "KC-20714"}',
        "fact.zip": "0815",
        "expected_outcome": "knows the day",
        "plan": "gold",
    },
)
BARE = Seed(seed_id="s2", message="Hi")
FACTS = '{"order": "KC-20714", "zip": "0815"}'
HISTORY = [
    Message(role=Role.ASSISTANT, text="Where is it?"),
    Message(role=Role.USER, text="What is your order number?"),
]
CALL = CallSettings(max_attempts=1, first_wait_seconds=0.001, longest_wait_seconds=0.002)


def user(reference: str, inputs: ParticipantInputs | None = None) -> ParticipantSettings:
    return ParticipantSettings.parsed(reference, inputs, takes_scenario=True)


async def said(settings: ParticipantSettings, seed: Seed = SEED) -> str:
    side = "simulated_user" if settings.takes_scenario else "chatbot"
    async with open_participants([settings], CALL, max_concurrency=2) as [participant]:
        return (await participant.reply(HISTORY, TurnContext(seed, "s1-1", side=side))).text


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def write(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)

    return write


async def test_a_function_gets_what_it_has_parameters_for(module: Any) -> None:
    module(
        "people",
        "def all(chat_history, persona, facts, language, goal='none'):\n"
        "    return repr([persona, facts, language, goal])\n"
        "def more(chat_history, **given): return repr(sorted(given))\n"
        "def some(chat_history, goal='none'): return goal\n",
    )
    expected = ["in a hurry", FACTS, "", "find the parcel"]
    assert await said(user("python:people:all")) == repr(expected)
    assert await said(user("python:people:all"), BARE) == repr(["", "", "", "none"])
    assert await said(user("python:people:more")) == repr(
        ["expected_outcome", "facts", "goal", "persona"]
    )
    assert await said(user("python:people:some"), BARE) == "none"
    mapped = ParticipantInputs(seed_inputs={"goal": "plan"})
    assert await said(user("python:people:some", mapped)) == "gold"


async def test_a_chatbot_gets_nothing_of_it(module: Any) -> None:
    module(
        "shops",
        "def more(chat_history, **given): return repr(sorted(given))\n"
        "def curious(chat_history, facts): return facts\n"
        "def some(chat_history, goal='none'): return goal\n",
    )
    assert await said(ParticipantSettings.parsed("python:shops:more")) == "[]"
    assert await said(ParticipantSettings.parsed("python:shops:some")) == "none"
    with pytest.raises(UsageError, match="cannot be called as curious"):
        await said(ParticipantSettings.parsed("python:shops:curious"))


async def test_the_bundled_offline_user_acts_on_it() -> None:
    reference = "local:duologue.workflows.simulated_user"
    assert await said(user(reference)) == "KC-20714"
    assert "20714" not in await said(ParticipantSettings.parsed(reference))
    hurried = {**SEED.context, "Persona": "writes in lower case"}
    lower = await said(user(reference), SEED.model_copy(update={"context": hurried}))
    assert lower == "kc-20714"


async def test_a_language_model_finds_it_in_the_bundled_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with model_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-5e7b0c1d9a42")
        spanish = SEED.model_copy(update={"context": {**SEED.context, "language": "Spanish"}})
        await said(user("openai:tiny"), spanish)
        await said(user("openai:tiny"), BARE)
        first, second = (request["messages"][0]["content"] for request in server.requests)
    assert "<persona>\nin a hurry\n</persona>" in first
    assert f"<facts>\n{FACTS}\n</facts>" in first
    assert "You write in this language: Spanish." in first
    assert "knows the day" not in first
    assert not any(tag in second for tag in ("<persona>", "<goal>", "<facts>", "this language:"))


@pytest.fixture
async def vellum(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    async with running_stand_in() as server:
        monkeypatch.setenv("VELLUM_API_URL", server.url)
        monkeypatch.setenv("VELLUM_API_KEY", "sk-0123456789abcdef")
        yield server


def sent(vellum: StandIn) -> dict[str, Any]:
    inputs = vellum.requests[-1].body["inputs"]
    return {one["name"]: one["value"] for one in inputs if one["name"] != "chat_history"}


async def test_a_deployment_is_sent_the_inputs_that_it_declares_and_no_others(
    vellum: StandIn,
) -> None:
    vellum.deployments["customer"] = StandInDeployment(
        inputs={
            "chat_history": "CHAT_HISTORY",
            "persona": "STRING?",
            "facts": "JSON?",
            "language": "STRING?",
        }
    )
    (checked,) = await checked_participants([user("customer")], CALL)
    await said(checked.settings)
    assert sent(vellum) == {"persona": "in a hurry", "facts": json.loads(FACTS)}
    await said(checked.settings, BARE)
    assert sent(vellum) == {}
    (chatbot,) = await checked_participants([ParticipantSettings.parsed("customer")], CALL)
    await said(chatbot.settings)
    assert sent(vellum) == {}
    await said(user("customer"))  # not looked up, so nobody knows what it declares
    assert sent(vellum) == {}


async def test_an_input_that_a_deployment_requires_is_taken_from_the_column(
    vellum: StandIn,
) -> None:
    vellum.deployments["customer"] = StandInDeployment(
        inputs={"chat_history": "CHAT_HISTORY", "facts": "STRING"}
    )
    (checked,) = await checked_participants([user("customer")], CALL)
    await said(checked.settings)
    assert sent(vellum) == {"facts": FACTS}
    with pytest.raises(FatalError, match="seed s2 has no column 'facts'"):
        await said(checked.settings, BARE)
    with pytest.raises(UsageError, match="requires the input 'facts'"):
        await checked_participants([ParticipantSettings.parsed("customer")], CALL)


async def test_a_column_that_does_not_convert_rejects_its_row(vellum: StandIn) -> None:
    vellum.deployments["customer"] = StandInDeployment(
        inputs={"chat_history": "CHAT_HISTORY", "goal": "NUMBER?", "persona": "IMAGE?"}
    )
    (checked,) = await checked_participants([user("customer")], CALL)
    reason = unusable_reason(SEED, [checked.settings]) or ""
    assert reason.startswith("column 'goal' is a text of 15 characters; expected a number")
    assert unusable_reason(BARE, [checked.settings]) is None


def test_judges_are_told_goal_facts_and_expected_outcome() -> None:
    judge = JudgeSettings.parsed(JudgeOptions(reference="openai:tiny"))
    question = question_of("s1-1", HISTORY, SEED)
    columns = columns_of(judge, question)
    assert (columns["goal"], columns["facts"], columns["expected_outcome"], columns["persona"]) == (
        *("find the parcel", FACTS, "knows the day", "in a hurry"),
    )
    ([message], _) = call_of(judge, question)
    assert all(text in message.text for text in ("find the parcel", "KC-20714", "knows the day"))
