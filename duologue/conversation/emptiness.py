"""When a message is empty: a reader would see nothing."""

import re

# White space; control characters; what Unicode calls default ignorable (zero-width spaces and
# joiners, direction marks, variation selectors, tags); and the letters and signs that are drawn
# blank: Hangul fillers, Braille's empty cell, Khmer's inherent vowels.
# Not the whole of Unicode's category "format": Arabic number signs are in it and can be seen.
_INVISIBLE = re.compile(
    r"[\s\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)


def is_empty(text: str) -> bool:
    """Reports whether a reader would see nothing of a text.

    White space and invisible characters are nothing. A full stop, an emoji or a character that
    most fonts lack is something.
    """
    return _INVISIBLE.fullmatch(text) is not None
