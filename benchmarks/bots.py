"""The chatbot and the simulated user, for the ways that call them with the Vellum SDK alone.

Needs the SDK, and `quick_client` httpx-aiohttp as well, but not Duologue.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from vellum import (
    AsyncVellum,
    ChatMessageRequest,
    FulfilledExecuteWorkflowWorkflowResultEvent,
    WorkflowRequestChatHistoryInputRequest,
)
from vellum.utils.vellum_client import create_vellum_environment

from benchmarks.measuring import Said

History = list[ChatMessageRequest]

SWAPPED = {"USER": "ASSISTANT", "ASSISTANT": "USER"}


def new_client(http_client: httpx.AsyncClient | None = None) -> AsyncVellum:
    """The SDK's client, above its default HTTP client or another one."""
    return AsyncVellum(
        api_key=os.environ["VELLUM_API_KEY"],
        environment=create_vellum_environment(),
        httpx_client=http_client,
    )


@asynccontextmanager
async def quick_client(in_flight: int) -> AsyncIterator[AsyncVellum]:
    """The SDK's client above aiohttp, as Duologue has it."""
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=in_flight), cookie_jar=aiohttp.DummyCookieJar()
    )
    transport = AiohttpTransport(client=session)
    async with httpx.AsyncClient(transport=transport, timeout=None) as http_client:
        yield new_client(http_client)


async def chatbot(client: AsyncVellum, history: Sequence[ChatMessageRequest]) -> str:
    return await _reply(client, "support-bot", list(history))


async def simulated_user(client: AsyncVellum, history: Sequence[ChatMessageRequest]) -> str:
    swapped = [ChatMessageRequest(role=SWAPPED[m.role], text=m.text) for m in history]
    return await _reply(client, "simulated-user", swapped)


async def _reply(client: AsyncVellum, deployment: str, history: History) -> str:
    response = await client.execute_workflow(
        workflow_deployment_name=deployment,
        inputs=[WorkflowRequestChatHistoryInputRequest(name="chat_history", value=history)],
    )
    assert isinstance(response.data, FulfilledExecuteWorkflowWorkflowResultEvent)
    (output,) = response.data.outputs
    assert output.type == "STRING"
    assert output.value is not None
    return output.value


def history_of(messages: Iterable[tuple[str, str]]) -> History:
    """Takes messages with the roles that most tools have, `user` and `assistant`."""
    return [ChatMessageRequest(role=role.upper(), text=text) for role, text in messages]


def from_openai(messages: Iterable[Mapping[str, object]]) -> History:
    """Takes messages as OpenAI has them."""
    return history_of((str(message["role"]), str(message["content"])) for message in messages)


def said(history: Sequence[ChatMessageRequest]) -> Said:
    """A conversation as the comparing process reads it."""
    return [(message.role, message.text or "") for message in history]


async def all_simulated(
    seeds_file: str, in_flight: int, simulate: Callable[[str], Awaitable[Said]]
) -> list[Said]:
    """Simulates each seed of a file, as many at once as may be in flight.

    For ways that offer no such bound: without one, most calls would only wait for a connection.
    """
    bound = asyncio.Semaphore(in_flight)

    async def bounded(message: str) -> Said:
        async with bound:
            return await simulate(message)

    return await asyncio.gather(*map(bounded, seed_messages(seeds_file)))


def seed_messages(seeds_file: str) -> list[str]:
    return Path(seeds_file).read_text().splitlines()
