"""Stateful participants: what they are sent, what they continue from, and what they reply."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from duologue.conversation.messages import Message, Role
from duologue.errors import FatalError, LostStateError, TransientError, UsageError
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Participant, TurnContext
from duologue.seeds import Seed
from duologue.settings.participants import (
    CallSettings,
    ParticipantInputs,
    ParticipantMode,
    ParticipantSettings,
)
from duologue.settings.run import SimulationSettings
from duologue.simulation import Draft, Participants, simulate
from tests.support.scripted import ScriptedParticipant
from tests.support.vellum_deployments import ChatHistory, as_chat_history, as_json_list
from tests.support.vellum_stand_in import StandIn, StandInDeployment

SEED = Seed(seed_id="s1", message="Where is my parcel?")
STATEFUL = ParticipantInputs(mode=ParticipantMode.STATEFUL, output="response")
CALL = CallSettings(max_attempts=3, first_wait_seconds=0.001, longest_wait_seconds=0.002)
TURNS = SimulationSettings(turns=3)

CHATTY = """
from pydantic import Field
from vellum import ChatMessage
from vellum.workflows import BaseWorkflow
from vellum.workflows.inputs import BaseInputs
from vellum.workflows.nodes.bases.base import BaseNode
from vellum.workflows.nodes.displayable import FinalOutputNode
from vellum.workflows.state import BaseState

class Inputs(BaseInputs):
    user_message: str

class State(BaseState):
    chat_history: list[ChatMessage] | None = Field(default_factory=list)

class Agent(BaseNode[State]):
    user_message = Inputs.user_message
    class Outputs(BaseNode.Outputs):
        text: str
    def run(self):
        history = self.state.chat_history
        history.append(ChatMessage(role="USER", text=self.user_message))
        text = f"Message {len(history)} after {history[0].text}"
        history.append(ChatMessage(role="ASSISTANT", text=text))
        return self.Outputs(text=text)

class FinalOutput(FinalOutputNode[State, list]):
    class Outputs(FinalOutputNode.Outputs):
        value = State.chat_history

class Workflow(BaseWorkflow[Inputs, State]):
    graph = Agent >> FinalOutput
    class Outputs(BaseWorkflow.Outputs):
        response = FinalOutput.Outputs.value
"""
TRIGGERED = """
from pydantic import Field
from vellum import ChatMessage
from vellum.workflows import BaseWorkflow
from vellum.workflows.inputs import BaseInputs
from vellum.workflows.nodes.bases.base import BaseNode
from vellum.workflows.nodes.displayable import FinalOutputNode
from vellum.workflows.state import BaseState
from vellum.workflows.triggers.chat_message import ChatMessageTrigger

class State(BaseState):
    chat_history: list[ChatMessage] | None = Field(default_factory=list)

class Chat(ChatMessageTrigger):
    pass

class Agent(BaseNode[State]):
    message = Chat.message
    class Outputs(BaseNode.Outputs):
        text: str
    def run(self):
        return self.Outputs(text=f"{len(self.state.chat_history)}: {self.message[0].value}")

class FinalOutput(FinalOutputNode[State, str]):
    class Outputs(FinalOutputNode.Outputs):
        value = Agent.Outputs.text

class Workflow(BaseWorkflow[BaseInputs, State]):
    graph = Chat >> Agent >> FinalOutput
    class Outputs(BaseWorkflow.Outputs):
        response = FinalOutput.Outputs.value
"""


def stateful_bot(
    output: Callable[[ChatHistory], tuple[str, Any]] = as_json_list, type_: str = "JSON"
) -> StandInDeployment:
    """A deployment shaped like Vellum's example chatbot."""
    return StandInDeployment(
        inputs={"user_message": "STRING"},
        output_name="response",
        output=output,
        output_type=type_,
    )


def user() -> ScriptedParticipant:
    return ScriptedParticipant(["And today?", "And tomorrow?", "And then?", "Well?"])


async def opened(
    inputs: ParticipantInputs = STATEFUL, reference: str = "chatty"
) -> AsyncIterator[Participant]:
    settings = ParticipantSettings.parsed(reference, inputs)
    async with open_participants([settings], CALL, 4) as (participant,):
        yield participant


