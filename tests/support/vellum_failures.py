"""The ways in which the stand-in for Vellum can answer, right and wrong."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.support.vellum_contract import ERROR_CODES

Failure = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
"""Takes the request, and the argument that the failure was spelt with."""


def json_answer(value: Any, status: int = 200, **headers: str) -> web.Response:
    """Answers with any JSON value."""
    return web.Response(
        body=json.dumps(value).encode(),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def fulfilled(
    value: Any,
    *,
    name: str = "final-output",
    output_type: str = "STRING",
    execution_id: str | None = None,
    **extra: Any,
) -> web.Response:
    """Answers as Vellum does when a Workflow ran to its end, here with one output."""
    output = {"id": str(uuid4()), "name": name, "type": output_type, "value": value, **extra}
    return json_answer(_event(execution_id, state="FULFILLED", outputs=[output]))


def _event(execution_id: str | None = None, /, **data: Any) -> dict[str, Any]:
    ts = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "execution_id": execution_id or str(uuid4()),
        "run_id": str(uuid4()),
        "external_id": None,
        "data": {"id": str(uuid4()), "ts": ts, **data},
    }


def _rejected(code: str, **error: Any) -> web.Response:
    error = {"message": "boom", "code": code, "raw_data": None, "stacktrace": None, **error}
    return json_answer(_event(state="REJECTED", error=error))


def _without(key: str) -> web.Response:
    event = _event(state="FULFILLED", outputs=[])
    (event if key in event else event["data"]).pop(key)
    return json_answer(event)


def _without_execution_id() -> web.Response:
    output = {"id": str(uuid4()), "name": "final-output", "type": "STRING", "value": "Hello."}
    event = _event(state="FULFILLED", outputs=[output])
    return json_answer({**event, "execution_id": ""})


def _says(answer: Callable[[], web.Response]) -> Failure:
    """A failure that depends on neither the request nor an argument."""

    async def failure(request: web.BaseRequest, argument: str) -> web.StreamResponse:
        return answer()

    return failure


def _body(body: bytes, status: int = 200, content_type: str = "application/json") -> Failure:
    return _says(lambda: web.Response(body=body, status=status, content_type=content_type))


async def _rejected_with(
    request: web.BaseRequest, argument: str, raw_data: dict[str, str] | str | None = None
) -> web.StreamResponse:
    return _rejected(argument, raw_data=raw_data)


async def _rejected_repeating(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    sent = json.loads(await request.read())
    return _rejected(argument, message=f"cannot use {json.dumps(sent)}")


async def _output_named(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    return fulfilled("All right, then.", name=argument)


async def _sets_cookie(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    response = fulfilled("All right, then.")
    response.set_cookie("machine", "7")
    return response


async def _status(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    return json_answer({"detail": "Something is the matter."}, int(argument))


async def _status_html(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    page = "<html><head><title>Sorry</title></head>\n<body>Something is the matter.</body></html>"
    return web.Response(text=page, status=int(argument), content_type="text/html")


async def _status_empty(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    return web.Response(status=int(argument))


async def _status_huge(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    return web.Response(body=b"matter " * 750_000, status=int(argument))


async def _status_repeating(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    """Repeats all that it was sent, the key first."""
    key = request.headers["x-api-key"]
    sent = {"key": key, "body": json.loads(await request.read())}
    return json_answer(sent, int(argument), **{"x-received-key": key})


async def _redirect(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    return web.Response(status=int(argument), headers={"Location": "/login"})


async def _retry_after(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    return json_answer({"detail": "Slow down."}, 429, **{"Retry-After": argument})


async def _retry_after_date(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    date = formatdate(time.time() + float(argument), usegmt=True)
    return json_answer({"detail": "Slow down."}, 429, **{"Retry-After": date})


async def _hang(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def _started(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    """Sends the headers that announce a body, and none of it."""
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    response.content_type = "application/json"
    await response.prepare(request)
    return response


def _good_body() -> bytes:
    body = fulfilled("All right, then.").body
    assert isinstance(body, bytes)
    return body


async def _hang_mid_body(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    body = _good_body()
    response = await _started(request, body)
    await response.write(body[:20])
    return await _hang(request, argument)


async def _drip(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    """Sends a good answer, with that many seconds before each byte."""
    body = _good_body()
    response = await _started(request, body)
    for byte in body:
        await asyncio.sleep(float(argument))
        await response.write(bytes([byte]))
    return response


async def _short_body(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    body = _good_body()
    response = await _started(request, body)
    await response.write(body[:20])
    return await _close(request, argument)


async def _close(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _reset(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    assert request.transport is not None
    linger_not_at_all = struct.pack("ii", 1, 0)
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
    request.transport.abort()
    return web.Response()


async def _garbage(request: web.BaseRequest, argument: str) -> web.StreamResponse:
    """Answers with what is no HTTP, and holds the key."""
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.write(f"\x01\x02 no HTTP {request.headers['x-api-key']}\r\n\r\n".encode())
    return await _close(request, argument)


async def failing(request: web.BaseRequest, spelt: str) -> web.StreamResponse:
    """Answers as one of FAILURES, spelt `name` or `name:argument`."""
    name, _, argument = spelt.partition(":")
    answer = await FAILURES[name](request, argument)
    is_unknown_code = name.startswith("rejected") and argument not in ERROR_CODES
    if name in BEYOND_CONTRACT or is_unknown_code:
        answer[UNCHECKED] = True
    return answer


UNCHECKED = web.ResponseKey("unchecked", bool)
"""Set in an answer that breaks Vellum's contract on purpose."""

