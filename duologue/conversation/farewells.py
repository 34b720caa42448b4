"""Messages that only say goodbye, and the tails of them that end conversations."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from duologue.conversation.closing_phrases import CLOSINGS, GOODBYES, LEAD_INS
from duologue.conversation.messages import Message

TAIL_LENGTH = 3
"""Consecutive farewells that make a tail: one side says goodbye, the other answers, and from the
third on nothing new comes."""

LONGEST_FAREWELL = 600
"""In characters. A longer message says more than goodbye."""

_GOODBYE = "|".join(GOODBYES)
_CLOSING = "|".join((*GOODBYES, *CLOSINGS))
_ONE_CLOSING = rf"(?:{LEAD_INS} )*(?:{_CLOSING})"
_CLOSING_CLAUSE = re.compile(rf"{_ONE_CLOSING}(?: (?:and|&) {_ONE_CLOSING})*(?: {LEAD_INS})*")
_LEAD_INS_CLAUSE = re.compile(rf"{LEAD_INS}(?: {LEAD_INS})*")
_CLOSING_BEGINS = re.compile(rf"(?:remember )?{_ONE_CLOSING}\b")
_GOODBYE_IN_CLAUSE = re.compile(rf"(?:^|.* (?:and|&) )(?:{LEAD_INS} )*(?:{_GOODBYE})\b")

_SENTENCE_END = re.compile(r"[.!\u3002\uff01\n]")
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
_NAME_ADDRESSED = re.compile(r", (\w+)(?=\s*(?:[.!,]|$))")
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc")
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_BETWEEN_CLAUSES = re.compile(r"[^\w\s&]+|\n")


# Several rules ask about the same message.
@lru_cache(maxsize=64)
def is_farewell(text: str) -> bool:
    """Reports whether a message says nothing but thanks, welcome, wishes or goodbye.

    Every clause must be a closing phrase; a question, a number or anything on the subject rules it
    out. It is strict on purpose: overlooking a farewell costs a call or two, mistaking an answer
    for one loses the answer.
    """
    if len(text) > LONGEST_FAREWELL or _asks(text):
        return False
    closes = False
    for sentence in _sentences(text):
        for clause in _clauses(sentence):
            if _CLOSING_CLAUSE.fullmatch(clause):
                closes = True
            elif not _LEAD_INS_CLAUSE.fullmatch(clause):
                return False
    return closes


def says_goodbye(text: str) -> bool:
    """Reports whether a farewell says goodbye or wishes a good day, rather than only thanks."""
    return is_farewell(text) and any(
        map(_GOODBYE_IN_CLAUSE.match, chain.from_iterable(map(_clauses, _SENTENCE_END.split(text))))
    )


def closing_tail_length(messages: Sequence[Message]) -> int:
    """Counts the farewells at the end."""
    length = 0
    while length < len(messages) and is_farewell(messages[-1 - length].text):
        length += 1
    return length


def is_farewell_loop(messages: Sequence[Message]) -> bool:
    """Reports whether both sides are only saying goodbye.

    They are if both have said goodbye in so many words, one after the other, or if the last three
    messages are farewells of any kind.
    """
    length = closing_tail_length(messages[-TAIL_LENGTH:])
    both_leave = length == 2 and all(says_goodbye(message.text) for message in messages[-2:])
    return length == TAIL_LENGTH or both_leave


def mostly_says_farewell(text: str) -> bool:
    """Reports whether at least half of the sentences are thanks, wishes, offers or goodbyes."""
    if len(text) > LONGEST_FAREWELL or _asks(text):
        return False
    sentences = _SENTENCE_END.split(text)
    closing = others = 0
    for sentence in sentences:
        clauses = _clauses(sentence)
        if any(map(_CLOSING_BEGINS.match, clauses)):
            closing += 1
        elif clauses:
            others += 1
        if 2 * others > len(sentences):
            return False
    return closing >= max(others, 1)


def _sentences(text: str) -> Iterator[str]:
    """Splits a text lazily: most messages show at once that they are no farewell."""
    rest = text
    while rest:
        sentence, *after = _SENTENCE_END.split(rest, maxsplit=1)
        yield sentence
        rest = after[0] if after else ""


def _asks(text: str) -> bool:
    return any(mark in text for mark in _QUESTION_MARKS)


def _clauses(sentence: str) -> list[str]:
    """Splits a sentence at its punctuation into clauses, spelled as the phrases are."""
    if ", " in sentence:
        sentence = _NAME_ADDRESSED.sub(lambda name: "" if name[1].istitle() else name[0], sentence)
    if sentence.isascii():
        plain = sentence.lower().replace("'", "")
    else:
        plain = unicodedata.normalize("NFKC", sentence).casefold().translate(_APOSTROPHES)
    clauses = _BETWEEN_CLAUSES.split(_HYPHEN.sub(" ", plain) if "-" in plain else plain)
    return [words for clause in clauses if (words := " ".join(clause.split()))]
