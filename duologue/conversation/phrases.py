"""Phrases to look for in a text, and the words without which none of them is in it."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from duologue.conversation.wording import wording

_WORD_PART = re.compile(r"[^\W_]+")
LEAST_WEIGHT = 2
"""Parts of words with fewer letters are in nearly every text."""
_known: set[str] = set()
"""The parts of words that any phrases need."""


class Phrases:
    """A pattern that is only searched where the text has what every match of it must.

    Most messages have none of the phrases. To look at their words first, which are known anyway,
    takes a fiftieth of the time of a pattern with dozens of alternatives.
    """

    def __init__(self, *phrases: str) -> None:
        """Takes regular expressions in small letters and with straight apostrophes."""
        source = "|".join(phrases)
        self.pattern = re.compile(source)
        self._needs = [_parts(literals) for literals in _alternatives(parser.parse(source))]
        """For each phrase, sets of parts of words. A text with the phrase has one of each set."""
        rarest = (max(needs, key=_least_weight, default=None) for needs in self._needs)
        self._rarest = frozenset().union(*(parts or {""} for parts in rarest))
        """Of each phrase the set that is least likely; "" is in every text."""
        _known.update(*(parts for needs in self._needs for parts in needs))
        _found_in_word.cache_clear()

    def search(self, text: str) -> re.Match[str] | None:
        """Returns the first match in a text, whatever its case and its apostrophes."""
        return self.pattern.search(plain(text)) if self.may_be_in(text) else None

    def match(self, text: str) -> re.Match[str] | None:
        """Returns the match at a text's beginning; None if there is none."""
        return self.pattern.match(plain(text)) if self.may_be_in(text) else None

    def may_be_in(self, text: str) -> bool:
        """Reports whether a text has a word that every match has; if not, there is no match."""
        found = _found(text)
        if self._rarest.isdisjoint(found):
            return False
        return any(not any(map(found.isdisjoint, needs)) for needs in self._needs)


def plain(text: str) -> str:
    """Returns a text in small letters and with straight apostrophes."""
    return text.casefold() if text.isascii() else text.replace("\u2019", "'").casefold()


@lru_cache(maxsize=64)
def _found(text: str) -> frozenset[str]:
    """Returns which of the known parts of words are in a text."""
    said = wording(text)
    words = said.distinct.difference([word for word in said.numbers if word.isdigit()])
    return frozenset({""}).union(*map(_found_in_word, words))


# Few words make up most of what is said.
@lru_cache(maxsize=2**15)
def _found_in_word(word: str) -> frozenset[str]:
    return frozenset(part for part in _known if part in word)


def _parts(literals: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Returns a part of a word for each literal; sets with one that is everywhere are left out."""
    parts = (frozenset(map(_longest_part, each)) for each in literals)
    return [each for each in parts if _least_weight(each) >= LEAST_WEIGHT]


def _longest_part(literal: str) -> str:
    """Returns what a literal has of one word; one character in scripts without spaces."""
    longest: str = max(_WORD_PART.findall(literal) or [""], key=len)
    return longest if wording(longest).words == (longest,) else longest[:1]


def _least_weight(parts: frozenset[str]) -> int:
    return min(map(_weight, parts))


def _weight(part: str) -> int:
    # A character of a script without spaces says as much as several letters.
    return sum(1 if character < "\u2e80" else LEAST_WEIGHT for character in part)


def _alternatives(sequence: Sequence[Any]) -> list[list[frozenset[str]]]:
    """Returns for each alternative of a parsed pattern the literals that it needs."""
    parts = [(op, value) for op, value in sequence if op is not ops.AT]
    if len(parts) == 1 and parts[0][0] in (ops.BRANCH, ops.SUBPATTERN):
        return [found for branch in _branches(*parts[0]) for found in _alternatives(branch)]
    return [_required(sequence)]


def _required(sequence: Sequence[Any]) -> list[frozenset[str]]:
    """Returns sets of literals; every match of a parsed pattern has one literal of each set."""
    found: list[frozenset[str]] = []
    run = ""
    for op, value in (*sequence, (None, None)):
        if op is ops.LITERAL:
            run += chr(value)
            continue
        if run:
            found.append(frozenset({run}))
            run = ""
        branches = [_required(branch) for branch in _branches(op, value)]
        if len(branches) == 1:
            found += branches[0]
        elif branches and all(branches):
            best = (max(needs, key=lambda n: min(map(len, n))) for needs in branches)
            found.append(frozenset().union(*best))
    return found


def _branches(op: Any, value: Any) -> Sequence[Sequence[Any]]:
    """Returns the alternatives of one part of a pattern, one of which is in every match."""
    if op is ops.SUBPATTERN:
        return [value[3]]
    if op is ops.BRANCH:
        return value[1]  # type: ignore[no-any-return]
    is_repeat = op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
    return [value[2]] if is_repeat and value[0] > 0 else []
