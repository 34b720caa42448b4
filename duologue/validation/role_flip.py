"""Rules on users who speak as the assistant should, and on conversations whose sides are swapped.

Two things are combined: phrases (`role_phrases.py`), which are precise and known in few languages,
and a model of who speaks like whom (`role_model.py`), which sees content but is never certain of
one message.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from duologue.conversation.messages import Message, Role
from duologue.settings.rules import LANGUAGE_CONFIDENCE, LANGUAGE_LETTERS
from duologue.validation.language import spoken_language
from duologue.validation.role_model import role_model
from duologue.validation.role_phrases import (
    CERTAIN,
    COURTESIES,
    OFFERS,
    OPEN_DOOR,
    SERVICE,
    PhraseTables,
)
from duologue.validation.rule import Expectations, Finding
from duologue.validation.usual_words import usual_language

LIMIT = 3.0
"""No message counts for more than these log odds: the model is surer of itself than it is right."""
FEW = 2
"""User messages in which a user must speak as an assistant."""

ALONE = 7.0
"""Sum of log odds of the user's messages that suffices on its own."""
WITH_PHRASE = 3.0
"""The sum that suffices if one of these messages has a phrase too."""
SWAPPED, USERS_PART = 11.0, 4.0
"""The sum of both sides that suffices, and the part in it that the user must have."""
STEADY, STEADY_SWAPPED = 3.5, 2.2
"""The sum by the square root of the number of messages, without which no sum suffices: two people
who tell each other what they know reach a high sum in many small steps."""
DOUBTFUL, STEADY_DOUBTFUL = 3.0, 2.0
"""From these on a judge or a person should look."""
TRAINED = frozenset({"en", "fr", "it"})
_TRAINED_SCRIPTS = re.compile("[\u0900-\u097f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
"""Languages of which the model has read whole dialogues; by script Hindi, Japanese, Chinese and
Korean. In others it takes 18 % of people for assistants, and so decides nothing on its own."""

LIKELY_USER, SURE_USER, LONG = -1.0, -3.5, 100
"""A message with lower log odds reads like a user's and is not searched for phrases, which saves
time. One of more than 100 characters must be surer: it may offer help in its last sentence only."""
LIKE_A_USER = -2.0
"""An assistant's message with lower log odds reads like a user's."""

_PHRASES = PhraseTables(OFFERS, SERVICE, OPEN_DOOR, COURTESIES, CERTAIN)
_BUSINESS = PhraseTables(CERTAIN)
_OFFER, _SERVICE, _OPEN_DOOR, _COURTESY, _CERTAIN = 1, 2, 4, 8, 16
_ahead: dict[tuple[str, str], float] = {}
"""Log odds of messages, each with the message before it, that `score_ahead` has scored."""
_BEGINNING, _END = 150, 250
"""Characters that are searched for phrases: assistants offer help first or last."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The user's messages, up to the end, that read most like an assistant's."""

    start: int
    """Index of the first of them."""
    count: int
    total: float
    """Sum of the log odds that an assistant wrote them."""

    @property
    def steady(self) -> float:
        """The sum by the square root of the number of messages."""
        return self.total / math.sqrt(self.count)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of a conversation's messages speaks for a user who does the assistant's part."""

    stretch: Stretch | None
    signs: dict[int, int]
    """The user messages with phrases: `_OFFER`, `_SERVICE` and so on, summed."""
    is_strong: bool
    """Whether the stretch suffices for a verdict."""
    is_doubtful: bool
    """Whether it does not, but should be looked at."""


def role_flip(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user who does the assistant's part: offers help, asks for the case, confirms.

    Thanks that only a business gives are enough. Other phrases have three signs: the message
    offers help, speaks as someone who serves ("Thank you for your patience"), or leaves the door
    open ("If you have any questions"). Two in one message
    suffice, also "You're welcome" and one of them; so does one if the assistant's message before or
    after it reads like a user's, or if another of the user's messages offers help or leaves the
    door open too. In an opening, which often holds a letter to be improved, two signs and such a
    neighbour are needed. Without that, the model must find several messages, up to the end, that
    read like an assistant's; with one sign in them, fewer suffice. Sources: CAMEL, arXiv
    2303.17760; "Echoing", arXiv 2511.09710. Known false positives: a user who reads such phrases
    back, or drafts a letter to customers; two people of whom neither serves, and who tell each
    other facts.
    """
    evidence = _evidence(messages)
    found = False
    for found_one in _by_phrases(messages, evidence.signs):
        found = True
        yield found_one
    if not found and evidence.stretch is not None and evidence.is_strong:
        start = evidence.stretch.start
        yield Finding(start, "from here on the user speaks as the assistant should")


def speaks_like_assistant(
    messages: Sequence[Message], _expected: Expectations
) -> Iterator[Finding]:
    """Catches a user who may be doing the assistant's part; `role_flip` is for the sure ones.

    The model must find at least two messages of the user, up to the end, that read like an
    assistant's; in a language it was not trained on, the assistant must read like a user, too.
    Known false positives: users who explain, advise or list facts.
    """
    evidence = _evidence(messages)
    if evidence.stretch is not None and evidence.is_doubtful:
        start = evidence.stretch.start
        yield Finding(start, "from here on the user may be speaking as the assistant")


def score_ahead(conversations: Sequence[Sequence[Message]]) -> None:
    """Scores the users' messages of several conversations, for the rules to find.

    Most of the time of a call of the model does not depend on the number of messages.
    """
    pairs = {
        (message.text, before)
        for messages in conversations
        for before, message in zip(("", *(m.text for m in messages)), messages, strict=False)
        if message.role is Role.USER
    }
    _ahead.clear()
    _ahead.update(zip(pairs, _scored([*pairs]), strict=True))


def strongest_stretch(texts: Mapping[int, str], scores: Sequence[float]) -> Stretch | None:
    """Returns the stretch, up to the end, with the highest sum of log odds.

    Args:
        texts: The user's messages by index.
        scores: The log odds of each. One counts `LIMIT` at most, and a repeated message once.

    Returns:
        None if there are fewer than `FEW` messages.
    """
    best, total = None, 0.0
    seen: set[str] = set()
    backwards = reversed([*zip(texts.items(), scores, strict=True)])
    for count, ((index, text), score) in enumerate(backwards, 1):
        if text not in seen:
            total += max(-LIMIT, min(score, LIMIT))
            seen.add(text)
        if count >= FEW and (best is None or total > best.total):
            best = Stretch(index, count, total)
    return best


def _evidence(messages: Sequence[Message]) -> Evidence:
    users = tuple(i for i, message in enumerate(messages) if message.role is Role.USER)
    return _evidence_in(tuple(message.text for message in messages), users)


# Both rules look at the same conversation, one after the other.
@lru_cache(maxsize=4)
def _evidence_in(texts: tuple[str, ...], users: tuple[int, ...]) -> Evidence:
    scores = _scores(texts, users)
    stretch = strongest_stretch({i: texts[i] for i in users}, scores)
    signs = {
        index: kinds
        for index, score in zip(users, scores, strict=True)
        if score > (SURE_USER if len(texts[index]) > LONG else LIKELY_USER)
        and (kinds := _kinds(texts[index]))
    }
    # Short thanks read like a user's to the model, whoever gives them.
    thanks = (i for i in users if i not in signs and len(texts[i]) <= LONG)
    signs |= {index: _CERTAIN for index in thanks if _BUSINESS.found(texts[index])}
    is_strong = is_doubtful = False
    if stretch is not None and stretch.total >= DOUBTFUL:
        if stretch.total >= WITH_PHRASE and any(
            index >= stretch.start and kinds < _COURTESY for index, kinds in signs.items()
        ):
            is_strong = True
        elif stretch.steady >= STEADY_DOUBTFUL:
            is_swapped = _is_swapped(stretch, texts, users)
            is_clear = is_swapped or (stretch.total >= ALONE and stretch.steady >= STEADY)
            is_trained = _is_trained(" ".join(texts[i] for i in users if i >= stretch.start))
            is_strong = is_clear and is_trained
            is_doubtful = not is_strong and (is_trained or is_swapped)
    return Evidence(stretch, signs, is_strong, is_doubtful)


def _is_swapped(stretch: Stretch, texts: tuple[str, ...], users: tuple[int, ...]) -> bool:
    if stretch.total < USERS_PART or stretch.steady < STEADY_SWAPPED:
        return False
    others = sorted(set(range(stretch.start, len(texts))).difference(users))
    limited = (max(-LIMIT, min(score, LIMIT)) for score in _scores(texts, others))
    return stretch.total - sum(limited) >= SWAPPED


def _is_trained(text: str) -> bool:
    """Whether a text is in a language of which the model has read whole dialogues."""
    if _TRAINED_SCRIPTS.search(text):
        return True
    usual = usual_language(text[:_BEGINNING])
    return (usual or spoken_language(text, LANGUAGE_LETTERS, LANGUAGE_CONFIDENCE)) in TRAINED


def _by_phrases(messages: Sequence[Message], signs: dict[int, int]) -> Iterator[Finding]:
    opening = next((i for i, message in enumerate(messages) if message.role is Role.USER), None)
    offers = [index for index, kinds in signs.items() if kinds & (_OFFER | _OPEN_DOOR)]
    for index, kinds in signs.items():
        if index == opening and not (kinds.bit_count() > 1 and _next_to_a_user(messages, index)):
            continue
        if kinds & _CERTAIN:
            yield Finding(index, "the user thanks as a business thanks its customers")
        elif kinds.bit_count() > 1:
            yield Finding(index, "the user offers help and speaks as the assistant should")
        elif index in offers[1:]:
            yield Finding(index, "the user offers help for the second time")
        elif kinds & (_OFFER | _SERVICE | _OPEN_DOOR) and _next_to_a_user(messages, index):
            yield Finding(index, "the user serves, and the assistant next to it does not")


def _kinds(text: str) -> int:
    if len(text) > _BEGINNING + _END:
        text = f"{text[:_BEGINNING]}\n{text[-_END:]}"
    return _PHRASES.found(text)


def _next_to_a_user(messages: Sequence[Message], index: int) -> bool:
    """Whether the assistant's message before or after reads like a user's."""
    texts = tuple(message.text for message in messages)
    near = [
        i
        for i in (index - 1, index + 1)
        if 0 <= i < len(messages) and messages[i].role is Role.ASSISTANT
    ]
    return any(score < LIKE_A_USER for score in _scores(texts, near))


def _scores(texts: tuple[str, ...], chosen: Sequence[int]) -> list[float]:
    pairs = [(texts[i], texts[i - 1] if i else "") for i in chosen]
    known = [score for pair in pairs if (score := _ahead.get(pair)) is not None]
    return known if len(known) == len(pairs) else _scored(pairs)


def _scored(pairs: Sequence[tuple[str, str]]) -> list[float]:
    texts, before = [text for text, _ in pairs], [text for _, text in pairs]
    scores: list[float] = role_model().score(texts, before).tolist()
    return scores
