"""A stand-in for Vellum's API over real HTTP, with failures on demand.

It answers POST /v1/execute-workflow, POST /v1/execute-workflow-stream and what Test Suites need.

In a test's own process:

    async with running_stand_in() as vellum:
        vellum.deployments["support-bot"].failures = ["status:503", "rejected:LLM_PROVIDER"]
        ...  # with VELLUM_API_URL set to vellum.url
        assert len(vellum.requests) == 3

As a process, for flows and benchmarks that are processes themselves (`stand_in_process()`, or
`python -m tests.vellum_stand_in --latency-ms 200`, which prints its URL first and ends on
SIGTERM), steered over the same port:

    POST /_control           {"deployment": "support-bot", "failures": ["hang"], "latency_ms": 50}
    GET  /_control/requests  what was asked, in order, unless --no-log
    GET  /_control/totals    {"requests": 6, "most_in_flight": 2}
    POST /_control/totals    counts the most in flight anew

A failure is spelt `name` or `name:argument`; FAILURES holds them all.
"""

import argparse
import asyncio
import dataclasses
import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.vellum_failures import FAILURES, fulfilled, json_answer
from tests.vellum_streams import FAULTS, PROMPT, Meta, streamed
from tests.vellum_suite_runs import answer_suite_run
from tests.vellum_test_suites import StandInSuite, answer_test_suite

ChatHistory = list[dict[str, Any]]

PLAIN_PATH = "/v1/execute-workflow"
EXECUTE_PATHS = {PLAIN_PATH, "/v1/execute-workflow-stream"}


def bot_reply(seed_id: str, chat_history: ChatHistory) -> str:
    """A statement that differs with the seed and with all that was said before."""
    a, b, c, d = _four_words(seed_id, chat_history)
    return f"Answer {a}: page {b} covers it, {c} has the exceptions and {d} the prices."


def user_reply(seed_id: str, chat_history: ChatHistory) -> str:
    """A short question that differs with the seed and with all that was said before."""
    a, b, c, _ = _four_words(seed_id, chat_history)
    return f"And what about {a}, if {b} comes with {c}?"


def _four_words(seed_id: str, chat_history: ChatHistory) -> list[str]:
    said = "\n".join([seed_id, *(str(message.get("text")) for message in chat_history)])
    digest = blake2b(said.encode(), digest_size=8).hexdigest()
    return [digest[start : start + 4] for start in range(0, 16, 4)]


@dataclass
class StandInDeployment:
    """How one Workflow Deployment behaves; every field may be changed at any time."""

    reply: Callable[[str, ChatHistory], str] = bot_reply
    """From the seed's id and the chat history as received to the text of the reply."""
    latency_ms: float = 0
    failures: list[str] = field(default_factory=list)
    """How the next calls fail, one each; after them calls succeed."""
    always: str | None = None
    """How every call fails."""
    when_history_contains: dict[str, str] = field(default_factory=dict)
    """How every call fails that has this text somewhere in its chat history."""
    metas: list[Meta | None] = field(default_factory=lambda: [PROMPT])
    """What each of its prompt nodes says of its execution; only a stream tells."""
    stream_fault: str = "fine"
    """How its streams go wrong: one of FAULTS."""

    def next_failure(self, chat_history: ChatHistory) -> str | None:
        """Says how this call fails, if it does."""
        for text, failure in self.when_history_contains.items():
            if any(text in (message.get("text") or "") for message in chat_history):
                return failure
        return self.failures.pop(0) if self.failures else self.always


@dataclass(frozen=True)
class LoggedRequest:
    """A call as it was received."""

    at_seconds: float
    """On the clock of `time.monotonic`."""
    deployment: str | None
    release_tag: str | None
    inputs: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    path: str
    headers: dict[str, str]
    """By names in lower case; the key's value is left out."""
    body: dict[str, Any]

    @property
    def chat_history(self) -> ChatHistory:
        """The value of the CHAT_HISTORY input."""
        return _chat_history(self.inputs) or []


