"""OpenEvals: `run_multiturn_simulation_async`, gathered.

OpenEvals runs one conversation; a bound for many is its caller's to make, and so a semaphore's
here.

It ends with the chatbot, Duologue with the user. Once the simulated user has said its last, the
chatbot's part is therefore to give back the message that it was given: OpenEvals merges messages
by id, so nothing is added, and nobody is called.
"""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from typing import TypedDict

from openevals.simulators import run_multiturn_simulation_async
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


class Message(TypedDict):
    """A message as OpenEvals has it; one that has no id is given one."""

    role: str
    content: str


async def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    async with quick_client(in_flight) as client:
        simulate = partial(conversation, client)
        with measured() as measurement:
            measurement.conversations = await all_simulated(seeds_file, in_flight, simulate)
    measurement.save(result_file)


async def conversation(client: AsyncVellum, seed_message: str) -> Said:
    # The chatbot is told the latest message only, and has to remember the others.
    remembered: list[Message] = []

    async def answer(message: Message, *, thread_id: str) -> Message:
        remembered.append(message)
        if len(remembered) > 2 * TURNS:
            return message
        text = await chatbot(client, from_openai(remembered))
        remembered.append(Message(role="assistant", content=text))
        return remembered[-1]

    async def ask(trajectory: Sequence[Message], *, turn_counter: int, thread_id: str) -> Message:
        if turn_counter == 0:
            return Message(role="user", content=seed_message)
        text = await simulated_user(client, from_openai(trajectory))
        return Message(role="user", content=text)

    result = await run_multiturn_simulation_async(app=answer, user=ask, max_turns=TURNS + 1)
    return said(from_openai(result["trajectory"]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
