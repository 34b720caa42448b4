"""Degenerate text: a message that repeats one phrase, one line or one character inside itself."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import length_in_words, wording
from duologue.validation.rule import Expectations, Finding

MIN_WORDS = 9
"""A phrase repeated within fewer words is emphasis: "No, no, no!", "bye bye bye"."""
MAX_VARIETY = 0.62
"""Only messages with a smaller share of distinct words are looked at. Ordinary ones of up to 300
words stay above 0.5, degenerate ones are below 0.4 even if they are short."""
PHRASE_TIMES = 4
"""A phrase repeated this often in a row, and filling half of the message, is degenerate."""
SPACELESS_CHARACTERS = 23
"""The same as MIN_WORDS in scripts without spaces."""
MAX_PHRASE = 40
"""The longest phrase looked for, in words."""
RUN, SPACELESS_RUN = 4, 10
"""Words in a run. Runs that come again and again show repetition that is not quite regular. In
scripts without spaces each character counts as a word, so the runs are longer."""
COVERED, COVERED_TIMES = 0.4, 4
"""A message is degenerate if runs that come twice or more cover this share of it, and one of them
comes this often. A person who pastes a question three times stays below."""
LONG, LONG_COVERED = 80, 0.7
"""Messages of this many words need this share: lists and timetables repeat their phrases."""
MOST_NUMBERS, MOST_FIGURES = 0.1, 0.25
"""A message with a larger share of distinct numbers is a log or a table, and so is one with half as
many of which a larger share of the words are numbers."""
SAME_CHARACTERS = 100
"""Or one character comes this often in a row, except for those that draw lines and leave blanks."""

_SAME_CHARACTER = re.compile(r"([^\s=_.\u2026*#~\u2500-\u257f-])\1{99}")
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


def degenerate_message(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a user message that repeats one phrase, one line or one character inside itself.

    "I'm sorry, I'm sorry, I'm sorry, I'm sorry." Small models, and models at a high temperature,
    end up there in any language. Known false positives: song lyrics, pasted logs and tables.
    """
    for index, message in enumerate(messages):
        is_seed = message.text == expected.seed_message
        if (
            message.role is Role.USER
            and not is_seed
            and (reason := degenerate_reason(message.text))
        ):
            yield Finding(index, reason)


@lru_cache(maxsize=64)
def degenerate_reason(text: str) -> str | None:
    """Returns how a text repeats itself; None if it does not."""
    if _may_repeat_a_character(text) and _SAME_CHARACTER.search(text):
        return "repeats one character over and over"
    said = wording(text)
    count = len(said.words)
    if count < MIN_WORDS or len(said.distinct) > _most_distinct(count):
        return None
    words = wording(_CODE.sub(" ", text)).words if "```" in text else said.words
    count = len(words)
    if count < MIN_WORDS or len(set(words)) > _most_distinct(count):
        return None
    run = SPACELESS_RUN if length_in_words(text) < 0.7 * len(said.words) else RUN
    figures = sum(word in said.numbers for word in words) if said.numbers else 0
    most = MOST_NUMBERS / 2 if figures > MOST_FIGURES * count else MOST_NUMBERS
    is_log = len(said.numbers) > most * count
    least = MIN_WORDS if run == RUN else SPACELESS_CHARACTERS
    if not is_log and (_repeats_a_phrase(words, least) or _is_covered(words, run)):
        return "repeats the same words over and over"
    return None


def _may_repeat_a_character(text: str) -> bool:
    # So long a run fills the half of it that starts at one of these places.
    half = SAME_CHARACTERS // 2
    starts = range(0, len(text) - half + 1, half)
    return any(text[start] == text[start + half - 1] == text[start + 1] for start in starts)


def _most_distinct(count: int) -> float:
    # Longer texts repeat more words by nature (Heaps' law).
    return MAX_VARIETY * count if count < 100 else 6.2 * count**0.5


def _repeats_a_phrase(words: Sequence[str], least: int) -> bool:
    """Reports whether a phrase comes several times in a row and fills half of the words, and at
    least this many.
    """
    count = len(words)
    for length in range(1, min(MAX_PHRASE, count // PHRASE_TIMES) + 1):
        again = map(str.__eq__, words, words[length:])
        longest = max((len(list(run)) for same, run in groupby(again) if same), default=0)
        if longest >= max((PHRASE_TIMES - 1) * length, count / 2 - length, least - length):
            return True
    return False


def _is_covered(words: Sequence[str], length: int) -> bool:
    """Reports whether runs of words that come again and again fill the message."""
    runs = list(zip(*(words[start:] for start in range(length)), strict=False))
    times = Counter(runs)
    if max(times.values(), default=0) < COVERED_TIMES:
        return False
    covered = {
        place
        for start, run in enumerate(runs)
        if times[run] > 1
        for place in range(start, start + length)
    }
    share = COVERED if len(words) < LONG else LONG_COVERED
    return len(covered) >= share * len(words)
