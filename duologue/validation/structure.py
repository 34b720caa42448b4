"""Rules on the shape of a conversation: who speaks when, how often, and who last."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from duologue.conversation.courtesy import is_greeting
from duologue.conversation.emptiness import is_empty
from duologue.conversation.farewells import is_farewell
from duologue.conversation.messages import EndReason, EndsWith, Message, Role
from duologue.validation.rule import Expectations, Finding


def no_messages(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation without a single message.

    Known false positives: none.
    """
    if not messages:
        yield Finding(None, "has no messages")


def empty_message(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches messages of which a reader would see nothing: white space, invisible characters.

    Known false positives: none. Messages that only call tools are left out when a transcript is
    read.
    """
    for index, message in enumerate(messages):
        if is_empty(message.text) and message.content is None:
            yield Finding(index, f"the {message.role} message is empty")


def hardly_a_conversation(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation of one message or one side, and one that starts in the middle.

    It starts in the middle if the user's first message, or the assistant's if that opens, only says
    thanks or goodbye. Known false positives: a user who opens with "Thanks!" and means it.
    """
    if not messages:
        return
    if len({message.role for message in messages}) == 1:
        yield Finding(None, f"has only {len(messages)} {messages[0].role} message(s)")
    elif expected.opening:
        return  # The seed starts in the middle, and says so.
    elif messages[0].text != expected.seed_message and _only_closes(messages[0].text):
        yield Finding(0, "starts in the middle: its first message only says thanks or goodbye")


def _only_closes(text: str) -> bool:
    # "Ciao" is both.
    return is_farewell(text) and not is_greeting(text)


def broken_alternation(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches two messages of the same side in a row.

    Known false positives: transcripts of people, who do write twice in a row.
    """
    for index, (before, message) in enumerate(pairwise(messages), start=1):
        if message.role is before.role:
            yield Finding(index, f"{message.role} speaks twice in a row")


def wrong_opening(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation that does not open with its seed message, verbatim, as USER.

    If the seed has an opening, its message comes right after that. Checked only if the seed message
    is known: in other transcripts the assistant may open with a greeting. Known false positives:
    none.
    """
    first = expected.opening
    if expected.seed_message is None or not messages:
        return
    if len(messages) <= first:
        yield Finding(None, "ends before the seed message")
    elif messages[first].role is not Role.USER:
        yield Finding(
            first, f"opens with {messages[first].role} instead of the seed message as USER"
        )
    elif messages[first].text != expected.seed_message:
        yield Finding(first, "differs from the seed message")


def wrong_length(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation whose number of messages does not fit its turns and end reason.

    A conversation of N turns has 1 + 2N messages if it ends with the user and 2N if it ends with
    the assistant, and those of its opening; fewer are allowed if it ended early. Checked only if
    the turns are known. Known false positives: none.
    """
    if expected.turns is None or expected.ends_with is None:
        return
    most = expected.opening + 2 * expected.turns + (expected.ends_with is EndsWith.USER)
    turns = f"{expected.turns} turns that end with {expected.ends_with.upper()}"
    if expected.opening:
        turns = f"an opening of {expected.opening} and {turns}"
    if len(messages) > most:
        yield Finding(None, f"has {len(messages)} messages; {turns} make at most {most}")
    elif len(messages) < most and expected.end_reason is EndReason.MAX_TURNS:
        yield Finding(None, f"has {len(messages)} messages; {turns} make {most}")


def wrong_ending(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation that the wrong side ends.

    A conversation that should end with the user may still end with the assistant if it ended early:
    the simulated user left without a word. Checked only if the settings are known. Known false
    positives: none.
    """
    if expected.ends_with is None or not messages:
        return
    role = Role[expected.ends_with.name]
    left_early = expected.end_reason is not EndReason.MAX_TURNS and role is Role.USER
    if messages[-1].role is not role and not left_early:
        yield Finding(len(messages) - 1, f"ends with {messages[-1].role} instead of {role}")
