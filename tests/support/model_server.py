"""A server with OpenAI's API for chat completions, and with a chatbot of its own at `/chat`."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web

SENT_KEY = "(the key that was sent)"
"""In a script: the value of the request's Authorization header."""


class ModelServer:
    """Answers with the next line of its script, or with a status; remembers every request."""

    def __init__(self) -> None:
        self.url = ""
        self.script: deque[Any] = deque()
        """Texts, statuses, `(status, headers)` or JSON answers; then `Reply 1.` and so on."""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.allows: int | None = None
        """Calls that it holds at once; it answers 429 to more."""
        self.seconds = 0.0
        self._held = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers any request."""
        self.requests.append(await request.json())
        self.headers.append({name.title(): value for name, value in request.headers.items()})
        if self.allows is not None and self._held >= self.allows:
            return web.json_response({"error": {"message": "slow down"}}, status=429)
        self._held += 1
        try:
            await asyncio.sleep(self.seconds)
            said = self.script.popleft() if self.script else f"Reply {len(self.requests)}."
            return self._response(said, request)
        finally:
            self._held -= 1

    def _response(self, said: Any, request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(said, int):
            said = (said, {})
        if said == SENT_KEY:
            said = request.headers.get("Authorization", "")
        if isinstance(said, tuple):
            status, headers = said
            sent_key = request.headers.get("Authorization", "")
            error = {"message": f"no, {sent_key}", "code": headers.pop("code", None)}
            return web.json_response({"error": error}, status=status, headers=headers)
        if isinstance(said, dict):
            return web.json_response(said)
        if request.path == "/chat":
            return web.json_response({"answer": {"text": said}, "session": {"id": "s-77"}})
        return web.json_response(completion(said))


def completion(text: str | None, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion as OpenAI answers."""
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-2026",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
    }


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Serves on 127.0.0.1 within this event loop."""
    server = ModelServer()
    runner = web.ServerRunner(web.Server(server.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()


@contextmanager
def model_server_in_thread() -> Iterator[ModelServer]:
    """Serves in a thread, for tests that wait for other processes."""
    started, stopped = threading.Event(), asyncio.Event()
    served: list[tuple[ModelServer, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        async with model_server() as server:
            served.append((server, asyncio.get_running_loop()))
            started.set()
            await stopped.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait()
    server, loop = served[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
