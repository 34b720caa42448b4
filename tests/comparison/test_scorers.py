"""Own scorers of whole conversations."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from duologue.comparison.scorers import own_scores
from duologue.conversation.messages import Conversation
from duologue.foreign_code import TIMEOUTS_TO_GIVE_UP
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
    found = await own_scores({"number": number, "raises": raises}, CONVERSATIONS, 4, 60)
    assert found.scores == [{}, {"number": 2.5}, {}]
    assert found.failed == {"number": 1, "raises": 3}


@pytest.mark.timeout(60)
async def test_an_async_scorer_runs_on_several_conversations_at_once() -> None:
    found = await own_scores({"meeting": Meeting()}, CONVERSATIONS, len(CONVERSATIONS), 60)
    assert found.scores == [{"meeting": 1.0}] * 3


def _is_second(conversation: Conversation) -> bool:
    return conversation is CONVERSATIONS[1]


async def raises_later(conversation: Conversation) -> bool:
    await asyncio.sleep(0)
    if _is_second(conversation):
        raise ValueError
    return True


def hangs(conversation: Conversation) -> bool:
    if _is_second(conversation):
        threading.Event().wait()
    return True


async def hangs_later(conversation: Conversation) -> bool:
    if _is_second(conversation):
        await asyncio.Event().wait()
    return True


@pytest.mark.timeout(60)
@pytest.mark.parametrize("scorer", [raises_later, hangs, hangs_later])
async def test_a_scorer_that_raises_or_never_ends_fails_its_own_conversation_only(
    scorer: Callable[[Conversation], Any],
) -> None:
    found = await own_scores({"own": scorer}, CONVERSATIONS, 4, timeout_seconds=1)
    assert found.scores == [{"own": 1.0}, {}, {"own": 1.0}]
    assert found.failed == {"own": 1}


@pytest.mark.timeout(60)
async def test_a_scorer_that_never_returns_at_all_is_given_up() -> None:
    called = []

    def never(conversation: Conversation) -> bool:
        called.append(conversation)
        return threading.Event().wait()

    found = await own_scores({"never": never}, CONVERSATIONS * 4, 4, timeout_seconds=0.05)
    assert found.failed == {"never": 12}
    assert len(called) == TIMEOUTS_TO_GIVE_UP
