"""The end marker: what the simulated user sends when it is done."""

import re
from functools import lru_cache

_BRACKETS = {"[": "[［【", "]": "]］】", "<": "<＜", ">": ">＞", "(": "(（", ")": ")）"}  # noqa: RUF001
"""Brackets, and the full-width ones that models write among Chinese and Japanese."""

_PAIRS = {
    **{mark: mark for mark in "*_~`\"'|#"},
    "(": ")", "[": "]", "{": "}", "<": ">",
    "\u201c": "\u201d", "\u201e": "\u201c", "\u2018": "\u2019", "\u00ab": "\u00bb",
    "\u00bb": "\u00ab", "\u300c": "\u300d", "\u300e": "\u300f", "\u3010": "\u3011",
}  # fmt: skip
"""What is put around a marker: emphasis, quotes, brackets. Each with what closes it."""

_STOPS = ".!,;:\u2026\u3002\uff01"
_DECORATION = re.compile(
    r"[\s*_~`\"'|#(){}\[\]<>.,;:!\\/\-\u2010-\u2015\u2018-\u201f\u2026\u00ab\u00bb\u2022"
    r"\u3001\u3002\u300c-\u3011\uff01\uff0c\ufeff\u200b-\u200f\u2060]*"
)
"""Punctuation that says nothing on its own."""

_NO_SPEECH = re.compile(
    r"</?[a-zA-Z]\w{0,9}>|<\|\w+\|>|^\d{1,2}[.)]$|^\(\w+://\S*\)$"
    r"|^(?:user|customer|client|human|you|me|message|reply|answer)\s*:$",
    re.IGNORECASE,
)
"""Tags and a model's control tokens. And, if alone: a list number, a link target, a speaker."""

_DANGLING = re.compile(r"\s+[-*#>|_~`\u2010-\u2015\u2022]+$")
"""A dash, a bullet or a rule that only introduces the marker."""

_SPACES = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"


@lru_cache(maxsize=64)
def end_marker_pattern(marker: str) -> re.Pattern[str]:
    r"""Finds a marker in a message, also with spaces or emphasis within: `[ END ]`, `\[END\]`.

    In any case, since language models are careless about it; but one that is made of plain words,
    as `DONE`, only as it is spelled, and only as a whole word: "END" is not in "recommend".
    """
    marker = marker.strip()
    before = r"(?<!\w)" if marker[:1].isalnum() else ""
    after = r"(?!\w)" if marker[-1:].isalnum() else ""
    is_plain = all(character.isalnum() or character.isspace() for character in marker)
    tokens = re.findall(r"\w+|\s+|[^\w\s]", marker)
    gap = "" if is_plain else r"[\s*_`\\]*?"
    body = gap.join(r"\s+" if token.isspace() else _token(token) for token in tokens)
    return re.compile(before + body + after, re.NOFLAG if is_plain else re.IGNORECASE)


def split_end_marker(text: str, marker: str) -> tuple[str, bool]:
    r"""Takes the end marker out of a message, with what decorates it: `**[END]**`, `"[END]".`.

    Returns:
        What is left of the message, empty where it was nothing but the marker and decoration, and
        whether the marker was there.
    """
    parts: list[str] = []
    end = 0
    for found in end_marker_pattern(marker).finditer(text):
        start, stop = _decorated(text, max(found.start(), end), found.end(), end)
        parts.append(_DANGLING.sub("", text[end:start].rstrip(_SPACES)))
        end = stop
    if not parts:
        return text, False
    left = ""
    for part in (*parts, text[end:]):
        piece = part.strip(_SPACES)
        glued = not left or _DECORATION.fullmatch(piece)
        left = f"{left}{piece}" if glued else f"{left} {piece}"
    return ("" if _DECORATION.fullmatch(_NO_SPEECH.sub("", left)) else left), True


def _token(token: str) -> str:
    if token in _BRACKETS:
        return rf"\\?[{re.escape(_BRACKETS[token])}]"
    return re.escape(token) if token.isalnum() else rf"\\?{re.escape(token)}"


def _decorated(text: str, start: int, end: int, first: int) -> tuple[int, int]:
    """Widens the place of a marker by what stands around it in pairs, and by a stop after it."""
    while True:
        before, after = start, end
        while before > first and text[before - 1] in _SPACES:
            before -= 1
        while after < len(text) and text[after] in _SPACES:
            after += 1
        is_pair = (
            before > first and after < len(text) and _PAIRS.get(text[before - 1]) == text[after]
        )
        if not is_pair:
            break
        start, end = before - 1, after + 1
    while end < len(text) and text[end] in _STOPS:
        end += 1
    return start, end
