"""Rules on messages that say again what was said before."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise

from duologue.conversation.farewells import is_farewell
from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import NEARLY_THE_SAME, likeness, says_the_same, wording
from duologue.validation.rule import Expectations, Finding

VERBATIM_ENOUGH_WORDS = 3
"""From so many words on, a reply that is verbatim the message before it, down to the punctuation,
is an echo. ("Monday to Friday?" to "Monday to Friday." makes sure, and is none.)"""

GOODBYE_ENOUGH_WORDS = 8
"""The same for goodbyes, which two sides may well say alike: "Thank you! Have a great day!"."""

MESSAGES_REMEMBERED = 8
"""How many messages of the same speaker a message is compared with for being nearly the same, so
that the work grows with the conversation and not with its square. Verbatim repetition is found
over any distance."""


def user_echoes_assistant(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches a user who says what the assistant has just said.

    The mark of a generator that files the assistant's reply under the user's name, and of models
    that begin to mirror each other ("Echoing", arXiv 2511.09710). Known false positives: a user
    who reads a whole sentence of five words or more back without adding anything.
    """
    yield from _echoes(messages, Role.USER, nearly_the_same)


def assistant_echoes_user(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches an assistant that says what the user has just said.

    "Echoing", arXiv 2511.09710. Known false positives: assistants that are meant to repeat, such
    as one that corrects or translates a text with little to correct.
    """
    yield from _echoes(messages, Role.ASSISTANT, nearly_the_same)


def opening_restated(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches a later user message that says the user's first one again.

    A simulated user that is not shown its own opening states it anew. Known false positives: a
    user who insists, or who is asked to say it again.
    """
    spoken = _spoken_by(Role.USER, messages)
    for index, text in spoken[1:]:
        if says_the_same(text, spoken[0][1], nearly_the_same):
            yield Finding(index, f"{_how_alike(text, spoken[0][1])} as the user's first message")


def repeated_message(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches a message that its speaker has sent before, verbatim or nearly so.

    What repeats the user's first message is left to `opening_restated`, goodbyes to
    `farewell_tail`. Known false positives: standing phrases of five words and more, such as "I
    can only help with questions about your order", and users who insist.
    """
    yield from _repeats(_spoken_by(Role.USER, messages)[1:], nearly_the_same)
    yield from _repeats(_spoken_by(Role.ASSISTANT, messages), nearly_the_same)


def loop(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches two sides that say the same two messages over and over: A, B, A, B.

    One of the two must be long enough to be the same by more than chance; the other may be as
    short as "Yes". A loop is reported once, where it comes round first. Goodbyes are left to
    `farewell_tail`. Source: CAMEL, arXiv 2303.17760. Known false positives: games and drills that
    are meant to repeat.
    """
    texts = [message.text for message in messages]
    was_looping = False
    for start in range(len(texts) - 3):
        is_looping = _comes_round(texts[start : start + 4], nearly_the_same)
        if is_looping and not was_looping:
            yield Finding(start + 2, "from here on the two messages before are said again")
        was_looping = is_looping


def _echoes(messages: Sequence[Message], role: Role, nearly_the_same: float) -> Iterator[Finding]:
    for index, (before, message) in enumerate(pairwise(messages), start=1):
        takes_turns = message.role is role and before.role is not role
        if takes_turns and _is_echo(message.text, before.text, nearly_the_same):
            how = _how_alike(message.text, before.text)
            yield Finding(index, f"{how} as the {before.role} message before it")


def _is_echo(text: str, before: str, nearly_the_same: float) -> bool:
    is_verbatim = wording(text).letters == wording(before).letters
    if not is_verbatim and not says_the_same(text, before, nearly_the_same):
        return False
    if is_farewell(text):
        return is_verbatim and len(wording(text).words) >= GOODBYE_ENOUGH_WORDS
    return len(wording(text).words) >= VERBATIM_ENOUGH_WORDS


def _repeats(spoken: Sequence[tuple[int, str]], nearly_the_same: float) -> Iterator[Finding]:
    """Finds repetition among the messages of one speaker, given with their indexes."""
    first: dict[tuple[str, ...], str] = {}
    recent: deque[str] = deque(maxlen=MESSAGES_REMEMBERED)
    for index, text in spoken:
        words = wording(text).words
        verbatim = [first[words]] if words in first else []
        for other in (*verbatim, *recent):
            if says_the_same(text, other, nearly_the_same) and not is_farewell(text):
                yield Finding(index, f"{_how_alike(text, other)} as earlier by the same side")
                break
        first.setdefault(words, text)
        recent.append(text)


def _comes_round(four: Sequence[str], nearly_the_same: float) -> bool:
    first, second, first_again, second_again = four
    return (
        _is_the_same(first, first_again, nearly_the_same)
        and _is_the_same(second, second_again, nearly_the_same)
        and (
            says_the_same(first, first_again, nearly_the_same)
            or says_the_same(second, second_again, nearly_the_same)
        )
        and not (is_farewell(first) and is_farewell(second))
    )


def _is_the_same(one: str, other: str, nearly_the_same: float) -> bool:
    return wording(one).words == wording(other).words or says_the_same(one, other, nearly_the_same)


def _spoken_by(role: Role, messages: Sequence[Message]) -> list[tuple[int, str]]:
    return [(index, message.text) for index, message in enumerate(messages) if message.role is role]


def _how_alike(one: str, other: str) -> str:
    same = wording(one).words == wording(other).words
    return "the same words" if same else f"nearly the same words ({likeness(one, other):.0%})"
