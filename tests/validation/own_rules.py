"""Rules as a person would write them, good and broken."""

from collections.abc import Iterator, Sequence

from duologue.conversation.messages import Message
from duologue.validation.rule import Expectations, Finding

A_NUMBER = 1


def no_prices(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    for index, message in enumerate(messages):
        if "$" in message.text:
            yield Finding(index, "names a price")


def from_here_on(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Starts at the first message, because of those after it, as `role_flip` may."""
    if len(messages) > 1:
        yield Finding(0, "from here on it is swapped")


def raises(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    yield Finding(0, "found")
    raise ValueError(messages[0].text)


def gives_text(messages: Sequence[Message], _expected: Expectations) -> Iterator[str]:
    yield messages[0].text


def points_beyond_the_end(
    messages: Sequence[Message], _expected: Expectations
) -> Iterator[Finding]:
    yield Finding(len(messages), "found")


def gives_nothing(messages: Sequence[Message], _expected: Expectations) -> None:
    return None


def takes_nothing() -> list[Finding]:
    return []


def loop(_messages: Sequence[Message], _expected: Expectations) -> list[Finding]:
    return []