@pytest.fixture
async def chatty(vellum: StandIn) -> AsyncIterator[Participant]:
    vellum.deployments["chatty"] = stateful_bot()
    async for participant in opened():
        yield participant


def previous_ids(vellum: StandIn) -> list[str | None]:
    return [request.body.get("previous_execution_id") for request in vellum.requests]


async def test_each_turn_sends_the_latest_message_and_continues_the_execution_before(
    vellum: StandIn, chatty: Participant
) -> None:
    draft = Draft.of(SEED)
    conversation = await simulate(draft, SEED, 1, Participants(chatty, user()), TURNS)

    said = [message.text for message in conversation.messages]
    assert [request.body["inputs"] for request in vellum.requests] == [
        [{"name": "user_message", "type": "STRING", "value": text}] for text in said[0:5:2]
    ]
    replies = [m.execution_id for m in conversation.messages if m.role is Role.ASSISTANT]
    assert previous_ids(vellum) == [None, *replies[:-1]]
    last = vellum.deployments["chatty"].executions[str(replies[-1])]
    assert [message["text"] for message in last.history] == said[:-1]


@pytest.mark.parametrize(
    ("output", "type_"), [(as_chat_history, "CHAT_HISTORY"), (as_json_list, "JSON")]
)
async def test_the_reply_is_the_last_assistant_message_of_a_history(
    vellum: StandIn, output: Callable[[ChatHistory], tuple[str, Any]], type_: str
) -> None:
    vellum.deployments["chatty"] = stateful_bot(output, type_)
    async for chatbot in opened():
        reply = await chatbot.reply([Message(Role.USER, "Hello?")], TurnContext(SEED))
    assert reply.text.startswith("Answer ")


async def test_a_chat_trigger_takes_the_message_and_continues_too(vellum: StandIn) -> None:
    vellum.deployments["chatty"] = stateful_bot()
    inputs = STATEFUL.model_copy(update={"trigger": "chat"})
    async for chatbot in opened(inputs, "chatty@LATEST"):
        draft = Draft.of(SEED)
        await simulate(draft, SEED, 1, Participants(chatbot, user()), TURNS)
    assert {request.path for request in vellum.requests} == {
        "/v1/workflow-deployments/chatty/execute-stream"
    }
    assert [request.body["inputs"] for request in vellum.requests] == [
        {"message": text} for text in [SEED.message, "And today?", "And tomorrow?"]
    ]
    assert [request.body["trigger"] for request in vellum.requests] == ["chat"] * 3
    replies = [m.execution_id for m in draft.messages if m.role is Role.ASSISTANT]
    assert previous_ids(vellum) == [None, *replies[:-1]]
    assert {request.body["release_tag"] for request in vellum.requests} == {"LATEST"}


async def test_a_call_that_failed_is_repeated_from_the_last_execution_that_succeeded(
    vellum: StandIn, chatty: Participant
) -> None:
    draft, participants = Draft.of(SEED), Participants(chatty, user())
    vellum.deployments["chatty"].when_history_contains = {"And today?": "rejected:LLM_PROVIDER"}
    with pytest.raises(TransientError, match="gave up after 3"):
        await simulate(draft, SEED, 1, participants, TURNS)
    vellum.deployments["chatty"].when_history_contains = {}

    draft = Draft.model_validate_json(draft.model_dump_json())
    conversation = await simulate(draft, SEED, 1, participants, TURNS)

    first = conversation.messages[1].execution_id
    assert previous_ids(vellum)[:5] == [None, first, first, first, first]
    assert vellum.deployments["chatty"].forks == []
    assert len({request.body["external_id"] for request in vellum.requests}) == 6


async def test_an_execution_that_vellum_forgot_starts_the_conversation_again(
    vellum: StandIn, chatty: Participant
) -> None:
    draft = Draft.of(SEED)
    participants = Participants(chatty, ScriptedParticipant(["And today?", "x"], fail_at=2))
    with pytest.raises(TransientError):
        await simulate(draft, SEED, 1, participants, TURNS)
    vellum.deployments["chatty"].executions.clear()
    draft.messages.append(Message(Role.USER, "And tomorrow?"))

    with pytest.raises(LostStateError, match=r"no longer knows the execution .* conversation s1-1"):
        await simulate(draft, SEED, 1, Participants(chatty, user()), TURNS)
    assert [message.text for message in draft.messages] == [SEED.message]
    assert draft.discarded == 1


