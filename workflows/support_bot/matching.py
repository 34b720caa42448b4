"""Finding the FAQ entry that a message asks for, by counting words. No model, no randomness."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from .faq import TOPICS, Detail, Entry, Topic
from .shop import APPLIANCES, HOURS, NOT_SOLD, Appliance

KEY_POINTS = 2
"""What a key word of an entry counts. Any other of its words counts 1, and so does a topic that is
in focus already, and a detail that is needed and named."""
DECISIVE_POINTS = 6
"""What a key word counts that ends in `!`: `christmas!` beats `open_on`."""
SHORTEST_TYPO = 6
"""Letters. Too many shorter words look alike, as `smell` and `sell` do."""
GAP = 4
"""How far apart the words of a phrase may stand, so that `when back` finds `when is it back`."""
TYPO_CUTOFF = 0.84
"""How alike (0 to 1) an unknown word must be to a known one to be read as a misspelling of it:
`warrenty` is, `weather` for `leather` is not."""
MOST_REACTION_WORDS = 5
"""A longer sentence is not a mere reaction, whatever words it holds."""
MOST_WORDS = 400
"""How much of a message is read. Nobody asks a shop more than this."""


_REACTS = re.compile(
    r"(?i)\b(?:ok|okay|good|fine|fair|nice|alright|hm+|pity|shame|great|perfect|see|got it|sorry)\b"
)
_COMMON = frozenset(
    {("get",), ("have",), ("hav",), ("do",), ("you",), ("what",), ("ne",), ("need",)}
)
"""Stems that every second question holds. They count in a phrase, not alone."""


@dataclass(frozen=True)
class Match:
    """An entry that a message asks for, and how strongly."""

    topic: Topic
    entry: Entry
    points: int
    keyed: bool
    """Whether a key word was among them, and not only words that point to it."""
    found: frozenset[str]
    """The stems that it was found by."""


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without accents; `don't` and `KC-123` are one each."""
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'").lower())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*", plain)[:MOST_WORDS]


