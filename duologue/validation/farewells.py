"""A rule on conversations that end with nothing but goodbyes."""

from collections.abc import Iterator, Sequence

from duologue.conversation.farewells import TAIL_LENGTH, mostly_says_farewell
from duologue.conversation.messages import Message
from duologue.validation.rule import Expectations, Finding


def farewell_tail(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    farewell_tail_messages: int = TAIL_LENGTH,
) -> Iterator[Finding]:
    """Catches conversations that end in three messages or more of goodbye.

    It is less strict than `is_farewell`, because it trims nothing, and models say goodbye in many
    words. Models that play users hardly ever leave ("Flipping the Dialogue", arXiv 2510.06552;
    endless thanks in CAMEL, arXiv 2303.17760). Known false positives: polite people.
    """
    last = [message.text for message in messages[-farewell_tail_messages:]]
    # The shortest first: most conversations end without a goodbye, and a short text shows it fast.
    if not all(map(mostly_says_farewell, sorted(last, key=len))):
        return
    first = len(messages)
    while first and mostly_says_farewell(messages[first - 1].text):
        first -= 1
    length = len(messages) - first
    if length >= farewell_tail_messages:
        yield Finding(first, f"from here on {length} messages only say goodbye")
