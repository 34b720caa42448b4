"""Chatbots that are Python functions, as a person would write them."""

from duologue.conversation import Message


def says_how_much(chat_history: list[Message]) -> str:
    """Knows how much was said."""
    return f"There are {len(chat_history)} messages."
