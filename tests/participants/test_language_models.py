"""Language models behind OpenAI's API, through the real SDK."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from duologue.conversation.messages import Message, Role
from duologue.conversation.usage import Usage
from duologue.errors import FatalError, RunStoppingError, TransientError, UsageError
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Reply, TurnContext
from duologue.participants.templates import check_templates
from duologue.seeds import Seed
from duologue.settings.participants import (
    CallSettings,
    Endpoint,
    ParticipantInputs,
    ParticipantSettings,
)
from tests.support.model_server import ModelServer, completion, model_server

KEY = "sk-test-5e7b0c1d9a42"
SEED = Seed(seed_id="s1", message="Where is it?", context={"plan": "gold", "persona": "a nurse"})
HISTORY = [
    Message(role=Role.ASSISTANT, text="Where is it?"),
    Message(role=Role.USER, text="Which order?"),
]
CALL = CallSettings(max_attempts=3, first_wait_seconds=0.001, longest_wait_seconds=0.002)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ModelServer]:
    async with model_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


async def asked(
    inputs: ParticipantInputs | None = None,
    side: str = "simulated_user",
    reference: str = "openai:tiny",
    previous_state: str | None = None,
) -> Reply:
    settings = ParticipantSettings.parsed(reference, inputs)
    context = TurnContext(SEED, "s1-1", side=side, previous_state=previous_state)
    async with open_participants([settings], CALL, max_concurrency=2) as [participant]:
        return await participant.reply(HISTORY, context)


async def test_a_simulated_user_has_the_bundled_prompt_with_its_seed(server: ModelServer) -> None:
    reply = await asked(ParticipantInputs(temperature=0.9))
    assert reply.text == "Reply 1."
    assert reply.attempts == 1
    assert reply.usage == Usage(11, 5, None, ("tiny-2026",))
    [request] = server.requests
    assert request["model"] == "tiny"
    assert request["temperature"] == 0.9
    assert request["max_tokens"] == 2000
    system, *messages = request["messages"]
    assert "<first_message>\nWhere is it?\n</first_message>" in system["content"]
    assert "<persona>\na nurse\n</persona>" in system["content"]
    assert "<goal>" not in system["content"]
    assert messages == [
        {"role": "assistant", "content": "Where is it?"},
        {"role": "user", "content": "Which order?"},
    ]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_a_chatbot_has_its_own_prompt_or_none(server: ModelServer, tmp_path: Path) -> None:
    await asked(side="chatbot")
    assert [m["role"] for m in server.requests[0]["messages"]] == ["assistant", "user"]
    assert "temperature" not in server.requests[0], "many models that reason accept none"
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("You sell on the {{ plan }} plan. Their name is {{ name }}.\n")
    inputs = ParticipantInputs(
        prompt_file=str(prompt), static_inputs={"name": "Ada"}, max_tokens=50
    )
    await asked(inputs, side="chatbot")
    assert server.requests[1]["messages"][0] == {
        "role": "system",
        "content": "You sell on the gold plan. Their name is Ada.",
    }
    assert server.requests[1]["max_tokens"] == 50


async def test_reasoning_in_front_of_a_reply_is_no_part_of_it(server: ModelServer) -> None:
    server.script.append("<think>\nThey ask for <b>.\n</think>\n\nThe blue one.")
    assert (await asked()).text == "The blue one."


async def test_the_place_of_a_models_file_is_not_recorded(server: ModelServer) -> None:
    server.script.append({**completion("Hello."), "model": "/home/ada/models/tiny.gguf"})
    assert (await asked()).usage == Usage(11, 5, None, ("tiny",))


async def test_a_refusal_is_recognised_by_its_words(server: ModelServer) -> None:
    server.script.append(completion(None, refusal="I cannot help with that."))
    assert (await asked()).text == "I cannot help with that."


@pytest.mark.parametrize("first", [408, 429, 500, (503, {"Retry-After": "0"}), "", {"choices": []}])
async def test_what_may_pass_is_tried_again(server: ModelServer, first: Any) -> None:
    server.script.extend([first, "Second."])
    reply = await asked()
    assert reply.text == "Second."
    assert reply.attempts == (1 if first == 429 else 2)


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (401, RunStoppingError, "answered 401.*OPENAI_API_KEY is valid"),
        (403, RunStoppingError, "answered 403.*may use this model"),
        (404, RunStoppingError, "answered 404.*no such model"),
        ((307, {"Location": "http://elsewhere.example/v1"}), RunStoppingError, "not followed"),
        ((429, {"code": "insufficient_quota"}), RunStoppingError, "Add credit"),
        (400, FatalError, "answered 400"),
        ((400, {"code": "content_filter"}), FatalError, "the filter's settings"),
        (completion(None, "content_filter"), FatalError, "content filter"),
        (completion("", "length"), FatalError, "all of its 2000 tokens.*max_tokens higher"),
        (completion(f"My key is {KEY}."), FatalError, "holds the API key"),
    ],
)
async def test_what_stays_wrong_is_one_sentence_and_one_call(
    server: ModelServer, said: Any, kind: type[Exception], told: str
) -> None:
    server.script.append(said)
    with pytest.raises(kind, match=told) as caught:
        await asked()
    assert type(caught.value) is kind
    assert len(server.requests) == 1
    assert KEY not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_the_key_that_a_server_sends_back_is_hidden(server: ModelServer) -> None:
    server.script.extend([500] * 3)
    with pytest.raises(TransientError, match=r"\[hidden\]") as caught:
        await asked()
    assert KEY not in str(caught.value)


async def test_a_server_that_is_away_is_a_transient_error(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(TransientError, match=r"the connection to http://127\.0\.0\.1:9/v1 failed"):
        await asked()


async def test_the_key_may_be_missing_for_a_server_of_ones_own_alone(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    server.script.append("none of them")
    assert (await asked()).text == "none of them"
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(UsageError, match="OPENAI_API_KEY is not set"):
        await asked()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://me:{KEY}@host/v1")
    with pytest.raises(UsageError, match="OPENAI_BASE_URL is 'http://host/v1'"):
        await asked()


def test_a_template_that_names_no_column_is_refused_before_any_call(tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Their tariff is {{ tariff }}.")
    settings = ParticipantSettings.parsed("openai:tiny", ParticipantInputs(prompt_file=str(prompt)))
    with pytest.raises(UsageError, match=r"'tariff' is undefined; it can name .*plan"):
        check_templates([settings], [SEED, SEED])
    other = Seed(seed_id="s2", message="Hi", context={"tariff": "flat"})
    check_templates([settings], [SEED, other])  # the first alone will fail


@pytest.mark.parametrize("text", ["{% if %}", "{{ ''.__class__.__mro__ }}"])
def test_a_template_that_is_broken_or_unsafe_is_refused(tmp_path: Path, text: str) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text(text)
    settings = ParticipantSettings.parsed("openai:tiny", ParticipantInputs(prompt_file=str(prompt)))
    with pytest.raises(UsageError, match=r"prompt_file .*prompt\.txt"):
        check_templates([settings], [SEED])


def test_a_prompt_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    inputs = ParticipantInputs(prompt_file=str(tmp_path / "none.txt"))
    with pytest.raises(UsageError, match=r"none\.txt: there is no such file"):
        ParticipantSettings.parsed("openai:tiny", inputs)
    (tmp_path / "none.txt").write_text(" \n")
    with pytest.raises(UsageError, match="is empty"):
        ParticipantSettings.parsed("openai:tiny", inputs)
    with pytest.raises(UsageError, match="only an openai: model"):
        ParticipantSettings.parsed("support-bot", inputs)


ENDPOINT = Endpoint(
    body={
        "question": "{{ latest_message }}",
        "plan": "on {{ plan }}",
        "history": "{{ messages }}",
        "session": "{{ session }}",
        "user": {"id": "{{ conversation_id }}", "new": True},
    },
    headers={"X-Test": "yes"},
    headers_from_environment={"Authorization": "BOT_AUTHORIZATION"},
    session_path="session.id",
)
BOT = ParticipantInputs(endpoint=ENDPOINT, output_path="answer.text")


async def test_a_url_is_sent_its_body_and_headers(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_AUTHORIZATION", f"Bearer {KEY}")
    url = f"{server.url}/chat"
    first = await asked(BOT, "chatbot", url)
    assert (first.text, first.state) == ("Reply 1.", "s-77")
    await asked(BOT, "chatbot", url, previous_state=first.state)
    assert server.requests[0] == {
        "question": "Which order?",
        "plan": "on gold",
        "history": [
            {"role": "assistant", "content": "Where is it?"},
            {"role": "user", "content": "Which order?"},
        ],
        "session": "",
        "user": {"id": "s1-1", "new": True},
    }
    assert server.requests[1]["session"] == "s-77"
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert server.headers[0]["X-Test"] == "yes"


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ((302, {"Location": "https://elsewhere.example/?k=1"}), RunStoppingError, "elsewhere"),
        (401, RunStoppingError, "BOT_AUTHORIZATION"),
        (404, RunStoppingError, "Check the URL"),
        (400, FatalError, "endpoint.body"),
        ({"other": 1}, FatalError, "no text at output_path 'answer.text'; it holds other"),
        ({"answer": {"text": "x"}}, FatalError, "no session id at endpoint.session_path"),
        (f"{KEY}", FatalError, "the value of a secret header"),
    ],
)
async def test_a_url_that_stays_wrong_is_one_sentence_and_one_call(
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    said: Any,
    kind: type[Exception],
    told: str,
) -> None:
    monkeypatch.setenv("BOT_AUTHORIZATION", KEY)
    server.script.append(said)
    with pytest.raises(kind, match=told) as caught:
        await asked(BOT, "chatbot", f"{server.url}/chat")
    assert type(caught.value) is kind
    assert len(server.requests) == 1
    assert KEY not in repr(caught.value)


async def test_a_url_without_secrets_says_what_it_answered(server: ModelServer) -> None:
    server.script.append(400)
    with pytest.raises(FatalError, match=r"answered 400 Bad Request: .*no, "):
        await asked(ParticipantInputs(output_path="answer.text"), "chatbot", f"{server.url}/chat")


async def test_a_url_that_may_recover_is_tried_again(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_AUTHORIZATION", KEY)
    server.script.extend([503, 429, "Third."])
    reply = await asked(BOT, "chatbot", f"{server.url}/chat")
    assert (reply.text, reply.attempts) == ("Third.", 2)


async def test_a_secret_header_that_is_not_set_is_refused(server: ModelServer) -> None:
    with pytest.raises(UsageError, match="BOT_AUTHORIZATION, for the header Authorization, is not"):
        await asked(BOT, "chatbot", f"{server.url}/chat")


async def test_a_prefect_deployment_sends_secrets_to_allowed_hosts_alone(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duologue.own_code import AllowedCode, allowed_code

    monkeypatch.setenv("BOT_AUTHORIZATION", KEY)
    token = allowed_code.set(AllowedCode(()))
    try:
        with pytest.raises(UsageError, match="add it to DUOLOGUE_ALLOWED_HOSTS"):
            await asked(BOT, "chatbot", f"{server.url}/chat")
        monkeypatch.setenv("DUOLOGUE_ALLOWED_HOSTS", "other.example, 127.0.0.1")
        assert (await asked(BOT, "chatbot", f"{server.url}/chat")).text == "Reply 1."
    finally:
        allowed_code.reset(token)


@pytest.mark.parametrize(
    "reference",
    ["https://me:secret@bot/chat", "https://bot/chat?key=secret", "https://", "openai:"],
)
def test_a_reference_that_cannot_be_called_is_refused(reference: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        ParticipantSettings.parsed(reference)
