"""The features in which simulated and real users are compared.

The first message of a simulated conversation is its seed's. If seeds are real messages, it is a
real user's; if somebody made them up, it says nothing about the simulated user either. So features
of the opening are measured and shown on their own, and only the rest decides how well the two sides
can be told apart.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log, nan
from statistics import fmean, pstdev

from duologue.conversation.farewells import is_farewell
from duologue.conversation.wording import wording
from duologue.realism import manner
from duologue.realism.users import Spoken, UserSide
from duologue.validation.dataset_rules.variety import moving_type_token_ratio

Value = tuple[float, int]
"""A conversation's value, and of how many messages it is the mean; nan and 0 if it has none."""

UNKNOWN: Value = (nan, 0)


class Part(StrEnum):
    """Which messages a feature is about."""

    OPENING = "opening"
    """The first one, which is the seed's."""
    LATER = "later"
    """Those after it."""
    WHOLE = "whole"
    """The conversation."""


class Kind(StrEnum):
    """What a feature's values are."""

    SHARE = "share"
    """From 0 to 1."""
    NUMBER = "number"
    """Any number; both its size and how much it varies can give a simulation away."""
    RATIO = "ratio"
    """A number above 0 of which multiples count, such as words: 2 and 4 differ as 20 and 40."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One way in which users differ."""

    name: str
    part: Part
    kind: Kind
    sentence: str
    """With {simulated} and {real} for the two values, and {who} and {others} for the two sides."""
    of_conversation: Callable[[UserSide], Value]
    of_message: manner.Mark | None = None
    """Its value in a message, if it is the mean over messages."""

    @property
    def decides(self) -> bool:
        """Whether it is used to tell the two sides apart."""
        return self.part is not Part.OPENING

    def scaled(self, value: float) -> float:
        """Returns a value on the scale on which values are compared."""
        return log(value) if self.kind is Kind.RATIO and value > 0 else value


def messages_of(user: UserSide, part: Part) -> Sequence[Spoken]:
    """Returns a user's messages of one part."""
    if part is Part.WHOLE:
        return user.spoken
    return user.spoken[:1] if part is Part.OPENING else user.spoken[1:]


def _mean(values: Iterable[float | None]) -> Value:
    known = [value for value in values if value is not None]
    return (sum(known) / len(known), len(known)) if known else UNKNOWN


def _of_messages(name: str, part: Part, kind: Kind, mark: manner.Mark, sentence: str) -> Feature:
    def value(user: UserSide) -> Value:
        return _mean(map(mark, messages_of(user, part)))

    return Feature(name, part, kind, sentence, value, mark)


def _variation(user: UserSide) -> Value:
    lengths = [manner.words(message) for message in user.spoken[1:]]
    if len(lengths) < 2 or not any(lengths):
        return UNKNOWN
    return pstdev(lengths) / fmean(lengths), 1


def _first_to_later(user: UserSide) -> Value:
    later, _ = _mean(map(manner.words, user.spoken[1:]))
    first = manner.words(user.spoken[0])
    return (first / later, 1) if first and later > 0 else UNKNOWN


def _variety(user: UserSide) -> Value:
    words = [word for message in user.spoken[1:] for word in wording(message.text).words]
    ratio = moving_type_token_ratio(words)
    return UNKNOWN if ratio is None else (ratio, 1)


def _repeats(user: UserSide) -> Value:
    texts = [message.text for message in user.spoken]
    again = (any(manner.repeats(text, one) for one in texts[:i]) for i, text in enumerate(texts))
    return _mean([float(one) for one in again][1:])


def _last(user: UserSide, holds: Callable[[Spoken], float]) -> Value:
    """Returns what holds of a user's last message; nothing if it is not known to be the last."""
    return UNKNOWN if user.is_cut or len(user.spoken) < 2 else (holds(user.spoken[-1]), 1)


def _messages(user: UserSide) -> Value:
    return float(len(user.spoken)), 1


_LATER = "{who} %s in {simulated} of their later messages, %s in {real}."
_FIRST = "{who} %s in {simulated} of their first messages, %s in {real}."
_OTHERS = "{others}"


def _share(name: str, mark: manner.Mark, what: str) -> Feature:
    return _of_messages(name, Part.LATER, Kind.SHARE, mark, _LATER % (what, _OTHERS))


def _opening_share(name: str, mark: manner.Mark, what: str) -> Feature:
    return _of_messages(name, Part.OPENING, Kind.SHARE, mark, _FIRST % (what, _OTHERS))


