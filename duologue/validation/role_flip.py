"""Rules on users who speak as the assistant should, and on conversations whose sides are swapped.

Two things are combined: phrases (`role_phrases.py`), which are precise and known in few languages,
and a model of who speaks like whom (`role_model.py`), which sees content but is never certain of
one message.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from duologue.conversation.messages import Message, Role
from duologue.validation.role_model import Floats, role_model
from duologue.validation.role_phrases import OFFERS, OPEN_DOOR, SERVICE, Phrases
from duologue.validation.rule import Expectations, Finding

LIMIT = 3.0
"""No message counts for more than these log odds: the model is surer of itself than it is right."""
FEW = 2
"""User messages, without the opening, in which a user must speak as an assistant."""

ALONE = 9.0
"""Sum of log odds of the user's messages that suffices on its own."""
WITH_PHRASE = 3.0
"""The sum that suffices if one of these messages has a phrase too."""
SWAPPED = 12.0
"""The sum of both sides that suffices, if the user's part is at least `USERS_PART`."""
USERS_PART = 4.0
DOUBTFUL = 3.0
"""The sum from which on a judge or a person should look."""

NOT_A_USER = -1.0
"""A message with lower log odds reads like a user's; it is not searched for phrases."""
LIKE_A_USER = -1.5
"""An assistant's message with lower log odds reads like a user's."""

_OFFERS, _SERVICE, _OPEN_DOOR = Phrases(OFFERS), Phrases(SERVICE), Phrases(OPEN_DOOR)


@dataclass(frozen=True, slots=True)
class Swap:
    """From which message on the sides speak most like each other, and how much."""

    start: int
    """Index of a user message."""
    user: float
    """Sum of the log odds that the assistant wrote the user's messages."""
    both: float
    """The same, plus the sum of the log odds that the user wrote the assistant's."""


def role_flip(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user who does the assistant's part: offers help, asks for the case, confirms.

    Phrases have three signs: the message offers help, speaks as someone who serves ("Thank you for
    your patience"), or leaves the door open ("If you have any questions"). Two in one message
    suffice; so does one if the assistant's message before or after it reads like a user's, or if
    another of the user's messages offers help or leaves the door open too. Without two signs, the
    model must find several messages in a row, up to the end, that read like an assistant's; with
    one sign in them, fewer suffice. Sources: CAMEL, arXiv 2303.17760; "Echoing", arXiv 2511.09710.
    Known false positives: a user who reads such phrases back, or drafts a letter to customers; two
    people of whom neither serves, and who tell each other facts.
    """
    scores = _scores(tuple(message.text for message in messages))
    signs = _signs(messages, scores)
    found = list(_by_phrases(messages, scores, signs))
    yield from found
    swap = strongest_swap(messages, scores)
    if not found and swap is not None and _is_strong(swap, signs):
        yield Finding(swap.start, "from here on the user speaks as the assistant should")


def speaks_like_assistant(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user who may be doing the assistant's part; `role_flip` is for the sure ones.

    The model must find at least two messages of the user, up to the end, that read like an
    assistant's. Known false positives: users who explain, advise or list facts.
    """
    scores = _scores(tuple(message.text for message in messages))
    swap = strongest_swap(messages, scores)
    if swap is not None and swap.user >= DOUBTFUL and not _is_strong(swap, _signs(messages, scores)):
        yield Finding(swap.start, "from here on the user may be speaking as the assistant")


def strongest_swap(messages: Sequence[Message], scores: Floats) -> Swap | None:
    """Returns where the user's messages from there to the end read most like an assistant's.

    Args:
        messages: All messages; the first user message, which is the seed's, does not count.
        scores: For each message the log odds that an assistant wrote it.

    Returns:
        None if the user says fewer than `FEW` things after the opening.
    """
    users = [i for i, message in enumerate(messages) if message.role is Role.USER][1:]
    if len(users) < FEW:
        return None
    limited = np.clip(scores, -LIMIT, LIMIT)
    is_user = np.array([message.role is Role.USER for message in messages])
    user = np.cumsum(np.where(is_user, limited, 0)[::-1])[::-1]
    both = np.cumsum(np.where(is_user, limited, -limited)[::-1])[::-1]
    start = max(users[: len(users) - FEW + 1], key=lambda i: float(user[i]))
    return Swap(start, float(user[start]), float(both[start]))


def _is_strong(swap: Swap, signs: dict[int, int]) -> bool:
    if swap.user >= WITH_PHRASE and any(index >= swap.start for index in signs):
        return True
    is_swapped = swap.both >= SWAPPED and swap.user >= USERS_PART
    return swap.user >= ALONE or is_swapped


def _by_phrases(
    messages: Sequence[Message], scores: Floats, signs: dict[int, int]
) -> Iterator[Finding]:
    offers = [index for index, kinds in signs.items() if kinds & _OFFERS_HELP]
    for index, kinds in signs.items():
        if kinds.bit_count() > 1:
            yield Finding(index, "the user offers help and speaks as the assistant should")
        elif _reads_like_a_user(messages, scores, index):
            yield Finding(index, "the user serves, and the assistant next to it asks as a user does")
        elif index in offers[1:]:
            yield Finding(index, "the user offers help for the second time")


_OFFERS_HELP = 0b101


def _signs(messages: Sequence[Message], scores: Floats) -> dict[int, int]:
    """Returns the user messages that have signs: bits for an offer, service, and the open door."""
    found = {}
    for index, message in enumerate(messages):
        if message.role is Role.USER and scores[index] > NOT_A_USER:
            plain = message.text.replace("\u2019", "'").casefold()
            tables = (_OFFERS, _SERVICE, _OPEN_DOOR)
            kinds = sum(table.in_text(plain) << bit for bit, table in enumerate(tables))
            if kinds:
                found[index] = kinds
    return found


def _reads_like_a_user(messages: Sequence[Message], scores: Floats, index: int) -> bool:
    neighbours = range(max(index - 1, 0), min(index + 2, len(messages)))
    return any(
        messages[i].role is Role.ASSISTANT and scores[i] < LIKE_A_USER for i in neighbours
    )


@lru_cache(maxsize=4)
def _scores(texts: tuple[str, ...]) -> Floats:
    return role_model().score(texts)