BEYOND_CONTRACT = {
    *("rejected_without_code", "unknown_state", "missing_data", "missing_ts", "wrong_value_type"),
    *("nan_value", "unknown_output_type", "null_body", "list_body", "empty_body", "html_body"),
    *("truncated_body", "no_content", "invalid_utf8", "status_html", "status_empty"),
    *("status_huge", "status_repeating", "bad_gzip", "no_execution_id"),
}
"""Failures whose answers Vellum would not give; something else at its address may."""

FAILURES: dict[str, Failure] = {
    # The Workflow ran, and says so.
    "rejected": _rejected_with,
    "rejected_with_dict": partial(_rejected_with, raw_data={"more": "detail"}),
    "rejected_with_text": partial(_rejected_with, raw_data="more detail"),
    "rejected_repeating": _rejected_repeating,
    "null_output": _says(lambda: fulfilled(None)),
    "empty_output": _says(lambda: fulfilled("")),
    "blank_output": _says(lambda: fulfilled(" \n ")),
    "no_outputs": _says(lambda: json_answer(_event(state="FULFILLED", outputs=[]))),
    "output_named": _output_named,
    "json_output": _says(lambda: fulfilled({"text": "Hello"}, output_type="JSON")),
    "chat_history_output": _says(
        lambda: fulfilled([{"role": "ASSISTANT", "text": "Hello"}], output_type="CHAT_HISTORY")
    ),
    "extra_fields": _says(lambda: fulfilled("All right, then.", weight=3)),
    "sets_cookie": _sets_cookie,
    # An answer that the SDK cannot take.
    "rejected_without_code": _says(
        lambda: json_answer(_event(state="REJECTED", error={"message": "boom"}))
    ),
    "no_execution_id": _says(lambda: _without_execution_id()),
    "unknown_state": _says(lambda: json_answer(_event(state="PONDERING"))),
    "missing_data": _says(lambda: _without("data")),
    "missing_ts": _says(lambda: _without("ts")),
    "wrong_value_type": _says(lambda: fulfilled(123)),
    "nan_value": _says(lambda: fulfilled(float("nan"))),
    "unknown_output_type": _says(lambda: fulfilled("Hello", output_type="SMELL")),
    "null_body": _body(b"null"),
    "list_body": _body(b"[]"),
    "empty_body": _body(b""),
    "html_body": _body(b"<html>Please log in</html>", content_type="text/html"),
    "truncated_body": _body(b'{"execution_id": "3f'),
    "no_content": _body(b"", status=204),
    "invalid_utf8": _body(b'{"execution_id": "\xff\xfe"}'),
    # An HTTP status, as the argument says.
    "status": _status,
    "status_html": _status_html,
    "status_empty": _status_empty,
    "status_huge": _status_huge,
    "status_repeating": _status_repeating,
    "redirect": _redirect,
    "retry_after": _retry_after,
    "retry_after_date": _retry_after_date,
    # Time.
    "hang": _hang,
    "hang_mid_body": _hang_mid_body,
    "drip": _drip,
    # The connection.
    "reset": _reset,
    "close": _close,
    "garbage": _garbage,
    "short_body": _short_body,
    "bad_gzip": _says(lambda: web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"})),
}