@cache
def stem(word: str) -> str:
    """Cuts what makes `returning`, `returned` and `returns` differ. Crude, but alike everywhere."""
    for ending in ("ies", "ing", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


@cache
def _stems_of(keys: str) -> tuple[tuple[str, ...], ...]:
    """The phrases of a field of the FAQ, each as the stems of its words."""
    return tuple(tuple(stem(w) for w in key.strip("!").split("_")) for key in keys.split())


@cache
def _points_of(keys: str) -> dict[tuple[str, ...], int]:
    """What each phrase of an entry's keys counts."""
    decisive = set(_stems_of(" ".join(key for key in keys.split() if key.endswith("!"))))
    return {key: DECISIVE_POINTS if key in decisive else KEY_POINTS for key in _stems_of(keys)}


@cache
def _vocabulary() -> tuple[str, ...]:
    known = {
        part
        for topic in TOPICS
        for entry in topic.entries
        for key in (entry.keys + " " + entry.words).split()
        for part in key.strip("!").split("_")
    }
    known |= {w for a in APPLIANCES for w in a.name.split()} | {day.lower() for day in HOURS}
    return tuple(sorted(known))


@cache
def _corrected(word: str) -> str:
    if len(word) < SHORTEST_TYPO or not word.isalpha():
        return word
    vocabulary = _vocabulary()
    if word in vocabulary or stem(word) in {stem(w) for w in vocabulary}:
        return word
    return next(iter(get_close_matches(word, vocabulary, n=1, cutoff=TYPO_CUTOFF)), word)


def stems_in(text: str) -> list[str]:
    """The stems of a text's words in order, with misspellings read as what they look like."""
    return [stem(_corrected(word)) for word in words_of(text)]


def _has_phrase(stems: Sequence[str], phrase: tuple[str, ...]) -> bool:
    """Whether the phrase's words occur in order, each at most GAP words after the one before."""
    ends = [i for i, s in enumerate(stems) if s == phrase[0]]
    for part in phrase[1:]:
        ends = [
            j for i in ends for j in range(i + 1, min(i + 1 + GAP, len(stems))) if stems[j] == part
        ]
    return bool(ends)


def _match(topic: Topic, entry: Entry, text: str, stems: Sequence[str], focus: bool) -> Match:
    keys = {key for key in _stems_of(entry.keys) if _has_phrase(stems, key)}
    words = {word for word in _stems_of(entry.words) if word[0] in stems} - _COMMON
    named = entry.needs is not None and detail_in(text, entry.needs) is not None
    points = sum(_points_of(entry.keys)[key] for key in keys) + len(words) + named + focus
    # A detail alone ("and on Sundays?", "for a blender?") is a question in a conversation.
    asked = bool(keys) or (focus and points > 1)
    found = frozenset(part for key in keys | words for part in key)
    return Match(topic, entry, points if asked else 0, bool(keys), found)


def essence(text: str) -> str:
    """A text without the short sentences that only react to what was said, as in: 30 days, ok."""
    sentences = re.findall(r"[^.?!\n]+[.?!]*", re.sub(r"(?<=\d)[.](?=\d)", ",", text))
    telling = [
        s for s in sentences if len(s.split()) > MOST_REACTION_WORDS or not _REACTS.search(s)
    ]
    return " ".join(telling) or text


def matches(text: str, focus: Topic | None = None) -> list[Match]:
    """All entries that a text asks for, the likeliest first.

    Of equals, those of the topic in focus come first, then those with a key word.

    Args:
        text: what the customer wrote.
        focus: what the conversation is about; it lets a few words be enough.
    """
    text = essence(text)
    stems = stems_in(text)
    found = (
        _match(topic, entry, text, stems, topic is focus)
        for topic in TOPICS
        for entry in topic.entries
    )
    asked = [match for match in found if match.points]
    return sorted(asked, key=lambda m: (-m.points, m.topic is not focus, not m.keyed))


def day_in(text: str) -> str | None:
    """The weekday a text names, `weekend` being a Saturday; None without one."""
    spelled = {stem(day.lower()): day for day in HOURS}
    spelled |= {day[:3].lower(): day for day in HOURS}
    spelled |= {"tue": "Tuesday", "thur": "Thursday", "weekend": "Saturday", "weekday": "Monday"}
    return next((spelled[s] for s in stems_in(text) if s in spelled), None)


def _names() -> Iterator[tuple[str, Appliance]]:
    for appliance in APPLIANCES:
        yield appliance.name, appliance
        for name in appliance.also.split(", "):
            yield name, appliance


def appliance_in(text: str) -> Appliance | None:
    """The appliance a text names, by its longest name; None without one."""
    stems = " ".join(stems_in(text))
    named = [
        (name, appliance)
        for name, appliance in _names()
        if re.search(rf"\b{' '.join(stem(w) for w in name.split())}\b", stems)
    ]
    return max(named, key=lambda pair: len(pair[0]))[1] if named else None


def not_sold_in(text: str) -> str | None:
    """Something in a text that the shop does not have, such as a fridge; None without one."""
    stems = set(stems_in(text))
    return next((n for n in NOT_SOLD.split(", ") if {stem(w) for w in n.split()} <= stems), None)


def order_in(text: str) -> str | None:
    """The order number in a text, as `KC-20417`; None without one. The KC may be left out."""
    number = re.search(r"\bkc[\s#-]*(\d{3,10})\b|(?<![$\d])#?\b(\d{5,10})\b", text, re.IGNORECASE)
    return f"KC-{number[1] or number[2]}" if number else None


def detail_in(text: str, detail: Detail) -> str | None:
    """The day, appliance or order number that a text names; None without one."""
    match detail:
        case Detail.DAY:
            return day_in(text)
        case Detail.ORDER:
            return order_in(text)
        case Detail.APPLIANCE:
            appliance = appliance_in(text)
            return appliance.name if appliance else None
