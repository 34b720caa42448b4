"""Phrases to look for in a text, and the strings without which none of them is in it."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from ahocorasick_rs import AhoCorasick, Implementation

_anchors: set[str] = set()
"""Of all phrases."""


class Phrases:
    """A pattern that is only searched where the text has one of its anchors.

    Most messages have none of the phrases. All anchors are looked for at once, which takes a
    fiftieth of the time of a pattern with dozens of alternatives.
    """

    def __init__(self, *phrases: str, anchors: Iterable[str]) -> None:
        """Takes regular expressions in small letters and with straight apostrophes.

        Args:
            phrases: The regular expressions.
            anchors: Strings of which every match of a phrase has one. To add a phrase, add the
                rarest string that is in all its forms.
        """
        self.pattern = re.compile("|".join(phrases))
        self.anchors = frozenset(anchors)
        _anchors.update(self.anchors)
        _finder.cache_clear()
        _found.cache_clear()

    def search(self, text: str) -> re.Match[str] | None:
        """Returns the first match in a text, whatever its case and its apostrophes."""
        return self.pattern.search(plain(text)) if self.may_be_in(text) else None

    def may_be_in(self, text: str) -> bool:
        """Reports whether a text has an anchor; if not, there is no match."""
        return not self.anchors.isdisjoint(_found(text))


def plain(text: str) -> str:
    """Returns a text in small letters and with straight apostrophes."""
    return text.casefold() if text.isascii() else text.replace("\u2019", "'").casefold()


@lru_cache(maxsize=64)
def _found(text: str) -> frozenset[str]:
    said = plain(text)
    # Half a surrogate pair is no text to the finder.
    whole = said if said.isascii() else said.encode("utf-8", "replace").decode()
    return frozenset(_finder().find_matches_as_strings(whole, overlapping=True))


@cache
def _finder() -> AhoCorasick:
    # Twice as fast as the default, for some memory.
    return AhoCorasick(sorted(_anchors), implementation=Implementation.DFA)
