"""Workflow Deployments through the real SDK, over HTTP, against the stand-in for Vellum."""

import asyncio
import gc
import pickle
import socket
import ssl
import time
import traceback
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from duologue.conversation.messages import Message, Role
from duologue.errors import (
    EmptyReplyError,
    FatalError,
    ParticipantError,
    RateLimitedError,
    RunStoppingError,
    TransientError,
    UsageError,
)
from duologue.participants.protocol import Reply, TurnContext
from duologue.participants.vellum_deployment import VellumDeployment, vellum_client
from duologue.seeds import Seed
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from tests.support.vellum_failures import FAILURES
from tests.support.vellum_stand_in import StandIn, running_stand_in, stand_in_process

KEY = "sk-0123456789abcdef"
SECRET = 'Is my "weird" ünterwear refundable?\nI ask for a friend.'
SEED = Seed(
    seed_id="seed-1", message=SECRET, context={"language": "en", "goal": "get the money back"}
)
HISTORY = [
    Message(role=Role.USER, text=SECRET),
    Message(role=Role.ASSISTANT, text="It is.", execution_id="e0", latency_ms=5, attempts=1),
    Message(role=Role.USER, text="For how long?"),
]
ONCE = CallSettings(max_attempts=1, timeout_seconds=120)
ALONE = TurnContext(SEED)
CONTEXT = TurnContext(
    SEED, "seed-1-2", 2, turn=3, dataset="shop", version="20261124T053516Z-1a2b3c4d"
)
QUICK = CallSettings(
    max_attempts=4, timeout_seconds=120, first_wait_seconds=0.01, longest_wait_seconds=0.02
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for kind in ("", "PREDICT_", "DEFAULT_", "DOCUMENTS_"):
        monkeypatch.delenv(f"VELLUM_{kind}API_URL", raising=False)
    monkeypatch.setenv("VELLUM_API_KEY", KEY)


@pytest.fixture
async def vellum(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    async with running_stand_in() as server:
        monkeypatch.setenv("VELLUM_API_URL", server.url)
        yield server


async def reply(
    reference: str = "support-bot@production",
    call: CallSettings = ONCE,
    inputs: ParticipantInputs | None = None,
    context: TurnContext = ALONE,
) -> Reply:
    """Asks once, through a client of its own."""
    async with vellum_client(max_concurrency=4) as client:
        settings = ParticipantSettings.parsed(reference, inputs)
        return await VellumDeployment(client, settings, call).reply(HISTORY, context)


async def error_of(
    reference: str = "support-bot@production", call: CallSettings = ONCE
) -> ParticipantError:
    with pytest.raises(ParticipantError) as raised:
        await reply(reference, call)
    return raised.value


# What is sent


async def test_a_call_sends_what_vellums_api_expects(vellum: StandIn) -> None:
    said = await reply(context=CONTEXT)

    (request,) = vellum.requests
    assert request.body["external_id"].startswith(
        "duologue:shop:20261124T053516Z-1a2b3c4d:seed-1-2:3:chatbot:1.1-"
    )
    assert request.body == {
        "workflow_deployment_name": "support-bot",
        "release_tag": "production",
        "external_id": request.body["external_id"],
        "metadata": {
            "synthetic": True,
            "dataset": "shop",
            "version": "20261124T053516Z-1a2b3c4d",
            "conversation": "seed-1-2",
            "seed_id": "seed-1",
            "sample": 2,
            "turn": 3,
            "side": "chatbot",
        },
        "inputs": [
            {
                "name": "chat_history",
                "type": "CHAT_HISTORY",
                "value": [
                    {"role": "USER", "text": SECRET},
                    {"role": "ASSISTANT", "text": "It is."},
                    {"role": "USER", "text": "For how long?"},
                ],
            }
        ],
    }
    assert request.headers["x-api-version"] == "2025-07-30"
    assert said.text.startswith("Answer ")
    assert said.execution_id is not None
    assert said.latency_ms is not None
    assert said.attempts == 1


async def test_an_execution_whose_id_is_the_key_has_none(
    vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = str(uuid4())
    monkeypatch.setenv("VELLUM_API_KEY", key)
    monkeypatch.setattr("tests.support.vellum_stand_in.uuid4", lambda: key)

    assert (await reply()).execution_id is None


async def test_without_a_release_tag_none_is_sent(vellum: StandIn) -> None:
    await reply("support-bot")

    assert "release_tag" not in vellum.requests[0].body


async def test_further_inputs_are_typed_by_their_value(vellum: StandIn) -> None:
    inputs = ParticipantInputs(
        history_input="messages_so_far",
        static_inputs={"shop": "Umbrellas", "limit": 3, "rate": 0.5, "strict": True, "tags": ["a"]},
        seed_inputs={"goal": "goal", "opening": "message", "id": "seed_id"},
    )

    await reply(inputs=inputs)

    sent = {one["name"]: (one["type"], one["value"]) for one in vellum.requests[0].inputs}
    assert sent.pop("messages_so_far")[0] == "CHAT_HISTORY"
    assert sent == {
        "shop": ("STRING", "Umbrellas"),
        "limit": ("NUMBER", 3),
        "rate": ("NUMBER", 0.5),
        "strict": ("JSON", True),
        "tags": ("JSON", ["a"]),
        "goal": ("STRING", "get the money back"),
        "opening": ("STRING", SECRET),
        "id": ("STRING", "seed-1"),
    }


async def test_a_seed_without_the_column_is_named(vellum: StandIn) -> None:
    with pytest.raises(FatalError, match="seed-1 has no column 'mood'"):
        await reply(inputs=ParticipantInputs(seed_inputs={"tone": "mood"}))

    assert vellum.requests == []


# What comes back


@pytest.mark.parametrize("configured", ["final-output", "final_output"])
@pytest.mark.parametrize("received", ["final-output", "final_output"])
async def test_dashes_and_underscores_in_the_output_are_the_same(
    vellum: StandIn, configured: str, received: str
) -> None:
    vellum.deployments["support-bot"].failures = [f"output_named:{received}"]

    said = await reply(inputs=ParticipantInputs(output=configured))

    assert said.text == "All right, then."


async def test_fields_that_are_new_to_us_do_no_harm(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].failures = ["extra_fields"]

    assert (await reply()).text == "All right, then."


TRANSIENT = {
    "rejected:INTERNAL_SERVER_ERROR": "rejected with INTERNAL_SERVER_ERROR: boom",
    "rejected:LLM_PROVIDER": "rejected with LLM_PROVIDER",
    "rejected:PROVIDER_QUOTA_EXCEEDED": "PROVIDER_QUOTA_EXCEEDED",
    "rejected:WORKFLOW_TIMEOUT": "WORKFLOW_TIMEOUT",
    "rejected:NODE_TIMEOUT": "NODE_TIMEOUT",
    "rejected:NODE_EXECUTION": "NODE_EXECUTION",
    "rejected_with_dict:LLM_PROVIDER": "rejected with LLM_PROVIDER: boom",
    "rejected_without_code": "(data.error.code: Field required)",
    "unknown_state": "(data.state: ",
    "missing_data": "(data: Field required)",
    "missing_ts": "(data.ts: Field required)",
    "wrong_value_type": "(data.outputs.0.value: Input should be a valid string)",
    "nan_value": "(data.outputs.0.value: Input should be a valid string)",
    "unknown_output_type": "(data.outputs.0.type: ",
    "null_body": "(the body: ",
    "list_body": "(the body: ",
    "empty_body": "answered 200 OK: (nothing). Expected JSON",
    "html_body": "answered 200 OK: <html>Please log in</html>. Expected JSON",
    "truncated_body": 'answered 200 OK: {"execution_id": "3f. Expected JSON',
    "no_content": "answered 204 No Content: (nothing). Expected JSON",
    "invalid_utf8": "it is not UTF-8",
    "status:408": "answered 408 Request Timeout",
    "status:409": "answered 409 Conflict",
    "status:425": "answered 425 Too Early",
    "status:500": "answered 500 Internal Server Error",
    "status:502": "answered 502 Bad Gateway",
    "status:503": "answered 503 Service Unavailable",
    "status:504": "answered 504 Gateway Timeout",
    "status:520": "answered 520: ",
    "status_html:500": "<title>Sorry</title></head> <body>Something",
    "status_html:502": "<title>Sorry</title></head> <body>Something",
    "status_empty:500": "answered 500 Internal Server Error: (nothing)",
    "status_empty:503": "answered 503 Service Unavailable: (nothing)",
    "status_huge:500": "matter matter mat",
    "status_huge:503": "matter matter mat",
    "status_repeating:500": '{"key": "[hidden]"',
    "status_repeating:503": '{"key": "[hidden]"',
    "reset": "failed (ClientOSError: [Errno 104] Connection reset by peer)",
    "close": "failed (ServerDisconnectedError: Server disconnected)",
    "garbage": "no HTTP [hidden]",
    "short_body": "received 20 of",
    "bad_gzip": "while decompressing data",
}
EMPTY = {
    "null_output": "replied with nothing",
    "empty_output": "replied with an empty message",
    "blank_output": "replied with an empty message",
}
FATAL = {
    "rejected:INVALID_INPUTS": "rejected with INVALID_INPUTS: boom",
    "rejected:WORKFLOW_INITIALIZATION": "WORKFLOW_INITIALIZATION",
    "rejected:WORKFLOW_CANCELLED": "WORKFLOW_CANCELLED",
    "rejected:NODE_CANCELLED": "NODE_CANCELLED",
    "rejected:NODE_EXECUTION_COUNT_LIMIT_REACHED": "NODE_EXECUTION_COUNT_LIMIT_REACHED",
    "rejected:INVALID_TEMPLATE": "INVALID_TEMPLATE",
    "rejected:USER_DEFINED_ERROR": "USER_DEFINED_ERROR",
    "rejected:SOMETHING_NEW": "SOMETHING_NEW",
    "rejected_with_text:INVALID_INPUTS": "rejected with INVALID_INPUTS: boom",
    "rejected_repeating:INVALID_INPUTS": '"text": "[hidden]"',
    "no_outputs": "has no output 'final-output'; its outputs are: none. Set",
    "output_named:answer": "has no output 'final-output'; its outputs are: answer. Set",
    "json_output": "'final-output', of type JSON, is an object with the fields [\"text\"]; set",
    "status:400": "answered 400 Bad Request: {",
    "status_html:400": "<title>Sorry</title>",
    "status:413": "answered 413",
    "status:422": "answered 422",
    "status_repeating:400": '{"key": "[hidden]"',
    "status_repeating:422": '{"text": "[hidden]"',
    "status_huge:400": "Check the names and types of the Workflow's inputs",
}
RUN_STOPPING = {
    "rejected:PROVIDER_CREDENTIALS_UNAVAILABLE": "add the credentials it needs",
    "rejected:INTEGRATION_CREDENTIALS_UNAVAILABLE": "add the credentials it needs",
    "status:401": "Check that VELLUM_API_KEY is valid",
    "status:403": "Check that VELLUM_API_KEY is valid",
    "status_repeating:403": '{"key": "[hidden]"',
    "status:404": "no such Workflow Deployment or release tag",
    "status_html:404": "no such Workflow Deployment or release tag",
    "status_empty:404": "(nothing). There is no such Workflow Deployment",
    "redirect:302": "check VELLUM_API_URL",
    "redirect:307": "check VELLUM_API_URL",
}
TABLE = [
    *((failure, TransientError, said) for failure, said in TRANSIENT.items()),
    *((failure, EmptyReplyError, said) for failure, said in EMPTY.items()),
    *((failure, FatalError, said) for failure, said in FATAL.items()),
    *((failure, RunStoppingError, said) for failure, said in RUN_STOPPING.items()),
]
WELL_DONE = {
    *("extra_fields", "sets_cookie"),
    *("chat_history_output", "no_execution_id"),
}
TAKING_TIME = {"hang", "hang_mid_body", "drip"}
REFUSED = ["status:429", "retry_after:0", "retry_after_date:0"]


def test_every_failure_of_the_stand_in_is_tested() -> None:
    failures = [*(failure for failure, _, _ in TABLE), *REFUSED, *TAKING_TIME]
    assert {failure.partition(":")[0] for failure in failures} == FAILURES.keys() - WELL_DONE


@pytest.mark.parametrize(
    ("failure", "error_class", "said"), [pytest.param(*row, id=row[0]) for row in TABLE]
)
async def test_every_failure_is_reported_and_classified(
    vellum: StandIn, failure: str, error_class: type[ParticipantError], said: str
) -> None:
    vellum.deployments["support-bot"].always = failure

    error = await error_of()

    assert type(error) is error_class
    assert "support-bot@production" in str(error)
    assert said in str(error)
    assert_fit_to_be_shown(error)
    assert len(vellum.requests) == 1


@pytest.mark.parametrize("failure", REFUSED)
async def test_an_account_that_lets_no_call_through_is_given_up_at_the_deadline(
    vellum: StandIn, failure: str
) -> None:
    vellum.deployments["support-bot"].always = failure

    error = await error_of(call=ONCE.model_copy(update={"deadline_seconds": 1}))

    assert type(error) is RateLimitedError
    assert "support-bot@production" in str(error)
    assert "answered 429" in str(error)
    assert "let no call through for" in str(error)
    assert_fit_to_be_shown(error)


def assert_fit_to_be_shown(error: ParticipantError) -> None:
    text, trace = str(error), "".join(traceback.format_exception(error))
    assert len(text) < 600
    assert "\n" not in text
    assert str(pickle.loads(pickle.dumps(error))) == text
    assert len(trace) < 20_000
    for private in (KEY, "weird", "ünterwear", "friend"):
        assert private not in trace


@pytest.mark.parametrize("failure", ["hang", "hang_mid_body", "drip:0.05"])
async def test_an_answer_that_does_not_arrive_in_time_is_not_waited_for(
    vellum: StandIn, failure: str
) -> None:
    vellum.deployments["support-bot"].always = failure

    error = await error_of(call=ONCE.model_copy(update={"timeout_seconds": 0.3}))

    assert type(error) is TransientError
    assert "support-bot@production did not reply within 0.3 s" in str(error)
    assert_fit_to_be_shown(error)


async def test_a_slow_answer_that_comes_in_time_is_taken(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].always = "drip:0.001"

    assert (await reply()).text == "All right, then."


async def test_no_timeout_but_the_calls_own_ends_a_call(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].latency_ms = 5500  # httpx itself ends a call after 5 s

    assert (await reply()).attempts == 1


async def test_a_name_that_vellum_does_not_know_stops_the_run(vellum: StandIn) -> None:
    error = await error_of("support-bto")

    assert type(error) is RunStoppingError
    assert "support-bto" in str(error)
    assert vellum.url in str(error)


async def test_a_dead_host_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed_soon:
        closed_soon.bind(("127.0.0.1", 0))
        port = closed_soon.getsockname()[1]
    monkeypatch.setenv("VELLUM_API_URL", f"http://127.0.0.1:{port}")

    error = await error_of()

    assert type(error) is TransientError
    assert f"the connection to http://127.0.0.1:{port} failed (ClientConnectorError" in str(error)
    assert_fit_to_be_shown(error)


async def test_a_host_that_cannot_be_found_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VELLUM_API_URL", "http://vellum.invalid")

    error = await error_of()

    assert type(error) is TransientError
    assert "the connection to http://vellum.invalid failed" in str(error)


async def test_a_certificate_that_is_not_trusted_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = self_signed_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with running_stand_in(ssl_context=context) as server:
        monkeypatch.setenv("VELLUM_API_URL", server.url)

        error = await error_of()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        trusted = await reply()

    assert type(error) is RunStoppingError
    assert "name your own authority's certificate in SSL_CERT_FILE" in str(error)
    assert_fit_to_be_shown(error)
    assert trusted.text.startswith("Answer ")


def self_signed_certificate(folder: Path) -> Path:
    """Writes one for 127.0.0.1, with its private key, and gives its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(addresses, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


# Trying again


async def test_a_call_recovers_from_transient_failures_and_counts_them(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].failures = ["status:503", "rejected:LLM_PROVIDER", "reset"]

    said = await reply(call=QUICK)

    assert said.attempts == 4
    assert len(vellum.requests) == 4


async def test_the_latency_is_that_of_the_attempt_that_succeeded(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].failures = ["retry_after:0.5"]

    started = time.monotonic()
    said = await reply(call=QUICK)
    elapsed_ms = (time.monotonic() - started) * 1000

    assert len(vellum.requests) == 2
    assert said.latency_ms is not None
    assert said.latency_ms <= elapsed_ms - 500


async def test_a_fatal_failure_is_not_tried_again(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].failures = ["status:400"]

    with pytest.raises(FatalError):
        await reply(call=QUICK)

    assert len(vellum.requests) == 1


@pytest.mark.parametrize(
    ("failure", "least_wait_seconds"),
    [("retry_after:1", 1.0), ("retry_after:0.4", 0.4), ("retry_after_date:2.5", 1.4)],
)
async def test_retry_after_is_obeyed(
    vellum: StandIn, failure: str, least_wait_seconds: float
) -> None:
    vellum.deployments["support-bot"].failures = [failure]

    await reply(call=QUICK)

    first, second = vellum.requests
    assert second.at_seconds - first.at_seconds >= least_wait_seconds


@pytest.mark.parametrize("failure", ["retry_after:31", "retry_after_date:90"])
async def test_a_retry_after_beyond_the_deadline_ends_the_call(
    vellum: StandIn, failure: str
) -> None:
    vellum.deployments["support-bot"].failures = [failure]

    error = await error_of(call=QUICK.model_copy(update={"deadline_seconds": 10}))

    assert isinstance(error, TransientError)
    assert error.retry_after_seconds is not None
    assert error.retry_after_seconds > 30
    assert len(vellum.requests) == 1


@pytest.mark.parametrize("value", ["soon", "nan", "-5", "inf", "Wed, 01 Jan 2020 00:00:00 GMT"])
async def test_a_retry_after_that_requests_nothing_is_passed_over(
    vellum: StandIn, value: str
) -> None:
    vellum.deployments["support-bot"].failures = [f"retry_after:{value}"]

    assert (await reply(call=QUICK)).attempts == 1
    assert len(vellum.requests) == 2


# The client


@pytest.mark.parametrize("around", [("", ""), ("  ", ""), ("", "\n"), ("\t", "\r\n")])
async def test_white_space_around_the_key_is_dropped(
    vellum: StandIn, monkeypatch: pytest.MonkeyPatch, around: tuple[str, str]
) -> None:
    monkeypatch.setenv("VELLUM_API_KEY", KEY.join(around))

    assert (await reply()).attempts == 1
    async with vellum_client(1) as client:
        assert client.api_key.get_secret_value() == KEY
        assert KEY not in repr(client)


@pytest.mark.parametrize(
    "key", [None, "", "  ", "sk-01 23", "sk-01\x7f23", "sk-01\n23", "sk-ünter"]
)
async def test_a_key_that_cannot_be_one_is_reported_before_anything_runs(
    vellum: StandIn, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        monkeypatch.delenv("VELLUM_API_KEY")
    else:
        monkeypatch.setenv("VELLUM_API_KEY", key)

    with pytest.raises(UsageError, match=r"^VELLUM_API_KEY ") as raised:
        await reply()

    assert "sk-" not in str(raised.value)
    assert vellum.requests == []


@pytest.mark.parametrize(
    "url",
    ["api.vellum.ai", "ftp://vellum.ai", "http://", "http:///v1", "http://a b", "http://a:99999"],
)
@pytest.mark.parametrize("variable", ["VELLUM_API_URL", "VELLUM_PREDICT_API_URL"])
async def test_a_base_url_that_is_none_is_reported_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, url)

    with pytest.raises(UsageError) as raised:
        await reply()

    assert str(raised.value).startswith(f"{variable} is {url!r}; expected a URL")


async def test_credentials_in_a_base_url_are_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VELLUM_API_URL", "https://somebody:hunter2@vellum.example/v")

    with pytest.raises(UsageError, match="without user name and password") as raised:
        await reply()

    assert "'https://vellum.example/v'" in str(raised.value)


@pytest.mark.parametrize("suffix", ["", "/"])
async def test_calls_go_to_the_predict_url(
    vellum: StandIn, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setenv("VELLUM_PREDICT_API_URL", vellum.url + suffix)
    monkeypatch.setenv("VELLUM_API_URL", "http://vellum.invalid")

    assert (await reply()).attempts == 1


async def test_a_proxy_of_the_environment_is_used(
    vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", vellum.url)
    monkeypatch.setenv("VELLUM_API_URL", "http://vellum.invalid")

    assert (await reply()).attempts == 1
    assert vellum.requests[0].headers["host"] == "vellum.invalid"


async def test_no_proxy_is_used_for_hosts_that_are_excepted(
    vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert (await reply()).attempts == 1


async def test_cookies_are_not_kept(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].always = "sets_cookie"
    async with vellum_client(1) as client:
        participant = VellumDeployment(client, ParticipantSettings(reference="support-bot"), ONCE)
        for _ in range(2):
            await participant.reply(HISTORY, TurnContext(SEED))

    assert [request.headers.get("cookie") for request in vellum.requests] == [None, None]


@pytest.mark.processes
async def test_256_calls_at_once_share_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in_process(latency_ms=300) as url:
        monkeypatch.setenv("VELLUM_API_URL", url)
        async with vellum_client(max_concurrency=256) as client:
            both = [
                VellumDeployment(client, ParticipantSettings(reference=reference), ONCE)
                for reference in ("support-bot", "simulated-user")
            ]
            replies = await asyncio.gather(
                *(
                    both[number % 2].reply(
                        HISTORY, TurnContext(Seed(seed_id=f"s{number}", message="Hello"))
                    )
                    for number in range(256)
                )
            )

    assert len({said.text for said in replies}) == 256
    assert {said.attempts for said in replies} == {1}


async def test_no_more_calls_are_made_at_once_than_allowed(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].latency_ms = 100
    async with vellum_client(max_concurrency=3) as client:
        participant = VellumDeployment(client, ParticipantSettings(reference="support-bot"), ONCE)
        await asyncio.gather(*(participant.reply(HISTORY, TurnContext(SEED)) for _ in range(12)))

    assert vellum.most_in_flight == 3


async def test_a_call_that_is_cancelled_ends_and_the_client_serves_on(vellum: StandIn) -> None:
    vellum.deployments["support-bot"].failures = ["hang"]
    async with vellum_client(max_concurrency=1) as client:
        participant = VellumDeployment(client, ParticipantSettings(reference="support-bot"), ONCE)
        hanging = asyncio.create_task(participant.reply(HISTORY, TurnContext(SEED)))
        while not vellum.requests:
            await asyncio.sleep(0.01)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging

        assert (await participant.reply(HISTORY, TurnContext(SEED))).attempts == 1


async def test_a_response_is_gone_with_its_call(vellum: StandIn) -> None:
    """The garbage collector takes a tenth of a run where it has to look for them."""
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await reply()
        gc.collect()
        left = [found for found in gc.garbage if isinstance(found, httpx.Response)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == []


def test_each_event_loop_has_its_own_client_and_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> Reply:
        async with running_stand_in() as server:
            monkeypatch.setenv("VELLUM_API_URL", server.url)
            return await reply()

    gc.collect()  # what other tests left is not this one's
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        assert [asyncio.run(run()).attempts for _ in range(2)] == [1, 1]
        gc.collect()

    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []
