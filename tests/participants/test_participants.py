"""References, Python functions and local Workflows; Workflow Deployments have their own file."""

import asyncio
import threading
from typing import Any

import pytest

from duologue.conversation.messages import Message, Role
from duologue.errors import FatalError, RunStoppingError, TransientError, UsageError
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Reply, TurnContext, usable_text
from duologue.seeds import Seed
from duologue.settings.participants import (
    CallSettings,
    ParticipantInputs,
    ParticipantKind,
    ParticipantSettings,
)

SEED = Seed(seed_id="s1", message="Hi", context={"plan": "gold"})
HISTORY = [
    Message(role=Role.USER, text="Hi"),
    Message(role=Role.ASSISTANT, text="Hello."),
    Message(role=Role.USER, text="Open today?"),
]
BUNDLED_USER = ParticipantSettings.parsed("local:duologue.workflows.simulated_user")
CALL = CallSettings(max_attempts=3, first_wait_seconds=0.001, longest_wait_seconds=0.002)


async def asked(
    settings: ParticipantSettings, call: CallSettings = CALL, conversation_id: str = ""
) -> Reply:
    async with open_participants([settings, BUNDLED_USER], call, max_concurrency=4) as participants:
        return await participants[0].reply(HISTORY, TurnContext(SEED, conversation_id))


