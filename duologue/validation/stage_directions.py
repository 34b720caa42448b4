"""A rule on stage directions: what an author writes about the user, in the user's message."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from duologue.conversation.courtesy import is_greeting, is_polite
from duologue.conversation.farewells import is_farewell
from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import length_in_words
from duologue.validation.rule import Expectations, Finding

ASIDE_WORDS = 2
"""Fewer words in brackets are a label or a laugh: "(optional)", "(haha)". One word in asterisks is
a direction if it opens the message: "*sighs*"."""

LONGEST_MESSAGE = 1000
"""In characters. A longer message is a document, with headings and notes of its own."""

ASIDE_CHARACTERS = 3
"""In scripts without spaces: three days later in lens brackets, but not a laugh."""

ASIDE_MARKS = ("(", "[", "*", "_", "\uff08", "【")
_ROUND = r"\((?P<round>[^()\n]{4,300})\)"
_SQUARE = r"(?<!\w)\[(?P<square>[^\[\]\n]{4,300})\](?![(\[:])"
_WIDE = r"\uff08(?P<wide>[^\uff08\uff09\n]{2,200})\uff09"
_LENS = r"【(?P<lens>[^【】\n]{2,200})】"
# Not Markdown's bold, lists and rules.
_STARS = r"(?<![*\w])\*(?P<stars>[^*\s](?:[^*\n]{1,200}[^*\s])?)\*(?![*\w])"
_LINES = r"(?<![_\w])_(?P<lines>[^_\s][^_\n]{1,200}[^_\s])_(?![_\w])"
_STOP = r"[ \t]*[.!\u2026\u3002]*\s*"
_ALONE = re.compile(
    rf"^[ \t]*(?:{_ROUND}|{_SQUARE}|{_WIDE}|{_LENS}|{_STARS}|"
    rf"{_LINES})[ \t]*[.!\u2026\u3002]*[ \t]*$",
    re.MULTILINE,
)
_BEFORE = re.compile(
    # In Chinese and Japanese, lens brackets before a sentence hold a title or a name.
    rf"\A\s*(?:{_ROUND}|{_SQUARE}|{_WIDE}|【(?P<lens>[^【】\n\u2e80-\uffff]{{4,200}})】|{_STARS}|"
    rf"{_LINES})(?=\s*\S)"
)
# In round brackets only a whole sentence; others may add an example or explain a word.
_ENDS = r"[.!?\u2026\u3002\uff01\uff1f\"\u201d\u00bb)\n]"
_SENTENCE = (
    r"(?:[^\W\d_a-z\u0430-\u044f\u2e80-\uffff][^()\uff08\uff09\n]{6,300}|"
    r"[\u2e80-\uffff][^()\uff08\uff09\n]{2,200})[.!\u2026\u3002\uff01]"
)
_AFTER = re.compile(
    rf"{_ENDS}\s*(?:{_SQUARE}|{_LENS}|{_STARS}|{_LINES}){_STOP}\Z|"
    rf"{_ENDS}\s*\((?P<round>{_SENTENCE})\)\s*\Z|"
    rf"{_ENDS}\s*\uff08(?P<wide>{_SENTENCE})\uff09\s*\Z"
)
# Between two sentences, or with a verb as "sighs deeply" has it; the rest is emphasis.
_WITHIN = re.compile(
    r"(?<![*\w])\*(?P<stars>(?:(?<=[.!?\u2026,]\s\*)|(?=\w{2,}(?:[a-rt-z]s|ing) ))"
    r"[a-z\u0430-\u044f][^*\n]{2,120} [^*\n]{1,80}[^*\s])\*(?![*\w])"
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# What people say to each other in brackets: questions, and Japanese in its polite form.
_SPEECH = re.compile(r"[?\uff1f]|(?:です|ます|ました|でした|ません|下さい|とんでもない)")
# After a sentence, figures explain it: opening hours, prices, dates.
_DIGIT = re.compile(r"\d")
_NO_PROSE = re.compile(r"https?://|www\.|[=<>{}\\|]|^[\d\s.,:/%+-]+$")


def stage_direction(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches stage directions and notes in a user's message: "*sighs*", "(The chat is over.)".

    In brackets or asterisks, on a line of their own, before what the user says, or after its last
    sentence; in any language. If the assistant writes such lines too, it is how the two speak, and
    no finding. Known false positives: people's asides that are whole sentences.
    """
    found = [
        (index, aside)
        for index, message in enumerate(messages)
        if message.role is Role.USER
        and message.text != expected.seed_message
        and (aside := _aside(message.text))
    ]
    if found and not any(
        _ALONE.search(message.text) for message in messages if message.role is Role.ASSISTANT
    ):
        for index, aside in found:
            yield Finding(index, f"holds the stage direction `{aside[:60]}`")


@lru_cache(maxsize=64)
def _aside(text: str) -> str | None:
    if len(text) > LONGEST_MESSAGE or not any(map(text.__contains__, ASIDE_MARKS)):
        return None
    prose = _CODE.sub(" ", text) if "`" in text else text
    for pattern in (_ALONE, _BEFORE, _AFTER, _WITHIN):
        for match in pattern.finditer(prose):
            kind, inside = next((k, v) for k, v in match.groupdict().items() if v is not None)
            opens_with_stars = kind == "stars" and pattern is not _WITHIN
            is_long = length_in_words(inside) >= ASIDE_WORDS or (
                inside >= "\u2e80" and len(inside) >= ASIDE_CHARACTERS
            )
            is_courtesy = is_polite(inside) or is_greeting(inside) or is_farewell(inside)
            is_speech = kind in ("round", "wide") and (
                _SPEECH.search(inside) or (pattern is _AFTER and _DIGIT.search(inside))
            )
            if (is_long or opens_with_stars) and not (
                is_courtesy or is_speech or _NO_PROSE.search(inside)
            ):
                return match[0].strip()
    return None