async def test_a_bot_that_started_again_on_its_own_is_found_out_by_its_history(
    vellum: StandIn,
) -> None:
    vellum.deployments["chatty"] = stateful_bot(lambda history: ("JSON", history[-2:]))
    async for chatbot in opened():
        draft = Draft.of(SEED)
        with pytest.raises(LostStateError, match="holds 1 user messages after 2 turns"):
            await simulate(draft, SEED, 1, Participants(chatbot, user()), TURNS)


async def test_the_middle_of_a_conversation_that_it_did_not_lead_is_refused(
    vellum: StandIn, chatty: Participant
) -> None:
    history = [Message(Role.USER, "a"), Message(Role.ASSISTANT, "b"), Message(Role.USER, "c")]
    with pytest.raises(LostStateError, match="has no execution to continue from"):
        await chatty.reply(history, TurnContext(SEED, "s1-1", turn=2))
    assert vellum.requests == []


async def test_a_stateful_simulated_user_is_sent_the_chatbots_replies(vellum: StandIn) -> None:
    vellum.deployments["chatty"] = stateful_bot()
    bot = ScriptedParticipant(["Here.", "There.", "Everywhere."])
    async for simulated_user in opened():
        draft = Draft.of(SEED)
        await simulate(draft, SEED, 1, Participants(bot, simulated_user), TURNS)
    assert [request.inputs[0]["value"] for request in vellum.requests] == [
        *("Here.", "There.", "Everywhere."),
    ]
    replies = [m.execution_id for m in draft.messages[1:] if m.role is Role.USER]
    assert previous_ids(vellum) == [None, *replies[:-1]]


@pytest.mark.parametrize(
    ("output", "path", "told"),
    [
        (lambda h: ("CHAT_HISTORY", h[:-1]), None, "the last message in the output 'response' is"),
        (lambda h: ("JSON", {"answer": "x"}), "reply.text", "nothing at the output_path"),
        (lambda h: ("JSON", {"answer": 3}), "answer", "holds a number at the output_path"),
        (
            lambda h: ("JSON", {"answer": "x"}),
            None,
            r"fields \[\"answer\"\]; set",
        ),
        (lambda h: ("NUMBER", 3), None, "is of type NUMBER"),
    ],
)
async def test_an_output_without_a_reply_is_reported_once_and_billed_once(
    vellum: StandIn,
    output: Callable[[ChatHistory], tuple[str, Any]],
    path: str | None,
    told: str,
) -> None:
    vellum.deployments["chatty"] = stateful_bot(output)
    inputs = STATEFUL.model_copy(update={"output_path": path})
    async for chatbot in opened(inputs):
        with pytest.raises(FatalError, match=told):
            await chatbot.reply([Message(Role.USER, "Hello?")], TurnContext(SEED))
    assert len(vellum.requests) == 1


async def test_a_bot_that_returns_no_execution_id_is_refused(
    vellum: StandIn, chatty: Participant
) -> None:
    vellum.deployments["chatty"].failures = ["no_execution_id"]
    vellum.deployments["chatty"].output_name = "final-output"
    async for chatbot in opened(ParticipantInputs(mode=ParticipantMode.STATEFUL)):
        with pytest.raises(FatalError, match=r"has no execution id.*mode to stateless"):
            await chatbot.reply([Message(Role.USER, "Hello?")], TurnContext(SEED))
    assert len(vellum.requests) == 1


async def test_a_reply_may_be_anywhere_in_json(vellum: StandIn) -> None:
    answer = {"answers": [{"text": "Here."}, {"text": "There."}]}
    vellum.deployments["chatty"] = stateful_bot(lambda _: ("JSON", answer))
    inputs = STATEFUL.model_copy(update={"output_path": "answers[-1].text"})
    async for chatbot in opened(inputs):
        reply = await chatbot.reply([Message(Role.USER, "Hello?")], TurnContext(SEED))
    assert reply.text == "There."


IMAGE = {"type": "IMAGE", "value": {"src": "https://shop.example/map.png"}}
CALL_OF_TOOL = {"type": "FUNCTION_CALL", "value": {"name": "find", "arguments": {"id": "7"}}}


@pytest.mark.parametrize(
    ("content", "text", "kept"),
    [
        ({"type": "STRING", "value": "Here."}, "Here.", False),
        ({"type": "ARRAY", "value": [{"type": "STRING", "value": "Here."}]}, "Here.", False),
        (IMAGE, "", True),
        (CALL_OF_TOOL, "", True),
        ({"type": "ARRAY", "value": [{"type": "STRING", "value": "See:"}, IMAGE]}, "See:", True),
    ],
)
async def test_content_is_read_kept_and_sent_back(
    vellum: StandIn, content: dict[str, Any], text: str, kept: bool
) -> None:
    message = {"role": "ASSISTANT", "text": None, "content": content}
    vellum.deployments["chatty"] = stateful_bot(lambda h: ("CHAT_HISTORY", [*h[:-1], message]))
    async for chatbot in opened():
        reply = await chatbot.reply([Message(Role.USER, "Hello?")], TurnContext(SEED))
    assert reply.text == text
    assert (json.loads(reply.content) if reply.content else None) == (content if kept else None)

    history = [
        Message(Role.USER, "Hello?"),
        Message(Role.ASSISTANT, reply.text, content=reply.content),
        Message(Role.USER, "And?"),
    ]
    async for chatbot in opened(ParticipantInputs(), "support-bot"):
        await chatbot.reply(history, TurnContext(SEED))
    sent = vellum.requests[-1].chat_history[1]
    assert sent.get("content") == (content if kept else None)


@pytest.mark.parametrize(
    ("inputs", "reference", "told"),
    [
        ({"mode": "stateful"}, "python:bots:reply", "only Workflows can be"),
        ({"mode": "stateful"}, "prompt:user", "only Workflows can be"),
        ({"trigger": "chat"}, "support-bot", "set the mode to stateful"),
        ({"output_path": "a..b"}, "support-bot", "which is not a JMESPath"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    inputs: dict[str, Any], reference: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        ParticipantSettings.parsed(reference, ParticipantInputs.model_validate(inputs))


async def test_a_local_workflow_continues_from_its_state_in_another_process_too(
    module: Any,
) -> None:
    module("chatty", CHATTY)
    draft = Draft.of(SEED)
    failing = ScriptedParticipant(["And today?", "And tomorrow?"], fail_at=2)
    async for chatbot in opened(reference="local:chatty"):
        with pytest.raises(TransientError):
            await simulate(draft, SEED, 1, Participants(chatbot, failing), TURNS)
    draft = Draft.model_validate_json(draft.model_dump_json())
    async for chatbot in opened(reference="local:chatty"):
        await simulate(draft, SEED, 1, Participants(chatbot, user()), TURNS)
    assert [m.text for m in draft.messages if m.role is Role.ASSISTANT] == [
        f"Message {number} after {SEED.message}" for number in (1, 3, 5)
    ]


async def test_a_local_workflow_may_have_a_chat_trigger(module: Any) -> None:
    module("chatty", TRIGGERED)
    inputs = STATEFUL.model_copy(update={"trigger": "chat"})
    async for chatbot in opened(inputs, "local:chatty"):
        draft = Draft.of(SEED)
        await simulate(draft, SEED, 1, Participants(chatbot, user()), TURNS)
    replies = [m.text for m in draft.messages if m.role is Role.ASSISTANT]
    assert replies == [f"1: {SEED.message}", "2: And today?", "3: And tomorrow?"]


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        (ParticipantInputs(output="response", history_input="user_message"), "expected CHAT_HIST"),
        (STATEFUL.model_copy(update={"message_input": "text"}), "has no input 'text'"),
        (STATEFUL.model_copy(update={"trigger": "chat"}), "has no chat trigger"),
    ],
)
async def test_a_local_workflow_with_other_inputs_is_refused(
    module: Any, inputs: ParticipantInputs, told: str
) -> None:
    module("chatty", CHATTY)
    with pytest.raises(UsageError, match=told):
        async for _ in opened(inputs, "local:chatty"):
            pass
