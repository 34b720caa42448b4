"""The way of Vellum's guide: asyncio.gather over AsyncVellum with its default HTTP client.

As a process of its own: `python -m benchmarks.guide_way SEEDS_FILE IN_FLIGHT RESULT_FILE`.

Two things differ from the guide. It is the simulated user's message that goes on with the
conversation, not the chatbot's once more. And a semaphore bounds the conversations in flight: all
at once, most calls would only wait for one of the client's 100 connections. Calls have no timeout,
as in the guide.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from vellum import (
    AsyncVellum,
    ChatMessageRequest,
    FulfilledExecuteWorkflowWorkflowResultEvent,
    WorkflowRequestChatHistoryInputRequest,
)
from vellum.utils.vellum_client import create_vellum_environment

from benchmarks.measuring import TURNS, measured

SWAPPED = {"USER": "ASSISTANT", "ASSISTANT": "USER"}


async def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    client = AsyncVellum(
        api_key=os.environ["VELLUM_API_KEY"], environment=create_vellum_environment()
    )
    bound = asyncio.Semaphore(in_flight)

    async def bounded(message: str) -> list[ChatMessageRequest]:
        async with bound:
            return await conversation(client, message)

    messages = Path(seeds_file).read_text().splitlines()
    with measured() as measurement:
        histories = await asyncio.gather(*map(bounded, messages))
    measurement.valid = sum(map(is_valid, histories, messages))
    measurement.save(result_file)


async def conversation(client: AsyncVellum, message: str) -> list[ChatMessageRequest]:
    history = [ChatMessageRequest(role="USER", text=message)]
    for _ in range(TURNS):
        answer = await reply(client, "support-bot", history)
        history.append(ChatMessageRequest(role="ASSISTANT", text=answer))
        swapped = [ChatMessageRequest(role=SWAPPED[m.role], text=m.text) for m in history]
        question = await reply(client, "simulated-user", swapped)
        history.append(ChatMessageRequest(role="USER", text=question))
    return history


async def reply(client: AsyncVellum, deployment: str, history: list[ChatMessageRequest]) -> str:
    response = await client.execute_workflow(
        workflow_deployment_name=deployment,
        inputs=[WorkflowRequestChatHistoryInputRequest(name="chat_history", value=history)],
    )
    assert isinstance(response.data, FulfilledExecuteWorkflowWorkflowResultEvent)
    (output,) = response.data.outputs
    assert output.type == "STRING"
    assert output.value is not None
    return output.value


def is_valid(history: Sequence[ChatMessageRequest], seed_message: str) -> bool:
    # Imported when all is measured: the guide's way does without.
    from duologue.conversation import EndReason, EndsWith, Message, Role
    from duologue.validation.check import check_messages
    from duologue.validation.rule import Expectations

    expected = Expectations(seed_message, TURNS, EndsWith.USER, EndReason.MAX_TURNS)
    messages = [Message(role=Role(message.role), text=message.text or "") for message in history]
    return not check_messages(messages, expected)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