FEATURES: tuple[Feature, ...] = (
    _of_messages(
        "words",
        Part.LATER,
        Kind.RATIO,
        manner.words,
        "{who} write {simulated} words in a later message, {others} {real}.",
    ),
    Feature(
        "words_variation",
        Part.LATER,
        Kind.NUMBER,
        "The length of the later messages of {who_of} varies by {simulated} of its mean, of "
        "{others} by {real}.",
        _variation,
    ),
    Feature(
        "first_to_later",
        Part.WHOLE,
        Kind.RATIO,
        "{who} write {simulated} times as many words first as later, {others} {real} times.",
        _first_to_later,
    ),
    _share("few_words", manner.few_words, "write three words or fewer"),
    _share("capital_first", manner.capital_first, "start with a capital"),
    _share("end_punctuation", manner.ends_with_mark, "end with punctuation"),
    _share("typing_slips", manner.slips, "make a typing slip"),
    _share("polite", manner.polite, "say please or thanks"),
    _share("questions", manner.asks, "ask with a question mark"),
    _share("exclamation_marks", manner.exclaims, "use an exclamation mark"),
    _share("emoji", manner.has_emoji, "use an emoji"),
    _share("hesitation", manner.hesitates, "hesitate (um, maybe, ...)"),
    _share("capitals_only", manner.shouts, "write in capitals"),
    _share("markup", manner.has_markup, "use lists, paragraphs or other markup"),
    _share("numbers", manner.has_number, "give a number"),
    _share("acknowledges", manner.acknowledges, "open by taking note (great, that sounds good)"),
    _share("objects", manner.objects, "open with an objection (no, but, that's not)"),
    _of_messages(
        "word_length",
        Part.LATER,
        Kind.NUMBER,
        manner.word_length,
        "The words of {who_of} have {simulated} letters, those of {others} {real}.",
    ),
    Feature(
        "variety",
        Part.LATER,
        Kind.NUMBER,
        "Of 50 words of {who_of}, {simulated} are distinct; of {others}, {real}.",
        _variety,
    ),
    _of_messages(
        "takes_up",
        Part.LATER,
        Kind.NUMBER,
        manner.takes_up,
        "Of the longer words of {who_of}, {simulated} come from the chatbot's last message; of "
        "{others}, {real}.",
    ),
    Feature(
        "asks_again",
        Part.LATER,
        Kind.SHARE,
        "{who} repeat themselves in {simulated} of their later messages, {others} in {real}.",
        _repeats,
    ),
    _of_messages(
        "objects_after_miss",
        Part.LATER,
        Kind.SHARE,
        manner.after_miss(manner.objects),
        "When the chatbot misses the point, {who_of} object in {simulated} of their answers, "
        "{others} in {real}.",
    ),
    _of_messages(
        "polite_after_miss",
        Part.LATER,
        Kind.SHARE,
        manner.after_miss(manner.polite),
        "When the chatbot misses the point, {who_of} say please or thanks in {simulated} of their "
        "answers, {others} in {real}.",
    ),
    Feature(
        "messages",
        Part.WHOLE,
        Kind.RATIO,
        "{who} write {simulated} messages before they stop, {others} {real}.",
        _messages,
    ),
    Feature(
        "ends_with_goodbye",
        Part.WHOLE,
        Kind.SHARE,
        "{who} end {simulated} of their conversations with thanks or a goodbye, {others} {real}.",
        lambda user: _last(user, lambda message: float(is_farewell(message.text))),
    ),
    Feature(
        "ends_with_question",
        Part.WHOLE,
        Kind.SHARE,
        "{who} end {simulated} of their conversations with a question, {others} {real}.",
        lambda user: _last(user, manner.asks),
    ),
    _of_messages(
        "first_words",
        Part.OPENING,
        Kind.RATIO,
        manner.words,
        "{who} write {simulated} words in their first message, {others} {real}.",
    ),
    _opening_share("first_capital", manner.capital_first, "start with a capital"),
    _opening_share("first_end_punctuation", manner.ends_with_mark, "end with punctuation"),
    _opening_share("first_typing_slips", manner.slips, "make a typing slip"),
    _opening_share("first_polite", manner.polite, "say please or thanks"),
    _opening_share("first_greeting", manner.greets, "greet"),
    _opening_share("first_question", manner.asks, "ask with a question mark"),
    _opening_share("first_exclamation_marks", manner.exclaims, "use an exclamation mark"),
)
"""All of them, in the order in which they are explained in docs/how-to/realism.md."""
