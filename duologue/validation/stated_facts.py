"""Rules on what a simulated user says of the facts that its seed gives it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from duologue.conversation.messages import Message, Role
from duologue.validation.readings import (
    Mention,
    alike_identifiers,
    dates_in,
    identifier,
    numbers_in,
    same_date,
    same_number,
)
from duologue.validation.rule import Expectations, Finding

FEWEST_ID_CHARACTERS = 4
"""Shorter identifiers look like quantities and sizes."""

FEWEST_SERIES_CHARACTERS = 6
"""From here on an identifier with the same letters is of the same series, wherever it stands:
`KC-20741` is an order like `KC-20714`, while `K300` may be another model than `K200`."""

MOST_ANSWER_WORDS = 12
"""A longer answer says more than what was asked for."""

_FILLER = (
    r"(?:\s*[:=#,(]\s*|\s+(?:number|numbers|no\.?|nr\.?|num|id|code|date|is|was|are|were|it|it's|its|"
    r"on|the|that|would|be|should|actually|at|nummer|ist|war|am|vom|der|die|das|numéro|est|le|"
    r"número|es|el))*[\s:=#(]*"
)
_OTHERS = re.compile(
    r"(?i)\b(?:not|isn't|wasn't|never|no longer|instead of|rather than|wrong|old|previous|other|"
    r"another|second|different|new|also|too|or|like|before|until|till|than|from|to|nicht|kein\w*|"
    r"andere\w*|zweite\w*|falsch\w*)\W+(?:\w+\W+){0,3}$"
)
"""Before a value that need not be the user's own."""

_HEDGES = re.compile(
    r"(?i)\b(?:about|around|approximately|approx|roughly|almost|nearly|ca|circa|maybe|perhaps|"
    r"probably|think|guess|not sure|more than|less than|over|under|at least|up to|ungefähr|etwa|"
    r"vielleicht|glaube)\b|~"
)
_VAGUE_NAMES = frozenset(
    {
        *("number", "no", "id", "code", "date", "day", "time", "name", "value"),
        *("my", "the", "a", "of", "and", "on", "in", "at", "by", "for", "is"),
    }
)
"""Words of a fact's name that say nothing of what it is about."""


@dataclass(frozen=True, slots=True)
class _Fact:
    """A fact that a text can contradict."""

    name: str
    value: str
    words: tuple[str, ...]
    """Of its name."""
    dates: tuple[Mention, ...]
    numbers: tuple[Mention, ...]
    pattern: re.Pattern[str] | None
    """Matches identifiers that are built like it; None if it is not one."""


