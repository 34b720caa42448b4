"""Executions as the stand-in for Vellum streams them: NDJSON, a line an event.

WORKFLOW INITIATED, then of each prompt node INITIATED, STREAMING and FULFILLED, then of a node
that has no prompt FULFILLED, then WORKFLOW STREAMING, and last FULFILLED or REJECTED
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.support.vellum_contract import STREAM_EVENT, TRIGGER_EVENT, check
from tests.support.vellum_failures import UNCHECKED

Meta = Mapping[str, Any]
"""What a prompt node says of its execution in `execution_meta`."""

PROMPT: Meta = {
    "usage": {"input_token_count": 120, "output_token_count": 30, "input_char_count": 480},
    "cost": {"value": 0.25, "unit": "USD"},
    "model_name": "gpt-4o-mini",
}
"""In quarters, so that sums are exact."""


async def streamed(
    request: web.BaseRequest, answer: web.StreamResponse, metas: Sequence[Meta | None], fault: str
) -> web.StreamResponse:
    """Answers with the events of an execution that a plain call would have been answered with.

    Args:
        request: of the stream.
        answer: of the plain call. What is not of an execution, such as an error, is given as it is.
        metas: of each prompt node; None for one that says nothing.
        fault: one of FAULTS, or `fine`.
    """
    result = _event_of(answer)
    if result is None:
        return answer
    asked = json.loads(await request.read())
    metas = [meta and _expanded(meta, asked.get("expand_meta") or {}) for meta in metas]
    events = list(_events(result, metas))
    events = [event for event in events if event["type"] in asked.get("event_types", ["WORKFLOW"])]
    response = web.StreamResponse()
    response.content_type = "application/x-ndjson"
    await response.prepare(request)
    if UNCHECKED not in answer:
        for event in events:
            check("event", STREAM_EVENT, event)
    await FAULTS[fault](response, [json.dumps(event).encode() + b"\n" for event in events])
    if fault == "cut":
        assert request.transport is not None
        request.transport.close()
    return response


def _event_of(answer: web.StreamResponse) -> dict[str, Any] | None:
    if not isinstance(answer, web.Response) or answer.status != 200:
        return None
    assert isinstance(answer.body, bytes)
    try:
        event = json.loads(answer.body)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _expanded(meta: Meta, asked: Mapping[str, bool]) -> Meta:
    return {name: value for name, value in meta.items() if asked.get(name, True)}


def _events(result: dict[str, Any], metas: Sequence[Meta | None]) -> Iterator[dict[str, Any]]:
    ids = {name: value for name, value in result.items() if name != "data"}
    data = {"id": str(uuid4()), "ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    yield {"type": "WORKFLOW", **ids, "data": {**data, "state": "INITIATED", "output": None}}
    for meta in metas:
        node = {"id": str(uuid4()), "node_id": str(uuid4()), "node_result_id": str(uuid4())}
        said = {"output_id": str(uuid4()), "text": "All right, then."}
        so_far = {"type": "PROMPT", "data": {**said, "execution_meta": meta}}
        whole = {"type": "PROMPT", "data": said if meta is None else so_far["data"]}
        yield _node(ids, node, state="INITIATED", data=None)
        yield _node(ids, node, state="STREAMING", data=so_far)
        yield _node(ids, node, state="FULFILLED", data=whole, output_values=[])
    node = {"id": str(uuid4()), "node_id": str(uuid4()), "node_result_id": str(uuid4())}
    output = {"id": str(uuid4()), "name": "result", "type": "STRING", "value": "x"}
    templated = {"type": "TEMPLATING", "data": {"output": output}}
    yield _node(ids, node, state="FULFILLED", data=templated, output_values=[])
    yield {"type": "WORKFLOW", **ids, "data": {**data, "state": "STREAMING", "output": None}}
    # A failure may have left out the data.
    last = {**result["data"], "output": None} if isinstance(result.get("data"), dict) else None
    yield {"type": "WORKFLOW", **result, **({"data": last} if last else {})}


def _node(ids: dict[str, Any], node: dict[str, str], **data: Any) -> dict[str, Any]:
    return {"type": "NODE", **ids, "data": {**node, **data}}


async def _fine(response: web.StreamResponse, lines: list[bytes]) -> None:
    for line in lines:
        await response.write(line)


async def _no_result(response: web.StreamResponse, lines: list[bytes]) -> None:
    await _fine(response, lines[:-1])


async def _garbled_result(response: web.StreamResponse, lines: list[bytes]) -> None:
    await _fine(response, [*lines[:-1], lines[-1][:40] + b"\n"])


async def _garbled_lines(response: web.StreamResponse, lines: list[bytes]) -> None:
    garbled = [
        b"no JSON\n",
        b"[]\n",
        b"\n",
        b'{"type": "SOUND"}\n',
        b'{"type": "NODE", "data": 3}\n',
    ]
    await _fine(response, [line for good in lines for line in (*garbled, good)])


async def _no_data_in_result(response: web.StreamResponse, lines: list[bytes]) -> None:
    result = json.loads(lines[-1])
    result["data"].pop("outputs", None)
    result["data"].pop("error", None)
    await _fine(response, [*lines[:-1], json.dumps(result).encode() + b"\n"])


async def _new_fields(response: web.StreamResponse, lines: list[bytes]) -> None:
    def with_more(event: dict[str, Any]) -> dict[str, Any]:
        more = {name: with_more(v) if isinstance(v, dict) else v for name, v in event.items()}
        return {**more, "brand_new": {"a": [1]}}

    await _fine(
        response, [json.dumps(with_more(json.loads(line))).encode() + b"\n" for line in lines]
    )


async def _hang(response: web.StreamResponse, lines: list[bytes]) -> None:
    await _no_result(response, lines)
    await asyncio.Event().wait()


async def _cut(response: web.StreamResponse, lines: list[bytes]) -> None:
    """Stops in the middle of the result; `streamed` then closes the connection."""
    await _fine(response, [*lines[:-1], lines[-1][:40]])


async def streamed_by_trigger(
    request: web.BaseRequest, answer: web.StreamResponse, name: str
) -> web.StreamResponse:
    """Answers with the events of an execution that a trigger started.

    The outputs of the fulfilled event are values by name, without types or ids.
    """
    result = _event_of(answer)
    if result is None or not isinstance(result.get("data"), dict):
        return answer
    asked, data = json.loads(await request.read()), result["data"]
    definition = {"id": str(uuid4()), "name": name, "module": ["workflow"]}
    span = {"trace_id": str(uuid4()), "span_id": result["execution_id"]}
    body: dict[str, Any]
    if data.get("state") == "FULFILLED":
        outputs = {output["name"]: output["value"] for output in data["outputs"]}
        end, body = "fulfilled", {"outputs": outputs}
    else:
        end, body = "rejected", {"error": data["error"]}
    events = []
    for event, said in (("initiated", {"inputs": asked.get("inputs", {})}), (end, body)):
        ids = {"id": str(uuid4()), "timestamp": data["ts"], **span}
        said = {"workflow_definition": definition, **said}
        events.append({"name": f"workflow.execution.{event}", "body": said, **ids})
    response = web.StreamResponse()
    response.content_type = "text/event-stream"
    await response.prepare(request)
    for one in events:
        check("event", TRIGGER_EVENT, one)
        await response.write(json.dumps(one).encode() + b"\n")
    return response


FAULTS: dict[str, Callable[[web.StreamResponse, list[bytes]], Awaitable[None]]] = {
    "fine": _fine,
    "no_result": _no_result,
    "garbled_result": _garbled_result,
    "garbled_lines": _garbled_lines,
    "no_data_in_result": _no_data_in_result,
    "new_fields": _new_fields,
    "hang": _hang,
    "cut": _cut,
}
"""How the streams of a Workflow Deployment go wrong, whatever they tell."""
