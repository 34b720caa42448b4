"""Conversations for the tests, and what a rule finds in them."""

from collections.abc import Callable, Iterable, Sequence

from duologue.conversation.messages import Message, Role
from duologue.validation.rule import Expectations, Finding

Check = Callable[[Sequence[Message], Expectations], Iterable[Finding]]


def talk(*texts: str, opens: Role = Role.USER) -> list[Message]:
    """Both sides say these texts in turn."""
    closes = Role.ASSISTANT if opens is Role.USER else Role.USER
    return [Message(role=(opens, closes)[i % 2], text=text) for i, text in enumerate(texts)]


def found_at(
    check: Check, messages: Sequence[Message], expected: Expectations | None = None
) -> list[int | None]:
    """Where a rule is broken."""
    return [finding.message_index for finding in check(messages, expected or Expectations())]
