"""Whatever answers at Vellum's address, a call gives a reply or one of Duologue's errors.

A server that sends the bytes that a test sets; the real SDK and its HTTP client ask it.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.messages import Message, Role, unwritable_reason
from duologue.errors import ParticipantError
from duologue.participants.protocol import Reply, TurnContext
from duologue.participants.vellum_deployment import VellumDeployment, vellum_client
from duologue.seeds import Seed
from duologue.settings.participants import CallSettings, ParticipantSettings

KEY = 'sk-"<&>%+\\fuzz'
"""In JSON, in a page and in a URL it is spelt differently."""
SAID = "What is <my> order's state, & why?"
ONCE = CallSettings(max_attempts=1, timeout_seconds=1, deadline_seconds=1)

Asked = Callable[[bytes], Reply | ParticipantError]


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    """Asks a Workflow Deployment whose server answers with the bytes given."""
    answer = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                line.partition(b":")[2]
                for line in head.lower().splitlines()
                if line.startswith(b"content-length")
            )
            await reader.readexactly(int(length))
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def open_client(stack: AsyncExitStack) -> VellumDeployment:
        server = await stack.enter_async_context(await asyncio.start_server(serve, "127.0.0.1", 0))
        host, port = server.sockets[0].getsockname()
        environment.setenv("VELLUM_API_URL", f"http://{host}:{port}")
        client = await stack.enter_async_context(vellum_client(1))
        return VellumDeployment(client, ParticipantSettings.parsed("support-bot"), ONCE)

    async def outcome(deployment: VellumDeployment) -> Reply | ParticipantError:
        try:
            return await deployment.reply(
                [Message(role=Role.USER, text=SAID)],
                TurnContext(Seed(seed_id="s1", message=SAID)),
            )
        except ParticipantError as error:
            return error

    def ask(bytes_: bytes) -> Reply | ParticipantError:
        nonlocal answer
        answer = bytes_
        return runner.run(outcome(deployment))

    with pytest.MonkeyPatch.context() as environment, asyncio.Runner() as runner:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            environment.delenv(name)
        for name in [name for name in os.environ if name.startswith("VELLUM_")]:
            environment.delenv(name)
        environment.setenv("VELLUM_API_KEY", KEY)
        stack = AsyncExitStack()
        deployment = runner.run(open_client(stack))
        yield ask
        runner.run(stack.aclose())


FOREIGN = st.text(st.characters(codec=None), max_size=30)
TEXT = FOREIGN | st.builds(
    lambda before, secret, after: before + secret + after,
    FOREIGN,
    st.sampled_from([KEY, SAID]),
    FOREIGN,
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
OUTPUT = st.fixed_dictionaries(
    {"id": TEXT, "name": st.just("final-output") | TEXT, "value": TEXT | JSON},
    optional={"type": st.just("STRING") | st.sampled_from(["JSON", "NUMBER", "ERROR"]) | TEXT},
)
ERROR = st.fixed_dictionaries(
    {"message": TEXT, "code": st.sampled_from(["NODE_EXECUTION", "USER_DEFINED_ERROR"]) | TEXT},
    optional={"raw_data": JSON, "stacktrace": JSON},
)
EVENT = st.fixed_dictionaries(
    {"execution_id": TEXT | JSON},
    optional={
        "run_id": JSON,
        "external_id": JSON,
        "data": st.fixed_dictionaries(
            {"id": TEXT, "ts": st.just("2026-11-29T07:00:00Z") | TEXT},
            optional={
                "state": st.sampled_from(["FULFILLED", "REJECTED"]) | TEXT,
                "outputs": st.lists(OUTPUT, max_size=3),
                "error": ERROR | JSON,
            },
        ),
    },
)
GOOD_EVENT = {
    "execution_id": "e1",
    "data": {
        "id": "1",
        "ts": "2026-11-29T07:00:00Z",
        "state": "FULFILLED",
        "outputs": [{"id": "1", "name": "final-output", "type": "STRING", "value": "Hello"}],
    },
}


def with_change(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The good event with one thing in it that is not."""
    event: Any = json.loads(json.dumps(GOOD_EVENT))
    place = event
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    changed: dict[str, Any] = event
    return changed


