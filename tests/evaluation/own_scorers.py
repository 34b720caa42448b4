"""Scorers as a person would write them, good and broken."""

import asyncio
import threading
from collections.abc import Awaitable, Sequence

from duologue.conversation.messages import Message

A_NUMBER = 1
at_once = 0
most_at_once = 0


def words(reply: str, reference: str | None, _chat_history: Sequence[Message]) -> float | None:
    return None if reference is None else len(reply.split()) / len(reference.split())


def off_the_main_thread(_reply: str, _reference: str | None, _history: Sequence[Message]) -> bool:
    return threading.current_thread() is not threading.main_thread()


async def judge(_reply: str, _reference: str | None, chat_history: Sequence[Message]) -> bool:
    global at_once, most_at_once
    at_once += 1
    most_at_once = max(most_at_once, at_once)
    await asyncio.sleep(0.01)
    at_once -= 1
    return chat_history[-1].text == "When do you close?"


def wrapped(reply: str, reference: str | None, chat_history: Sequence[Message]) -> Awaitable[bool]:
    """As a decorator makes it of an async function."""
    return judge(reply, reference, chat_history)


def raises(reply: str, _reference: str | None, _chat_history: Sequence[Message]) -> float:
    raise ValueError(reply)


async def raises_later(reply: str, _reference: str | None, _history: Sequence[Message]) -> float:
    raise ValueError(reply)


def not_a_number(_reply: str, _reference: str | None, _history: Sequence[Message]) -> float:
    return float("nan")


def gives_text(reply: str, _reference: str | None, _history: Sequence[Message]) -> str:
    return reply


def picky(reply: str, _reference: str | None, _history: Sequence[Message]) -> float:
    return 1 / (len(reply) - 1)


def takes_nothing() -> float:
    return 1.0


def similarity(_reply: str, _reference: str | None, _history: Sequence[Message]) -> float:
    return 1.0


def embedding_similarity(_reply: str, _reference: str | None, _h: Sequence[Message]) -> float:
    return 1.0


def polite(reply: str, _reference: str | None, _history: Sequence[Message]) -> float:
    return float("thank" in reply.lower())


async def fails_at_3(reply: str, _reference: str | None, history: Sequence[Message]) -> float:
    if "number 3?" in history[0].text:
        raise ValueError(reply)
    return 0.5