def fact_contradicted(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a number, date or identifier of the user's that contradicts the seed's facts.

    A value counts if it is clearly meant for a fact: the fact's name stands right before it ("order
    number is 5521"), the chatbot has just asked for the fact by its name, or it is an identifier
    with the same letters and as many digits. Formats, the order of day and month, and separators do
    not matter. What the chatbot has said before, what another fact says, and what is only a guess
    or said of something else ("another order") are no contradictions. Reported once for each fact.

    Known false positives: a user who speaks of somebody else's order; a persona that is to be wrong
    about a fact.
    """
    if not expected.facts:
        return
    facts = _facts_of(tuple(expected.facts.items()))
    texts = [message.text for message in messages]
    for fact in facts:
        for index, message in enumerate(messages):
            if message.role is not Role.USER or index < expected.opening:
                continue
            asked = texts[index - 1] if index else ""
            said = _contradicting(fact, message.text, asked)
            if said is not None and not _is_known(said, [*texts[:index], *expected.facts.values()]):
                yield Finding(index, f"says `{said}`, but its fact `{fact.name}` is `{fact.value}`")
                break


def fact_unused(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches facts of the seed that the user never mentions.

    That is no error: a user tells what it is asked for. A fact that most conversations leave unused
    may be one that nobody needs. Only facts that can be recognised count: dates, numbers,
    identifiers, and texts of at most three words. Known false positives: a fact in other words.
    """
    if not expected.facts:
        return
    said = "\n".join(message.text for message in messages if message.role is Role.USER)
    unused = [
        fact.name
        for fact in _facts_of(tuple(expected.facts.items()))
        if _can_be_recognised(fact) and not _mentions(said, fact)
    ]
    if unused:
        yield Finding(None, f"the user never mentions {', '.join(unused)}")


@lru_cache(maxsize=256)
def _facts_of(items: tuple[tuple[str, str], ...]) -> tuple[_Fact, ...]:
    return tuple(_fact(name, value) for name, value in items)


def _fact(name: str, value: str) -> _Fact:
    dates = tuple(dates_in(value))
    is_id = not dates and _is_identifier(value)
    return _Fact(
        name=name,
        value=value,
        words=tuple(_words(name)),
        dates=dates,
        numbers=() if dates else tuple(numbers_in(value)),
        pattern=alike_identifiers(value.strip()) if is_id else None,
    )


def _is_identifier(value: str) -> bool:
    """Checks whether a whole value is one: `KC-20714`, `LS1 4AB` or `5512`, not `$45` or `2.5`."""
    text = value.strip().lstrip("#")
    plain = identifier(text)
    digits = sum(character.isdigit() for character in plain)
    return (
        re.fullmatch(r"[^\W_]+(?:[\s\-_/.][^\W_]+){0,3}", text) is not None
        and len(plain) >= FEWEST_ID_CHARACTERS
        and digits >= 2
        and (digits < len(plain) or re.fullmatch(r"\d+(?:[\s-]\d+)*", text) is not None)
        and not re.search(r"[^\W\d_]{5}", text)
        and not re.fullmatch(r"[\d.,\s]+(?:[^\W\d_]+)", text)  # a number with its unit
    )


def _contradicting(fact: _Fact, text: str, asked: str) -> str | None:
    """Returns what a message states instead of the fact; None if it states nothing else."""
    if fact.pattern is not None:
        return _other_identifier(fact, fact.pattern, text, asked)
    for mentions, own, same in (
        (tuple(dates_in(text)), fact.dates, same_date),
        (tuple(numbers_in(text)), fact.numbers, same_number),
    ):
        if not own or not mentions:
            continue
        if any(same(one, mention) for one in own for mention in mentions):
            return None
        answers = len(mentions) == 1 and _answers(fact, text, asked)
        for mention in mentions:
            is_of_another_unit = own[0].unit and mention.unit and own[0].unit != mention.unit
            is_meant = answers or _names(fact, text, mention.start)
            if is_meant and not is_of_another_unit and not _HEDGES.search(text):
                return text[mention.start : mention.end].strip()
    return None


def _other_identifier(fact: _Fact, pattern: re.Pattern[str], text: str, asked: str) -> str | None:
    own = identifier(fact.value)
    if own in identifier(text):
        return None
    found = [one for one in pattern.finditer(text) if identifier(one[0]) != own]
    is_series = own[0].isalpha() and len(own) >= FEWEST_SERIES_CHARACTERS
    answers = len(found) == 1 and _answers(fact, text, asked)
    for one in found:
        before = text[: one.start()]
        if (is_series or answers or _names(fact, text, one.start())) and not _OTHERS.search(before):
            return one[0].strip()
    return None


def _names(fact: _Fact, text: str, start: int) -> bool:
    """Checks whether the fact's name stands right before a value, and it is the user's own."""
    words = [word for word in fact.words if word not in _VAGUE_NAMES] or list(fact.words)
    before = text[:start].lower()
    if not words or _OTHERS.search(before):
        return False
    # `order_date` is also meant by "ordered on …".
    ending = r"\w{0,3}" if fact.dates else ""
    return any(re.search(rf"(?<!\w){re.escape(word)}{ending}{_FILLER}$", before) for word in words)


def _answers(fact: _Fact, text: str, asked: str) -> bool:
    """Checks whether a short message answers a question for just this fact."""
    questions = re.findall(r"[^.?!\n]+\?", asked)
    if len(questions) != 1 or len(text.split()) > MOST_ANSWER_WORDS or "?" in text:
        return False
    return bool(fact.words) and set(fact.words) <= set(_words(questions[0]))


def _is_known(said: str, texts: Sequence[str]) -> bool:
    """Checks whether a value was said before, or is another fact's."""
    plain = identifier(said)
    alone = re.compile(rf"(?<!\w){re.escape(said)}(?!\w)", re.IGNORECASE)
    is_long = len(plain) >= FEWEST_ID_CHARACTERS
    return any(alone.search(text) or (is_long and plain in identifier(text)) for text in texts)


def _can_be_recognised(fact: _Fact) -> bool:
    is_exact = fact.pattern is not None or bool(fact.dates or fact.numbers)
    return is_exact or len(fact.value.split()) <= 3


def _mentions(said: str, fact: _Fact) -> bool:
    if identifier(fact.value) in identifier(said):
        return True
    if any(same_date(one, other) for one in fact.dates for other in dates_in(said)):
        return True
    if fact.pattern is not None:
        return False
    return any(same_number(one, other) for one in fact.numbers for other in numbers_in(said))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