OUTPUT_PATH = ("data", "outputs", 0)
CHANGED_EVENT = st.builds(
    with_change,
    st.sampled_from(
        [
            ("execution_id",),
            ("data",),
            ("data", "id"),
            ("data", "ts"),
            ("data", "state"),
            ("data", "outputs"),
            OUTPUT_PATH,
            *((*OUTPUT_PATH, field) for field in ("id", "name", "type", "value")),
            (KEY,),
            ("data", KEY),
        ]
    ),
    TEXT | JSON,
)
BODY = st.binary(max_size=60) | (CHANGED_EVENT | EVENT | JSON).map(
    lambda value: json.dumps(value).encode()
)
HEADER = st.sampled_from(
    [
        b"Content-Type: application/json",
        b"Content-Type: text/html; charset=no-such",
        b"Content-Encoding: gzip",
        b"Content-Encoding: br",
        b"Transfer-Encoding: chunked",
        b"Retry-After: 99999999999999999999",
        b"Retry-After: Wed, 99 Jan 9999 99:99:99 GMT",
        b"Set-Cookie: a=b",
        b"Location: http://[::1",
        b"Location: /login",
        b"X-Key: " + KEY.encode(),
    ]
) | st.binary(max_size=20)


def http(status: int, headers: list[bytes], body: bytes, claimed: int) -> bytes:
    length = b"Content-Length: %d" % max(0, len(body) + claimed)
    return b"\r\n".join([b"HTTP/1.1 %d X" % status, length, *headers, b"", body])


ANSWER = st.binary(max_size=60) | st.builds(
    http,
    st.just(200) | st.integers(0, 1000),
    st.lists(HEADER, max_size=3),
    BODY,
    st.just(0) | st.integers(-5, 5),
)


@given(answer=ANSWER)
def test_any_answer_is_a_reply_or_an_error_that_gives_nothing_away(
    asked: Asked, answer: bytes
) -> None:
    outcome = asked(answer)
    if isinstance(outcome, Reply):
        assert unwritable_reason(outcome.text + (outcome.execution_id or "")) is None
        assert KEY not in outcome.text + (outcome.execution_id or "")
        return
    said = str(outcome)
    assert said.isprintable()
    assert outcome.__cause__ is outcome.__context__ is None or outcome.__suppress_context__
    for secret in (KEY, SAID):
        for spelt in (secret, json.dumps(secret)[1:-1]):
            assert spelt not in said


@given(value=JSON, status=st.sampled_from([200, 400, 401, 500, 503]))
def test_an_error_body_of_any_json_is_reported(asked: Asked, value: Any, status: int) -> None:
    outcome = asked(http(status, [], json.dumps(value).encode(), 0))
    assert isinstance(outcome, ParticipantError)
    assert KEY not in str(outcome)


@pytest.mark.parametrize("execution_id", [KEY, f"e-{KEY}", SAID, "\ud800", "\0", "e\n1"])
def test_an_id_that_is_none_costs_no_reply(asked: Asked, execution_id: str) -> None:
    event = with_change(("execution_id",), execution_id)
    outcome = asked(http(200, [], json.dumps(event).encode(), 0))
    assert isinstance(outcome, Reply)
    assert outcome.execution_id is None


def test_what_is_quoted_cannot_forge_a_log_or_steer_a_terminal(asked: Asked) -> None:
    body = json.dumps({"detail": "a\x1b[2Jb\u202ec\u2028d\r\ne"}, ensure_ascii=False).encode()
    outcome = asked(http(400, [], body, 0))
    assert str(outcome).isprintable()
    assert "b\ufffdc d" in str(outcome)


@pytest.mark.parametrize("path", [("data", "state"), (*OUTPUT_PATH, "type"), ("data", "ts")])
def test_what_is_malformed_is_reported_without_the_key(
    asked: Asked, path: tuple[str | int, ...]
) -> None:
    outcome = asked(http(200, [], json.dumps(with_change(path, KEY)).encode(), 0))
    assert isinstance(outcome, ParticipantError)
    assert KEY not in str(outcome)


def test_a_good_answer_is_a_reply(asked: Asked) -> None:
    """So that what the other tests ask is not refused for another reason."""
    outcome = asked(http(200, [], json.dumps(GOOD_EVENT).encode(), 0))
    assert isinstance(outcome, Reply)
    assert (outcome.text, outcome.execution_id) == ("Hello", "e1")
