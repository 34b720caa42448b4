"""The words of a message, however it is typed, and whether two messages say the same."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import filterfalse

NEARLY_THE_SAME = 0.8
"""Two messages with at least this share of distinct words in common (Jaccard) count as the same.
Messages on one subject rarely share more than half."""

ENOUGH_WORDS = 5
"""Messages with fewer words are the same by chance or by courtesy: "Yes, please"."""

# Scripts without spaces between words: Thai and Lao, Burmese, Khmer, kana, Chinese characters. Each
# character counts as a word.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\U00020000-\U0003ffff"
)
# Marks that are part of a word without being letters: accents that do not compose, Hebrew and
# Arabic points, the vowel signs of India.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_WORD = re.compile(rf"[{_SPACELESS}]|(?:[^\W_{_SPACELESS}]|[{_MARKS}])+")
# A word, a character of a script without spaces with its marks, or a run of punctuation, each with
# the white space after it.
_PIECE = re.compile(
    rf"(?:[{_SPACELESS}](?:(?!\w)[{_SPACELESS}])*|(?:[^\W{_SPACELESS}]|[{_MARKS}'\u2019])+"
    rf"|[^\w\s{_SPACELESS}]+)\s*|\s+"
)
_DIGIT = re.compile(r"\d")
_APOSTROPHES = str.maketrans("", "", "'`\u2019\u02bc\u00b4")
# For ASCII, ten times faster than the pattern: capitals become small, apostrophes go, and all else
# becomes a space.
_ASCII_WORDS = bytes(
    ord(chr(i).lower()) if chr(i).isalnum() and i < 128 else 32 for i in range(256)
)
_ASCII_APOSTROPHES = b"'`"
_NO_ASCII_DIGITS = bytes(i for i in range(128) if not chr(i).isdigit())
# What keeps most English texts of language models from being ASCII.
_TYPOGRAPHIC = (
    ("\u2019", "'"),
    ("\u2018", "'"),
    ("\u201c", '"'),
    ("\u201d", '"'),
    ("\u2013", "-"),
    ("\u2014", "-"),
    ("\u2022", "*"),
    ("\u00a0", " "),
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in the form that the rules compare."""

    text: str
    """The message as it is."""
    words: tuple[str, ...]
    """Its words, in order, without punctuation."""
    distinct: frozenset[str]
    numbers: frozenset[str]
    """Words with a digit: amounts, dates, order numbers."""

    @property
    def letters(self) -> str:
        """The text with case, width, composition and white space normalised."""
        return fold(self.text)


# The rules look at the same few messages one after the other. A small cache saves reading them
# again, and holds little memory even if messages are huge.
@lru_cache(maxsize=64)
def wording(text: str) -> Wording:
    """Returns the wording of a text in any language."""
    ascii_text = _as_ascii(text)
    if not ascii_text.isascii():
        words = tuple(_WORD.findall(fold(text).translate(_APOSTROPHES)))
        distinct = frozenset(words)
        numbers = frozenset(filter(_DIGIT.search, filterfalse(str.isalpha, distinct)))
        return Wording(text, words, distinct, numbers)
    letters = ascii_text.encode()
    words = tuple(letters.translate(_ASCII_WORDS, _ASCII_APOSTROPHES).decode().split())
    distinct = frozenset(words)
    has_digits = letters.translate(None, _NO_ASCII_DIGITS)
    return Wording(
        text, words, distinct, frozenset(filterfalse(str.isalpha, distinct if has_digits else ()))
    )


@lru_cache(maxsize=64)
def without_numbers(text: str) -> Sequence[str]:
    """Returns the words of a text, with "#" for each number."""
    said = wording(text)
    if not said.numbers:
        return said.words
    return ["#" if word in said.numbers else word for word in said.words]


def pieces(text: str) -> list[str]:
    """Splits a text into words and punctuation, each with the white space after it.

    Joined, the pieces are the text again. In scripts without spaces, each character is a word.
    """
    return _PIECE.findall(text)


def length_in_words(text: str) -> float:
    """Returns how many words a text has; in scripts without spaces, one for 2.5 characters."""
    words = wording(text).words
    if text.isascii():
        return len(words)
    return len(words) - 0.6 * sum(len(word) == 1 and word >= "\u0e00" for word in words)


def fold(text: str) -> str:
    """Makes case, width, composition and white space equal."""
    text = _as_ascii(text)
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _as_ascii(text: str) -> str:
    if not text.isascii():
        for character, plain in _TYPOGRAPHIC:
            text = text.replace(character, plain)
    return text


def likeness(one: str, other: str) -> float:
    """Returns the share of words that two messages have in common.

    Returns:
        1 for the same words in the same order, else the Jaccard index of the distinct words. 0 if a
        message has fewer than ENOUGH_WORDS, or if their numbers differ: "order 1001 has been sent"
        and "order 1002 has been sent" say different things.
    """
    a, b = wording(one), wording(other)
    if min(len(a.words), len(b.words)) < ENOUGH_WORDS or a.numbers != b.numbers:
        return 0.0
    if a.words == b.words:
        return 1.0
    shared = len(a.distinct & b.distinct)
    return shared / (len(a.distinct) + len(b.distinct) - shared)


def says_the_same(one: str, other: str, nearly_the_same: float = NEARLY_THE_SAME) -> bool:
    """Reports whether two messages of some length say the same in nearly the same words."""
    return are_alike(wording(one), wording(other), nearly_the_same)


def are_alike(one: Wording, other: Wording, nearly_the_same: float = NEARLY_THE_SAME) -> bool:
    """Does the same for wordings: several times faster than `likeness` if they are not alike."""
    a, b = len(one.distinct), len(other.distinct)
    # Of the smaller set at most all can be shared.
    if (
        a < nearly_the_same * b if a < b else b < nearly_the_same * a
    ) or one.numbers != other.numbers:
        return False
    if len(one.words) < ENOUGH_WORDS or len(other.words) < ENOUGH_WORDS:
        return False
    if one.words == other.words:
        return nearly_the_same <= 1
    shared = len(one.distinct & other.distinct)
    return shared >= nearly_the_same * (a + b - shared)
