"""Rules on the shape of a conversation: who speaks when, how often, and who last."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from duologue.conversation.messages import EndReason, EndsWith, Message, Role
from duologue.validation.rule import Expectations, Finding


def no_messages(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation without a single message.

    Known false positives: none.
    """
    if not messages:
        yield Finding(None, "has no messages")


def empty_message(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches messages that are empty or only white space.

    Known false positives: none; messages that hold nothing but tool calls are no part of a
    transcript as `duologue.validation.transcripts` reads it.
    """
    for index, message in enumerate(messages):
        if not message.text.strip() and message.content is None:
            yield Finding(index, f"the {message.role} message is empty")


def broken_alternation(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches two messages of the same side in a row.

    Known false positives: transcripts of people, who do write twice in a row.
    """
    for index, (before, message) in enumerate(pairwise(messages), start=1):
        if message.role is before.role:
            yield Finding(index, f"{message.role} speaks twice in a row")


def wrong_opening(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation that does not open with its seed message, verbatim, as USER.

    Checked only where the seed message is known: in other transcripts the assistant may well open
    with a greeting. Known false positives: none.
    """
    if expected.seed_message is None or not messages:
        return
    if messages[0].role is not Role.USER:
        yield Finding(0, f"opens with {messages[0].role} instead of the seed message as USER")
    elif messages[0].text != expected.seed_message:
        yield Finding(0, "differs from the seed message")


def wrong_length(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation whose messages do not fit its turns and its end reason.

    With N turns it has 1 + 2N messages where it ends with the user, 2N where it ends with the
    assistant; exactly so many if all turns were had, at most so many if it ended before. Checked
    only where the turns are known. Known false positives: none.
    """
    if expected.turns is None or expected.ends_with is None:
        return
    most = 2 * expected.turns + (expected.ends_with is EndsWith.USER)
    turns = f"{expected.turns} turns that end with {expected.ends_with.upper()}"
    if len(messages) > most:
        yield Finding(None, f"has {len(messages)} messages; {turns} make at most {most}")
    elif len(messages) < most and expected.end_reason is EndReason.MAX_TURNS:
        yield Finding(None, f"has {len(messages)} messages; {turns} make {most}")


def wrong_ending(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation that the wrong side ends.

    A conversation that should end with the assistant always does. One that should end with the
    user may end with the assistant where it ended before its turns were over: the simulated user
    left without a word. Checked only where the settings are known. Known false positives: none.
    """
    if expected.ends_with is None or not messages:
        return
    role = Role[expected.ends_with.name]
    left_early = expected.end_reason is not EndReason.MAX_TURNS and role is Role.USER
    if messages[-1].role is not role and not left_early:
        yield Finding(len(messages) - 1, f"ends with {messages[-1].role} instead of {role}")
