"""A stand-in for Vellum's API over real HTTP, with failures on demand.

It executes Workflow and Prompt Deployments, describes them and their releases, and answers what
Test Suites need. Every request and every answer is checked against vellum_contract.py: a
request that Vellum's API would reject is answered with 400, and an answer that Vellum would not
give is an error of the stand-in.

In a test's own process:

    async with running_stand_in() as vellum:
        vellum.deployments["support-bot"].failures = ["status:503", "rejected:LLM_PROVIDER"]
        ...  # with VELLUM_API_URL set to vellum.url
        assert len(vellum.requests) == 3

As a process, for flows and benchmarks that are processes themselves (`stand_in_process()`, or
`python -m tests.support.vellum_stand_in --latency-ms 200`, which prints its URL first and ends on
SIGTERM), steered over the same port:

    POST /_control           {"deployment": "support-bot", "failures": ["hang"], "latency_ms": 50}
    GET  /_control/requests  what was asked, in order, unless --no-log
    GET  /_control/executions  by deployment and id, what stateful executions continued
    GET  /_control/totals    {"requests": 6, "most_in_flight": 2}
    POST /_control/totals    counts the most in flight from zero

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
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from aiohttp import web

from tests.support.vellum_contract import ContractError, check, check_answer, endpoint_of
from tests.support.vellum_deployments import (
    ChatHistory,
    StandInDeployment,
    answer_deployment,
    bot_reply,
    found,
    user_reply,
)
from tests.support.vellum_failures import FAILURES, UNCHECKED, failing, fulfilled, json_answer
from tests.support.vellum_metrics import StandInMetric, answer_metric
from tests.support.vellum_streams import FAULTS, streamed, streamed_by_trigger
from tests.support.vellum_suite_runs import answer_suite_run
from tests.support.vellum_test_suites import StandInSuite, answer_test_suite

__all__ = ["ChatHistory", "StandInDeployment", "bot_reply", "user_reply"]

PLAIN_PATH = "/v1/execute-workflow"
PROMPT_PATH = "/v1/execute-prompt"
EXECUTE_PATHS = {PLAIN_PATH, "/v1/execute-workflow-stream", PROMPT_PATH}
ACTUALS_PATH = "/v1/submit-workflow-execution-actuals"
TRIGGER_ENDING = "/execute-stream"


@dataclass(frozen=True)
class LoggedRequest:
    """A call as it was received."""

    at_seconds: float
    """On the clock of `time.monotonic`."""
    deployment: str | None
    release_tag: str | None
    """The tag that was requested, also if the release's own tag was sent."""
    inputs: list[dict[str, Any]]
    """Those of a trigger, which have no types, without them."""
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
        self.prompts: dict[str, StandInDeployment] = {}
        self.metrics: dict[str, StandInMetric] = {}
        self.actuals: dict[str, list[dict[str, Any]]] = {}
        """What was submitted about each execution, by its id."""
        self.actual_failures: list[int] = []
        """The statuses that the next submissions are refused with."""
        self.test_suites = {"my-test-suite": StandInSuite()}
        self.requests: list[LoggedRequest] = []
        self.request_count = 0
        self.most_in_flight = 0
        self.refused: list[str] = []
        """Why requests were not as Vellum's API has them."""
        self.mistakes: list[str] = []
        """Why answers of this stand-in were not."""
        self._in_flight = 0
        self._external_ids: set[str] = set()
        self._keep_log = keep_log

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers any request, if both it and the answer are as Vellum's API has them."""
        if request.path.startswith("/_control"):
            return await self._control(request)
        endpoint = endpoint_of(request.method, request.rel_url.raw_path)
        if endpoint is None:
            return json_answer({"detail": "Not found."}, 404)
        if not self._keep_log:  # for benchmarks: no checks either
            return await self._routed(request)
        if endpoint.body is not None:
            try:
                body = json.loads(await request.read())
                check(f"request to {endpoint.path}", endpoint.body, body)
            except (ValueError, ContractError) as error:
                self.refused.append(str(error))
                return json_answer({"detail": str(error)}, 400)
        try:
            answer = await self._routed(request)
            if isinstance(answer, web.Response) and UNCHECKED not in answer and answer.body:
                assert isinstance(answer.body, bytes)
                check_answer(endpoint, answer.status, json.loads(answer.body))
        except ContractError as error:
            self.mistakes.append(str(error))
            raise
        return answer

    async def _routed(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path in EXECUTE_PATHS or path.endswith(TRIGGER_ENDING):
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            try:
                return await self._executed(request)
            finally:
                self._in_flight -= 1
        if path.startswith("/v1/metric-definitions/"):
            return await answer_metric(request, self.metrics)
        if path == ACTUALS_PATH:
            return await self._submitted(request)
        if path.startswith("/v1/test-suites/"):
            return await answer_test_suite(request, self.test_suites)
        if path.startswith("/v1/test-suite-runs"):
            return await answer_suite_run(request, self.test_suites)
        prompts = path.startswith("/v1/deployments/")
        deployments = self.prompts if prompts else self.deployments
        return answer_deployment(request, deployments, await request.read())

    async def _submitted(self, request: web.BaseRequest) -> web.Response:
        if self.actual_failures:
            return json_answer({"detail": "No."}, self.actual_failures.pop(0))
        body = json.loads(await request.read())
        if not (execution_id := body.get("execution_id")):
            return json_answer({"detail": "execution_id: expected it or external_id."}, 400)
        self.actuals.setdefault(execution_id, []).extend(body["actuals"])
        return json_answer({})

    async def _executed(self, request: web.BaseRequest) -> web.StreamResponse:
        body = json.loads(await request.read())
        is_prompt, by_trigger = request.path == PROMPT_PATH, request.path.endswith(TRIGGER_ENDING)
        kind = "prompt" if is_prompt else "workflow"
        if by_trigger:
            body[f"{kind}_deployment_name"] = unquote(request.raw_path.split("/")[3])
        there = found(
            self.prompts if is_prompt else self.deployments,
            body.get(f"{kind}_deployment_name") or body.get(f"{kind}_deployment_id"),
        )
        self._log(request, body, there, kind)
        if not request.headers.get("x-api-key"):
            return json_answer({"detail": "Authentication credentials were not provided."}, 403)
        if there is None:
            return json_answer({"detail": "No WorkflowDeployment matches the given query."}, 404)
        name, deployment = there
        if self._is_used(body.get("external_id")):
            return json_answer({"detail": "external_id: must be unique within a Workspace."}, 400)
        previous = body.get("previous_execution_id")
        if previous is not None and previous not in deployment.executions:
            # GUESS: what Vellum answers with is documented nowhere.
            return json_answer({"detail": "No WorkflowExecution matches the given query."}, 404)
        inputs = body.get("inputs", [])
        values = inputs if by_trigger else {one["name"]: one["value"] for one in inputs}
        chat_history = _chat_history([] if by_trigger else inputs)
        if chat_history is None:
            chat_history = deployment.history_of(values, previous)
        if chat_history is None:
            return json_answer({"detail": "Input chat_history: expected CHAT_HISTORY."}, 400)
        if deployment.latency_ms:
            await asyncio.sleep(deployment.latency_ms / 1000)
        if failure := deployment.next_failure(chat_history):
            answer = await failing(request, failure)
        else:
            seed_id = (body.get("metadata") or {}).get("seed_id", "")
            said = deployment.reply(seed_id, chat_history)
            answer = self._fulfilled(deployment, [*chat_history, assistant(said)], previous)
        if is_prompt:
            return prompted(answer, body, deployment.metas[0])
        if by_trigger:
            return await streamed_by_trigger(request, answer, name)
        if request.path == PLAIN_PATH:
            return answer
        return await streamed(request, answer, deployment.metas, deployment.stream_fault)

    def _fulfilled(
        self, deployment: StandInDeployment, history: ChatHistory, previous: str | None
    ) -> web.Response:
        execution_id = str(uuid4())
        if "CHAT_HISTORY" not in deployment.inputs.values():
            deployment.keep(execution_id, history, previous)
        type_, value = deployment.output(history)
        return fulfilled(
            value, name=deployment.output_name, output_type=type_, execution_id=execution_id
        )

    def _is_used(self, external_id: str | None) -> bool:
        """Checks whether an external id was sent before, and remembers it."""
        if external_id is None:
            return False
        used = external_id in self._external_ids
        self._external_ids.add(external_id)
        return used

    def _log(
        self,
        request: web.BaseRequest,
        body: dict[str, Any],
        there: tuple[str, StandInDeployment] | None,
        kind: str,
    ) -> None:
        self.request_count += 1
        if not self._keep_log:
            return
        tag = body.get("release_tag")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if "x-api-key" in headers:
            headers["x-api-key"] = "…"
        self.requests.append(
            LoggedRequest(
                time.monotonic(),
                there[0] if there else body.get(f"{kind}_deployment_name"),
                there[1].tag(tag) if there else tag,
                inputs if isinstance(inputs := body.get("inputs", []), list) else [],
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
        if request.path == "/_control/executions":
            return json_answer(
                {
                    name: {id_: asdict(one) for id_, one in deployment.executions.items()}
                    for name, deployment in self.deployments.items()
                }
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
    fields = {f.name for f in dataclasses.fields(StandInDeployment)} - {"reply", "output"}
    return unknown_failures | (changes.keys() - fields)


def _chat_history(inputs: list[dict[str, Any]]) -> ChatHistory | None:
    return next((one["value"] for one in inputs if one["type"] == "CHAT_HISTORY"), None)


def assistant(text: str) -> dict[str, Any]:
    """A message of the chatbot, as a Workflow keeps it in its chat history."""
    return {"role": "ASSISTANT", "text": text}


def prompted(answer: web.StreamResponse, asked: dict[str, Any], meta: Any) -> web.StreamResponse:
    """Turns the answer of a Workflow Deployment into that of a Prompt Deployment."""
    if not isinstance(answer, web.Response) or answer.status != 200 or UNCHECKED in answer:
        return answer
    assert isinstance(answer.body, bytes)
    event = json.loads(answer.body)
    data = event["data"]
    said: dict[str, Any] = {"execution_id": event["execution_id"], "state": data["state"]}
    if asked.get("expand_meta") and meta is not None:
        said["meta"] = {"finish_reason": "STOP", **meta}
    if data["state"] == "REJECTED":
        code = "PROVIDER_ERROR" if data["error"]["code"] == "LLM_PROVIDER" else "INVALID_INPUTS"
        return json_answer({**said, "error": {"code": code, "message": data["error"]["message"]}})
    outputs = [{"type": one["type"], "value": one["value"]} for one in data["outputs"]]
    return json_answer({**said, "outputs": outputs})


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
    assert not stand_in.mistakes, stand_in.mistakes


@contextmanager
def stand_in_process(latency_ms: float = 0, keep_log: bool = True) -> Iterator[str]:
    """Serves in a process of its own, and gives its URL."""
    command = [
        sys.executable,
        "-m",
        "tests.support.vellum_stand_in",
        "--latency-ms",
        str(latency_ms),
    ]
    if not keep_log:
        command.append("--no-log")
    root = Path(__file__).parents[2]
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
    parser.add_argument("--no-log", action="store_true", help="neither keep nor check requests")
    arguments = parser.parse_args()
    asyncio.run(serve(StandIn(arguments.latency_ms, not arguments.no_log), arguments.port))
