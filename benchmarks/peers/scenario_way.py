"""LangWatch Scenario: scripted scenarios, run on one event loop (`arun`) and gathered.

Scenario runs one conversation; a bound for many is its caller's to make, and so a semaphore's
here. `run`, its usual way, gives each conversation a thread and an event loop of its own, and thus
a client of its own; that takes longer.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ClassVar

import scenario
from vellum import AsyncVellum

from benchmarks.bots import (
    all_simulated,
    chatbot,
    from_openai,
    quick_client,
    said,
    simulated_user,
)
from benchmarks.measuring import TURNS, Said, measured


async def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    # A conversation that has ended waits in a thread until its events are delivered: the default
    # executor has so few that most would wait for one.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(in_flight))
    async with quick_client(in_flight) as client:
        simulate = partial(conversation, client)
        with measured() as measurement:
            measurement.conversations = await all_simulated(seeds_file, in_flight, simulate)
    measurement.save(result_file)


async def conversation(client: AsyncVellum, seed_message: str) -> Said:
    result = await scenario.arun(
        name=seed_message,
        description=seed_message,
        agents=[Chatbot(client), SimulatedUser(client)],
        script=[
            scenario.user(seed_message),
            *[scenario.agent(), scenario.user()] * TURNS,
            scenario.succeed(),
        ],
        verbose=False,
    )
    return said(from_openai(result.messages))


class Chatbot(scenario.AgentAdapter):
    """The agent under test."""

    role: ClassVar = scenario.AgentRole.AGENT

    def __init__(self, client: AsyncVellum) -> None:
        self._client = client

    async def call(self, input: scenario.AgentInput) -> str:
        return await chatbot(self._client, from_openai(input.messages))


class SimulatedUser(scenario.AgentAdapter):
    """The user, in place of Scenario's own, which is a language model."""

    role: ClassVar = scenario.AgentRole.USER

    def __init__(self, client: AsyncVellum) -> None:
        self._client = client

    async def call(self, input: scenario.AgentInput) -> str:
        return await simulated_user(self._client, from_openai(input.messages))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
