"""Chatbots that are Python functions, as a person would write them."""

import asyncio

from duologue.conversation.messages import Message

at_once = 0
most_at_once = 0


def says_how_much(chat_history: list[Message]) -> str:
    """Knows how much was said."""
    return f"There are {len(chat_history)} messages."


async def counted(chat_history: list[Message]) -> str:
    """Counts how many of its calls run concurrently."""
    global at_once, most_at_once
    at_once += 1
    most_at_once = max(most_at_once, at_once)
    await asyncio.sleep(0.03)
    at_once -= 1
    return says_how_much(chat_history)
