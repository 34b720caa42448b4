"""The end marker: what the simulated user sends when it is done."""

import re
from functools import lru_cache


@lru_cache(maxsize=64)
def end_marker_pattern(marker: str) -> re.Pattern[str]:
    """Finds a marker in a message.

    In any case, since language models are careless about it; but one that is made of plain words,
    as `DONE`, only as it is spelled, and only as a whole word: "END" is not in "recommend".
    """
    before = r"(?<!\w)" if marker[0].isalnum() else ""
    after = r"(?!\w)" if marker[-1].isalnum() else ""
    is_plain = all(character.isalnum() or character.isspace() for character in marker)
    return re.compile(before + re.escape(marker) + after, re.NOFLAG if is_plain else re.IGNORECASE)


def split_end_marker(text: str, marker: str) -> tuple[str, bool]:
    """Takes the end marker out of a message.

    Returns:
        What is left of the message, empty where it was nothing but the marker, and whether the
        marker was there.
    """
    parts = end_marker_pattern(marker).split(text)
    if len(parts) == 1:
        return text, False
    return " ".join(part.strip() for part in parts).strip(), True
