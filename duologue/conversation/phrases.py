"""Phrases to look for in a text, and the words without which none of them is in it."""

import re
from collections.abc import Sequence
from functools import cached_property
from re import _constants as ops, _parser as parser  # type: ignore[attr-defined]
from typing import Any

# Too frequent to tell a text with one of the phrases from one without.
_EVERYDAY = frozenset(
    "a an and any are as at be been can do for has have here i if in is it me more my no not of on "
    "or our out so that the this to us we what with would you your you're i'm i'll i'd 've".split()
)


class Phrases:
    """A pattern that is only searched where the text holds what every match of it must.

    Most messages hold none of the phrases. Looking for their rarest words first takes a tenth of
    the time of a pattern with dozens of alternatives.
    """

    def __init__(self, *phrases: str) -> None:
        """Takes regular expressions, in the case in which texts are searched."""
        self._source = "|".join(phrases)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """All phrases in one pattern."""
        return re.compile(self._source)

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """Parts of words. Every match holds at least one of them; ("",) if none is certain."""
        literals = _required(parser.parse(self._source)) or {""}
        return tuple(m for m in literals if not any(n in m for n in literals - {m}))

    def search(self, text: str) -> re.Match[str] | None:
        """Returns the first match in a text; None if there is none."""
        return self.pattern.search(text) if self._may_hold(text) else None

    def match(self, text: str) -> re.Match[str] | None:
        """Returns the match at a text's beginning; None if there is none."""
        return self.pattern.match(text) if self._may_hold(text) else None

    def _may_hold(self, text: str) -> bool:
        # A loop takes half the time of `any` with a generator.
        for mark in self.marks:  # noqa: SIM110
            if mark in text:
                return True
        return False


def _required(sequence: Sequence[Any]) -> frozenset[str] | None:
    """Returns literals of which every match of a parsed pattern holds one; None if none is sure."""
    found: list[frozenset[str]] = []
    run = ""
    for op, value in (*sequence, (None, None)):
        if op is ops.LITERAL:
            run += chr(value)
            continue
        if run:
            found.append(frozenset({run}))
            run = ""
        inner: list[Any] = []
        if op is ops.SUBPATTERN:
            inner = [value[3]]
        elif op is ops.BRANCH:
            inner = value[1]
        elif op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT) and value[0] > 0:
            inner = [value[2]]
        literals = [_required(branch) for branch in inner]
        if literals and None not in literals:
            found.append(frozenset().union(*(each for each in literals if each)))
    return max(found, key=_selectivity, default=None)


def _selectivity(literals: frozenset[str]) -> tuple[bool, float]:
    rare = not any(literal.strip() in _EVERYDAY or not literal.strip() for literal in literals)
    # A character of a script without spaces says as much as several letters.
    return rare, min(sum(1 if c.isascii() else 2 for c in literal) for literal in literals)
