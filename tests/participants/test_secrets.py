"""The API key is in nothing that a participant raises, returns or is shown as."""

import os
import pickle
import subprocess
import sys
import traceback

import pytest
from pydantic import JsonValue, SecretStr

from duologue.conversation.messages import Message, Role
from duologue.errors import DuologueError, FatalError, UsageError
from duologue.participants.error_context import ErrorContext, Remedies
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Reply, TurnContext
from duologue.participants.vellum_deployment import VellumDeployment, vellum_client
from duologue.seeds import Seed
from duologue.settings.participants import CallSettings, ParticipantSettings
from tests.support.searching import readable_spellings, spellings
from tests.support.vellum_failures import FAILURES
from tests.support.vellum_stand_in import StandIn

KEY = 'vk-<"&%+\\>-0123456789abcdef'
"""Spelt differently in JSON, in a page and in a URL."""
SAID = 'Wo ist das "Päckchen", das ihr mir\nversprochen habt?'
SEED = Seed(seed_id="s1", message=SAID)
NOTHING = Remedies(denied="", not_found="", redirected="", refused="")
ONCE = CallSettings(max_attempts=1, timeout_seconds=60)
IMPATIENT = CallSettings(max_attempts=1, timeout_seconds=1, deadline_seconds=2)
"""For answers that never come: a 429 is no attempt, so that only the deadline ends them."""
NEVER_ANSWERED = {"hang", "hang_mid_body", "drip", "retry_after", "retry_after_date"}
ANSWERED = {"extra_fields", "sets_cookie", "chat_history_output", "no_execution_id"}
"""Failures that cost no reply."""
ARGUMENTS = {
    "drip": "5",
    "status": "401",
    "status_html": "500",
    "status_empty": "500",
    "status_huge": "500",
    "status_repeating": "401",
    "redirect": "302",
    "retry_after": "0",
    "retry_after_date": "0",
    "rejected": "INTERNAL_SERVER_ERROR",
    "rejected_with_dict": "INTERNAL_SERVER_ERROR",
    "rejected_with_text": "INTERNAL_SERVER_ERROR",
    "rejected_repeating": "INTERNAL_SERVER_ERROR",
}


@pytest.fixture(autouse=True)
def key(vellum: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VELLUM_API_KEY", KEY)


async def reply(call: CallSettings = ONCE) -> Reply:
    both = ParticipantSettings.parsed("support-bot")
    async with open_participants([both], call, max_concurrency=1) as [chatbot]:
        return await chatbot.reply([Message(role=Role.USER, text=SAID)], TurnContext(SEED))


def shown(error: BaseException) -> str:
    """All that a log, a crash dump or a debugger may make of an error, in one text."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    of_tests = [frame for frame in told.stack if frame.filename == __file__]
    told.stack = traceback.StackSummary([one for one in told.stack if one not in of_tests])
    pickled = pickle.dumps(error).decode("latin-1")
    return "\n".join([str(error), repr(error), repr(vars(error)), pickled, *told.format()])


@pytest.mark.parametrize("failure", sorted(FAILURES))
async def test_no_failure_shows_the_key_or_a_message(vellum: StandIn, failure: str) -> None:
    vellum.deployments["support-bot"].always = f"{failure}:{ARGUMENTS.get(failure, '')}"
    if failure in ANSWERED:
        assert KEY not in repr(await reply())
        return
    with pytest.raises(DuologueError) as raised:
        await reply(IMPATIENT if failure in NEVER_ANSWERED else ONCE)
    assert not [spelt for spelt in spellings(KEY) if spelt in shown(raised.value)]
    assert not [spelt for spelt in spellings(SAID) if spelt in str(raised.value)]


async def test_texts_within_a_json_input_are_hidden_like_others() -> None:
    inputs: dict[str, JsonValue] = {
        "customer": {"name": "Anna Berg", "orders": [{"id": "KC-20714"}, 3, None]}
    }
    async with vellum_client(1) as client:
        wording = client.error_context("bot", [], inputs, NOTHING)
    assert wording.quoted("no order KC-20714 of Anna Berg") == "no order [hidden] of [hidden]"


@pytest.mark.parametrize("secret", [KEY, SAID])
def test_what_is_sent_back_is_hidden_however_it_is_spelt(secret: str) -> None:
    wording = ErrorContext("a", "http://127.0.0.1", (SecretStr(KEY),), [SAID], NOTHING)
    for spelt in readable_spellings(secret):
        assert wording.quoted(f"not <{spelt}> here") == "not <[hidden]> here", spelt


def test_an_empty_secret_hides_nothing() -> None:
    wording = ErrorContext("a", "http://127.0.0.1", (SecretStr(""), SecretStr(KEY)), [""], NOTHING)
    assert wording.quoted("no such plan") == "no such plan"
    assert not wording.holds_secret("no such plan")
    wording.refuse_secrets("no such plan")


@pytest.mark.parametrize("value", ["vk with space", "vk-\x7f", "vk-ü"])
async def test_a_key_that_is_none_is_not_shown_either(
    vellum: StandIn, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("VELLUM_API_KEY", value)
    with pytest.raises(UsageError, match=r"^VELLUM_API_KEY holds") as raised:
        await reply()
    assert not [spelt for spelt in spellings(value) if spelt in shown(raised.value)]


async def test_what_holds_the_key_does_not_show_it() -> None:

    async def use() -> None:
        async with vellum_client(1) as client:
            participant = VellumDeployment(client, ParticipantSettings.parsed("a"), ONCE)
            wording = ErrorContext("a", client.base_url, (client.api_key,), [SAID], NOTHING)
            raise LookupError(f"{client} {client!r} {participant!r} {wording!r} {vars(client.sdk)}")

    with pytest.raises(LookupError) as raised:
        await use()
    found = shown(raised.value)
    assert KEY not in found
    assert SAID not in str(raised.value)


async def test_a_reply_with_the_key_in_it_is_refused(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].reply = lambda *_: f"My key is {KEY}."
    with pytest.raises(FatalError, match="the reply holds the API key itself") as raised:
        await reply()
    assert KEY not in shown(raised.value)


CRASH = """
import os
from duologue.cli import app
@app.command()
def crash():
    key = os.environ["VELLUM_API_KEY"]
    raise ZeroDivisionError("an error of no one's making")
app(["crash"])
"""


@pytest.mark.processes
@pytest.mark.parametrize("flag", [[], ["-X", "dev"], ["-X", "faulthandler"]])
def test_a_command_that_crashes_shows_no_variables(flag: list[str]) -> None:
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, *flag, "-c", CRASH], env=environment, capture_output=True, text=True
    )
    assert "ZeroDivisionError: an error of no one's making" in done.stderr
    assert not [spelt for spelt in spellings(KEY) if spelt in done.stdout + done.stderr]
