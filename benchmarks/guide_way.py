"""The way of Vellum's guide: asyncio.gather over AsyncVellum with its default HTTP client.

As a process of its own: `python -m benchmarks.guide_way SEEDS_FILE IN_FLIGHT RESULT_FILE`.

Two things differ from the guide. It is the simulated user's message that goes on with the
conversation, not the chatbot's once more. And a semaphore bounds the conversations in flight: all
at once, most calls would only wait for one of the client's 100 connections. Calls have no timeout,
as in the guide.
"""

import asyncio
import sys
from functools import partial

from vellum import AsyncVellum, ChatMessageRequest

from benchmarks.bots import all_simulated, chatbot, new_client, said, simulated_user
from benchmarks.measuring import TURNS, Said, measured


async def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    client = new_client()
    simulate = partial(conversation, client)
    with measured() as measurement:
        measurement.conversations = await all_simulated(seeds_file, in_flight, simulate)
    measurement.save(result_file)


async def conversation(client: AsyncVellum, message: str) -> Said:
    history = [ChatMessageRequest(role="USER", text=message)]
    for _ in range(TURNS):
        answer = await chatbot(client, history)
        history.append(ChatMessageRequest(role="ASSISTANT", text=answer))
        question = await simulated_user(client, history)
        history.append(ChatMessageRequest(role="USER", text=question))
    return said(history)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