class StandIn:
    """A server that runs: where, what it was asked, and how it behaves."""

    def __init__(self, latency_ms: float = 0, keep_log: bool = True) -> None:
        self.url = ""
        self.deployments = {
            "support-bot": StandInDeployment(bot_reply, latency_ms),
            "simulated-user": StandInDeployment(user_reply, latency_ms),
        }
        self.test_suites = {"my-test-suite": StandInSuite()}
        self.requests: list[LoggedRequest] = []
        self.request_count = 0
        self.most_in_flight = 0
        self._in_flight = 0
        self._keep_log = keep_log

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers any request; a plain function of the path is quicker than a router."""
        if request.path in EXECUTE_PATHS and request.method == "POST":
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            try:
                return await self._execute_workflow(request)
            finally:
                self._in_flight -= 1
        if request.path.startswith("/v1/test-suites/"):
            return await answer_test_suite(request, self.test_suites)
        if request.path.startswith("/v1/test-suite-runs"):
            return await answer_suite_run(request, self.test_suites)
        if request.path.startswith("/_control"):
            return await self._control(request)
        return json_answer({"detail": "Not found."}, 404)

    async def _execute_workflow(self, request: web.BaseRequest) -> web.StreamResponse:
        body = json.loads(await request.read())
        self._log(request, body)
        if not request.headers.get("x-api-key"):
            return json_answer({"detail": "Authentication credentials were not provided."}, 403)
        deployment = self.deployments.get(body.get("workflow_deployment_name"))
        if deployment is None:
            return json_answer({"detail": "No WorkflowDeployment matches the given query."}, 404)
        chat_history = _chat_history(body["inputs"])
        if chat_history is None:
            return json_answer({"detail": "Input chat_history: expected CHAT_HISTORY."}, 400)
        if deployment.latency_ms:
            await asyncio.sleep(deployment.latency_ms / 1000)
        if failure := deployment.next_failure(chat_history):
            name, _, argument = failure.partition(":")
            answer = await FAILURES[name](request, argument)
        else:
            seed_id = (body.get("metadata") or {}).get("seed_id", "")
            answer = fulfilled(deployment.reply(seed_id, chat_history))
        if request.path == PLAIN_PATH:
            return answer
        return await streamed(request, answer, deployment.metas, deployment.stream_fault)

    def _log(self, request: web.BaseRequest, body: dict[str, Any]) -> None:
        self.request_count += 1
        if not self._keep_log:
            return
        headers = {name.lower(): value for name, value in request.headers.items()}
        if "x-api-key" in headers:
            headers["x-api-key"] = "…"
        self.requests.append(
            LoggedRequest(
                time.monotonic(),
                body.get("workflow_deployment_name"),
                body.get("release_tag"),
                body["inputs"],
                body.get("metadata"),
                request.path,
                headers,
                body,
            )
        )

    async def _control(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and request.path == "/_control/requests":
            return json_answer([asdict(logged) for logged in self.requests])
        if request.method == "GET" and request.path == "/_control/totals":
            return json_answer(
                {"requests": self.request_count, "most_in_flight": self.most_in_flight}
            )
        if request.path == "/_control/totals":
            self.most_in_flight = self._in_flight
            return json_answer({})
        changes = json.loads(await request.read())
        deployment = self.deployments.setdefault(changes.pop("deployment"), StandInDeployment())
        if unknown := _unknown_words(changes):
            return json_answer({"detail": f"unknown: {', '.join(sorted(unknown))}"}, 400)
        for name, value in changes.items():
            setattr(deployment, name, value)
        return json_answer({})


def _unknown_words(changes: dict[str, Any]) -> set[str]:
    failures = [*changes.get("failures", []), *changes.get("when_history_contains", {}).values()]
    if always := changes.get("always"):
        failures.append(always)
    unknown_failures = {failure.partition(":")[0] for failure in failures} - FAILURES.keys()
    unknown_failures |= {changes.get("stream_fault", "fine")} - FAULTS.keys()
    fields = {f.name for f in dataclasses.fields(StandInDeployment)} - {"reply"}
    return unknown_failures | (changes.keys() - fields)


def _chat_history(inputs: list[dict[str, Any]]) -> ChatHistory | None:
    return next((one["value"] for one in inputs if one["type"] == "CHAT_HISTORY"), None)


@asynccontextmanager
async def running_stand_in(
    latency_ms: float = 0,
    port: int = 0,
    keep_log: bool = True,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[StandIn]:
    """Serves on 127.0.0.1 within this event loop; port 0 stands for any free one."""
    async with serving(StandIn(latency_ms, keep_log), port, ssl_context) as stand_in:
        yield stand_in


@asynccontextmanager
async def serving(
    stand_in: StandIn, port: int = 0, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[StandIn]:
    """Serves a stand-in that was made before."""
    # Handlers end with their client, so that one that hangs does not outlive its test.
    server = web.Server(stand_in.answer, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=ssl_context, backlog=1024).start()
        host, bound_port = runner.addresses[0][:2]
        stand_in.url = f"{'https' if ssl_context else 'http'}://{host}:{bound_port}"
        yield stand_in
    finally:
        await runner.cleanup()


@contextmanager
def stand_in_process(latency_ms: float = 0, keep_log: bool = True) -> Iterator[str]:
    """Serves in a process of its own, and gives its URL."""
    command = [sys.executable, "-m", "tests.vellum_stand_in", "--latency-ms", str(latency_ms)]
    if not keep_log:
        command.append("--no-log")
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def serve(stand_in: StandIn, port: int = 0) -> None:
    """Serves until SIGTERM or SIGINT, in a process that does nothing else."""
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    async with serving(stand_in, port):
        sys.stdout.write(f"{stand_in.url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for Vellum's API.")
    parser.add_argument("--port", type=int, default=0, help="0 stands for any free one")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--no-log", action="store_true", help="forget requests once answered")
    arguments = parser.parse_args()
    asyncio.run(serve(StandIn(arguments.latency_ms, not arguments.no_log), arguments.port))