@pytest.mark.parametrize(
    ("reference", "kind", "name", "release_tag"),
    [
        ("support-bot", ParticipantKind.VELLUM, "support-bot", None),
        (" support-bot@production ", ParticipantKind.VELLUM, "support-bot", "production"),
        ("local:a.b", ParticipantKind.LOCAL, "local:a.b", None),
        ("local:a.b:Bot", ParticipantKind.LOCAL, "local:a.b:Bot", None),
        ("python:a.b:reply", ParticipantKind.PYTHON, "python:a.b:reply", None),
        ("python:a:bot.reply", ParticipantKind.PYTHON, "python:a:bot.reply", None),
    ],
)
def test_a_reference_says_where_a_participant_runs(
    reference: str, kind: ParticipantKind, name: str, release_tag: str | None
) -> None:
    settings = ParticipantSettings.parsed(reference)
    assert (settings.kind, settings.name, settings.release_tag) == (kind, name, release_tag)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("", "expected NAME or NAME@release_tag"),
        ("two words", "expected NAME or NAME@release_tag"),
        ("bot@", "expected NAME or NAME@release_tag"),
        ("ftp://example.com/bot", "unknown kind 'ftp'"),
        ("vellum:bot", "unknown kind 'vellum'"),
        ("local:", "expected local:package.module"),
        ("local:bots/mine.py", "expected local:package.module"),
        ("python:bots.mine", "expected python:package.module:function"),
        ("python:bots.py:reply()", "expected python:package.module:function"),
    ],
)
def test_what_is_no_reference_is_refused_with_what_is_one(reference: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ParticipantSettings.parsed(reference)


@pytest.mark.parametrize("kind", ["async def", "def"])
async def test_a_python_function_is_shown_the_messages_and_replies(module: Any, kind: str) -> None:
    module(
        "bots",
        f"{kind} reply(chat_history): return f'{{len(chat_history)}} ' + chat_history[-1].text",
    )
    reply = await asked(ParticipantSettings.parsed("python:bots:reply"))
    assert reply.text == "3 Open today?"
    assert reply.attempts == 1
    assert reply.latency_ms is not None


async def test_a_method_of_an_object_can_reply_as_well(module: Any) -> None:
    module(
        "bots",
        """
        class Bot:
            async def reply(self, chat_history):
                return "from an object"
        bot = Bot()
        """,
    )
    assert (
        await asked(ParticipantSettings.parsed("python:bots:bot.reply"))
    ).text == "from an object"


WORKFLOW = """
from vellum import ChatMessage
from vellum.workflows import BaseWorkflow
from vellum.workflows.errors import WorkflowErrorCode
from vellum.workflows.exceptions import NodeException
from vellum.workflows.inputs import BaseInputs
from vellum.workflows.nodes import BaseNode
from vellum.workflows.state import BaseState
import threading

class Inputs(BaseInputs):
    chat_history: list[ChatMessage]

class ToneInputs(BaseInputs):
    messages: list[ChatMessage]
    tone: str

class Answer(BaseNode[BaseState]):
    chat_history = Inputs.chat_history
    class Outputs(BaseNode.Outputs):
        text: str
    def run(self):
        last = self.chat_history[-1]
        if FAIL_WITH:
            raise NodeException(code=WorkflowErrorCode[FAIL_WITH], message="scripted")
        on_main_thread = threading.current_thread() is threading.main_thread()
        said = f"{len(self.chat_history)} {last.role} {last.text} {on_main_thread}"
        return self.Outputs(text=said)

FAIL_WITH = ""

class Bot(BaseWorkflow[Inputs, BaseState]):
    graph = Answer
    class Outputs(BaseWorkflow.Outputs):
        final_output = Answer.Outputs.text
"""

ALL_TOGETHER = """
import threading
all_here = threading.Barrier(20, timeout=600)
def reply(chat_history):
    all_here.wait()
    return "in parallel"
"""


@pytest.mark.parametrize("reference", ["python:bots:reply", "local:bots"])
async def test_as_many_block_concurrently_as_may_be_in_flight(module: Any, reference: str) -> None:
    module(
        "bots",
        ALL_TOGETHER
        + WORKFLOW.replace("        if FAIL_WITH", "        all_here.wait()\n        if FAIL_WITH"),
    )
    settings = ParticipantSettings.parsed(reference)
    async with open_participants([settings, BUNDLED_USER], CALL, 20) as participants:
        replies = await asyncio.gather(
            *(participants[0].reply(HISTORY, TurnContext(SEED)) for _ in range(20))
        )
    assert len(replies) == 20


async def test_an_object_that_is_called_asynchronously_can_reply(module: Any) -> None:
    module(
        "bots",
        """
        class Bot:
            async def __call__(self, chat_history):
                return "from a call"
        bot = Bot()
        """,
    )
    assert (await asked(ParticipantSettings.parsed("python:bots:bot"))).text == "from a call"


async def test_further_inputs_come_by_keyword_from_settings_and_seed_columns(module: Any) -> None:
    module("bots", "def reply(chat_history, tone, plan): return f'{tone} {plan}'")
    inputs = ParticipantInputs(static_inputs={"tone": "curt"}, seed_inputs={"plan": "plan"})
    assert (
        await asked(ParticipantSettings.parsed("python:bots:reply", inputs))
    ).text == "curt gold"


@pytest.mark.parametrize(
    "source",
    [
        "def reply(chat_history, conversation_id): return conversation_id",
        "async def reply(chat_history, *, conversation_id='none'): return conversation_id",
    ],
)
async def test_a_function_that_requests_the_conversations_id_gets_it(
    module: Any, source: str
) -> None:
    module("bots", source)
    settings = ParticipantSettings.parsed("python:bots:reply")
    assert (await asked(settings, conversation_id="s1-2")).text == "s1-2"


async def test_an_input_may_be_the_conversations_id_under_any_name(module: Any) -> None:
    module("bots", "def reply(chat_history, session): return session")
    inputs = ParticipantInputs(seed_inputs={"session": "conversation_id"})
    settings = ParticipantSettings.parsed("python:bots:reply", inputs)
    assert (await asked(settings, conversation_id="s1-2")).text == "s1-2"


async def test_a_seed_without_the_column_fails_and_says_which(module: Any) -> None:
    module("bots", "def reply(chat_history, size): return size")
    inputs = ParticipantInputs(seed_inputs={"size": "shoe_size"})
    with pytest.raises(FatalError, match="seed s1 has no column 'shoe_size'"):
        await asked(ParticipantSettings.parsed("python:bots:reply", inputs))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("reply = 3", "has no function 'reply'"),
        ("def reply(): return ''", r"cannot be called as reply\(chat_history\)"),
        ("def reply(chat_history, more): return ''", "cannot be called"),
        ("import nothing_like_it", "needs the module 'nothing_like_it'"),
        ("1 / 0", "failed while it was imported .ZeroDivisionError"),
    ],
)
async def test_a_module_that_cannot_be_used_is_reported_before_anything_runs(
    module: Any, source: str, told: str
) -> None:
    module("bots", source)
    with pytest.raises(UsageError, match=told):
        await asked(ParticipantSettings.parsed("python:bots:reply"))


async def test_a_module_that_is_not_there_is_reported(module: Any) -> None:
    with pytest.raises(UsageError, match=r"there is no module 'no_such_bots' in"):
        await asked(ParticipantSettings.parsed("python:no_such_bots.deep:reply"))


@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        ("raise KeyError('x')", FatalError, "KeyError: 'x'"),
        ("return 3", FatalError, "replied with int, not text"),
        ("raise ConnectionError('gone')", TransientError, "gone .gave up after 3 attempts"),
        ("return None", TransientError, "replied with nothing"),
        ("return '  '", TransientError, "empty message"),
    ],
)
async def test_what_a_function_does_wrong_is_one_of_our_errors(
    module: Any, body: str, error: type[Exception], told: str
) -> None:
    module("bots", f"def reply(chat_history): {body}")
    with pytest.raises(error, match=told):
        await asked(ParticipantSettings.parsed("python:bots:reply"))


async def test_a_function_that_never_replies_meets_its_deadline(module: Any) -> None:
    module("bots", "import asyncio\nasync def reply(chat_history): await asyncio.sleep(60)")
    call = CallSettings(timeout_seconds=0.05, max_attempts=2, first_wait_seconds=0.001)
    with pytest.raises(TransientError, match="did not reply within"):
        await asked(ParticipantSettings.parsed("python:bots:reply"), call)


SECOND = """
class ToneAnswer(BaseNode[BaseState]):
    tone = ToneInputs.tone
    messages = ToneInputs.messages
    class Outputs(BaseNode.Outputs):
        text: str
    def run(self):
        return self.Outputs(text=f"{self.tone} {len(self.messages)}")

class ToneBot(BaseWorkflow[ToneInputs, BaseState]):
    graph = ToneAnswer
    class Outputs(BaseWorkflow.Outputs):
        spoken = ToneAnswer.Outputs.text
"""


async def test_a_local_workflow_replies_off_the_event_loop(module: Any) -> None:
    module("bot_module", WORKFLOW)
    reply = await asked(ParticipantSettings.parsed("local:bot_module"))
    assert reply.text == "3 USER Open today? False"


async def test_a_package_in_the_layout_of_vellum_is_found_by_its_name(module: Any) -> None:
    module("my_bot.__init__", "")
    module("my_bot.workflow", WORKFLOW)
    assert (await asked(ParticipantSettings.parsed("local:my_bot"))).text.startswith("3 USER")


async def test_one_of_several_workflows_is_named_with_its_inputs_and_output(module: Any) -> None:
    module("bot_module", WORKFLOW + SECOND)
    inputs = ParticipantInputs(
        history_input="messages", output="spoken", static_inputs={"tone": "curt"}
    )
    settings = ParticipantSettings.parsed("local:bot_module:ToneBot", inputs)
    assert (await asked(settings)).text == "curt 3"


@pytest.mark.parametrize(
    ("reference", "inputs", "told"),
    [
        ("local:bot_module", {}, "several Workflows; write one of local:bot_module:Bot, "),
        ("local:bot_module:Other", {}, "no Workflow 'Other'; write one of"),
        (
            "local:bot_module:ToneBot",
            {},
            "ToneBot has no input 'chat_history'; it has messages, tone",
        ),
        (
            "local:bot_module:Bot",
            {"output": "reply"},
            "Bot has no output 'reply'; it has final_output",
        ),
        ("local:bot_module:Bot", {"static_inputs": {"x": 1}}, "Bot has no input 'x'"),
        ("local:json", {}, "json has no Vellum Workflow"),
    ],
)
async def test_a_workflow_that_cannot_be_used_is_reported_before_anything_runs(
    module: Any, reference: str, inputs: dict[str, Any], told: str
) -> None:
    module("bot_module", WORKFLOW + SECOND)
    with pytest.raises(UsageError, match=told):
        await asked(ParticipantSettings.parsed(reference, ParticipantInputs(**inputs)))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("PROVIDER_ERROR", TransientError),
        ("INTERNAL_ERROR", TransientError),
        ("PROVIDER_QUOTA_EXCEEDED", TransientError),
        ("NODE_EXECUTION", FatalError),
        ("USER_DEFINED_ERROR", FatalError),
        ("PROVIDER_CREDENTIALS_UNAVAILABLE", RunStoppingError),
    ],
)
async def test_a_rejected_workflow_is_one_of_our_errors(
    module: Any, code: str, error: type[Exception]
) -> None:
    module("bot_module", WORKFLOW.replace('FAIL_WITH = ""', f'FAIL_WITH = "{code}"'))
    with pytest.raises(error, match=f"rejected with {code}: scripted") as raised:
        await asked(ParticipantSettings.parsed("local:bot_module"))
    assert type(raised.value) is error


async def test_the_bundled_pair_talks_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VELLUM_API_KEY", raising=False)
    chatbot = ParticipantSettings.parsed("local:duologue.workflows.support_bot")
    async with open_participants([chatbot, BUNDLED_USER], CALL, 2) as participants:
        reply = await participants[0].reply(HISTORY[:1], TurnContext(SEED))
    assert reply.text


def test_no_thread_outlives_the_participants(module: Any) -> None:
    module("bots", "def reply(chat_history): return 'done'")
    asyncio.run(asked(ParticipantSettings.parsed("python:bots:reply")))
    for thread in threading.enumerate():
        if thread.name.startswith("participant"):
            thread.join(120)
            assert not thread.is_alive()


@pytest.mark.parametrize("said", ["a\0b", "half a pair \ud83d"])
def test_text_that_no_file_can_hold_is_requested_again(said: str) -> None:
    with pytest.raises(TransientError):
        usable_text(said, "bot")


def test_white_space_around_a_reply_is_no_part_of_it() -> None:
    assert usable_text("\n Hello,\nworld! \n", "bot") == "Hello,\nworld!"
