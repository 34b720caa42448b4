"""Own scorers of whole conversations."""

import asyncio

import pytest

from duologue.comparison.scorers import own_scores
from duologue.conversation.messages import Conversation
from tests.dataset.making import checked

CONVERSATIONS = [checked(f"Where is {n}?", "On its way.").conversation for n in range(3)]


def number(conversation: Conversation) -> float | None:
    """Scores the second one, has none for the third, and fails at the first."""
    place = CONVERSATIONS.index(conversation)
    return [float("nan"), 2.5, None][place]


class Meeting:
    """An async scorer in which every call waits for all the others."""

    def __init__(self) -> None:
        self.everyone = asyncio.Barrier(len(CONVERSATIONS))

    async def __call__(self, conversation: Conversation) -> bool:
        await self.everyone.wait()
        return True


def raises(conversation: Conversation) -> float:
    raise SystemExit


async def test_scores_are_by_conversation_and_failures_are_counted() -> None:
    found = await own_scores({"number": number, "raises": raises}, CONVERSATIONS, 4)
    assert found.scores == [{}, {"number": 2.5}, {}]
    assert found.failed == {"number": 1, "raises": 3}


@pytest.mark.timeout(60)
async def test_an_async_scorer_runs_on_several_conversations_at_once() -> None:
    found = await own_scores({"meeting": Meeting()}, CONVERSATIONS, len(CONVERSATIONS))
    assert found.scores == [{"meeting": 1.0}] * 3
