"""A stand-in for Vellum's ad-hoc prompt endpoint, which forwards to a model with OpenAI's API.

The Workflow twins with a language model run in any process, except for their prompts. With this
they need no Vellum at all:

    python -m tests.support.prompt_server http://127.0.0.1:8791/v1

prints its URL, for VELLUM_API_URL, and ends on SIGINT.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web
from pydantic import TypeAdapter
from vellum import PromptExecConfig, PromptRequestInput
from vellum.prompts.blocks.compilation import compile_prompt_blocks
from vellum.prompts.blocks.types import CompiledChatMessagePromptBlock

PATH = "/v1/ad-hoc/execute-prompt-stream"
INPUTS = TypeAdapter(list[PromptRequestInput])


class PromptServer:
    """Answers a prompt with what a model makes of it."""

    def __init__(self, models_url: str) -> None:
        self._url = f"{models_url}/chat/completions"

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answers any request."""
        if request.path != PATH:
            return web.json_response({"detail": "Not found."}, status=404)
        asked = json.loads(await request.read())
        parameters = asked["parameters"]
        body = {
            "model": asked["ml_model"],
            "messages": messages_of(asked),
            "temperature": parameters["temperature"],
            "max_tokens": parameters["max_tokens"],
        }
        async with aiohttp.ClientSession() as session, session.post(self._url, json=body) as said:
            answer = await said.json()
        execution_id = str(uuid4())
        events: list[Mapping[str, Any]] = [
            {"state": "INITIATED", "execution_id": execution_id},
            {"execution_id": execution_id, **ending(answer)},
        ]
        lines = "".join(f"{json.dumps(event)}\n" for event in events)
        return web.Response(text=lines, content_type="application/x-ndjson")


def ending(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the last event of a prompt: what the model said, or why it said nothing."""
    if "choices" not in answer:
        error = {"code": "PROVIDER_ERROR", "message": str(answer.get("error", answer))}
        return {"state": "REJECTED", "error": error}
    text = answer["choices"][0]["message"]["content"]
    return {"state": "FULFILLED", "outputs": [{"type": "STRING", "value": text}]}


def messages_of(asked: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns a prompt's blocks as messages of OpenAI's, filled by the SDK's own compiler.

    The compiler leaves chat histories without `content` out, so they are put in here.
    """
    inputs = INPUTS.validate_python(asked["input_values"])
    prompt = PromptExecConfig.model_validate({**asked, "parameters": {}})
    histories = {one.key: one.value for one in inputs if one.type == "CHAT_HISTORY"}
    messages = []
    for block in prompt.blocks:
        if block.block_type == "VARIABLE" and block.input_variable in histories:
            history = histories[block.input_variable]
            messages += [(one.role, one.text or "") for one in history]
            continue
        for compiled in compile_prompt_blocks(
            [block], inputs=inputs, input_variables=prompt.input_variables
        ):
            assert isinstance(compiled, CompiledChatMessagePromptBlock)
            messages.append((compiled.role, _text(compiled.blocks)))
    return [{"role": role.lower(), "content": text} for role, text in messages]


def _text(blocks: Sequence[Any]) -> str:
    return "".join(str(block.content.value) for block in blocks)


@asynccontextmanager
async def prompt_server(models_url: str) -> AsyncIterator[str]:
    """Serves on 127.0.0.1 within this event loop, and gives its URL.

    Args:
        models_url: of a server with OpenAI's API, as in `http://127.0.0.1:8791/v1`.
    """
    server = web.Server(PromptServer(models_url).answer, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def serve(models_url: str) -> None:
    """Serves until it is stopped."""
    async with prompt_server(models_url) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for Vellum's ad-hoc prompts.")
    parser.add_argument("models_url", help="of a server with OpenAI's API, up to /v1")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().models_url))
