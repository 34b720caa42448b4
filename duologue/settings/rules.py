"""How the rules judge."""

from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, field_validator

from duologue.conversation.farewells import TAIL_LENGTH
from duologue.conversation.wording import NEARLY_THE_SAME
from duologue.settings.options import NotBlank, OptionalReference, Options, Share

SeverityOrOff = Literal["off", "info", "warning", "invalid"]

LANGUAGE_LETTERS = 20
"""A message with fewer letters has no detectable language: "Danke" or "Pizza Margherita" says
little. Counted in bytes of UTF-8, as the detector reads them: a Chinese character, which says as
much as three letters, counts for three."""

LANGUAGE_CONFIDENCE = 0.9
"""How confident the detector must be in both languages, from 0 to 1. In 77,000 messages of people
and models in seven languages it was this confident in a wrong language once, for a Chinese text
that it took for Wu; with 0.8 it was wrong at least six times more."""

POLITE_SHARE = 0.5
"""The share of polite messages, from 0 to 1, above which a user counts as polite. People say thanks
or please in well under a third of their messages."""

MANY_WORDS = 60
"""The mean number of words above which a user counts as verbose. The users of RecLLMSim write 87;
people who chat with an assistant mostly write fewer than 20."""

PHONE_REGION = "US"
"""The country (ISO 3166) whose national phone number format is also recognised. Most simulated
users speak American English."""

PROMPT_PHRASE_WORDS = 12
"""This many consecutive words of the prompt are no coincidence: set phrases are shorter."""

TRUNCATION_WORDS = 30
"""A length limit cuts long messages. A shorter message that breaks off is a person in a hurry."""


class Severity(StrEnum):
    """What a broken rule does to its conversation."""

    INVALID = "invalid"
    """The conversation leaves the dataset and is listed with the failures."""
    WARNING = "warning"
    """The conversation stays, with the rule's name in its `warnings` column."""
    INFO = "info"
    """The conversation stays as it is. The finding is shown and counted; it is not an error."""


class RuleSettings(Options):
    """Which rules apply, how severe each is, and their thresholds.

    The reason for each threshold's default stands with its constant, in the file of the rule. A
    keyword argument of a rule takes the setting of the same name (`loading.load_rules`).
    """

    severities: dict[str, SeverityOrOff] = {}
    """The severity of rules by name, where it differs from their own: `off`, `info`, `warning` or
    `invalid`."""
    own_rules: tuple[str, ...] = ()
    """Your own rules, each as python:package.module:rule: a function that takes the messages and
    the expectations, and returns findings. Each is a warning unless `severities` names it."""
    canaries: tuple[NotBlank, ...] = ()
    """Strings that you put into a prompt to detect messages that leak it (`prompt_leak`). They are
    written to the manifest."""
    prompt_file: OptionalReference = None
    """The file with the simulated user's prompt, a path or a URL, for `prompt_leak`; not checked if
    empty."""
    prompt_phrase_words: Annotated[int, Field(ge=3)] = PROMPT_PHRASE_WORDS
    """How many consecutive words of the prompt count as a leak."""
    nearly_the_same: Share = NEARLY_THE_SAME
    """The share of common words, from 0 to 1, from which two messages count as the same (echoes,
    repetition, loops)."""
    farewell_tail_messages: Annotated[int, Field(ge=2)] = TAIL_LENGTH
    """How many goodbyes in a row at the end are a `farewell_tail`."""
    language_letters: Annotated[int, Field(ge=1)] = LANGUAGE_LETTERS
    """The fewest letters for which a message's language is detected (`language_drift`)."""
    language_confidence: Share = LANGUAGE_CONFIDENCE
    """How confident `language_drift` must be in both languages, from 0 to 1."""
    truncation_words: Annotated[int, Field(ge=1)] = TRUNCATION_WORDS
    """The fewest words from which a message that breaks off counts as cut (`truncation`)."""
    phone_region: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = PHONE_REGION
    """The country whose phone numbers `personal_data` recognises without a country code, such as US
    or DE; none if empty."""
    polite_share: Share = POLITE_SHARE
    """The share of polite messages, from 0 to 1, above which a user is a `polite_user`."""
    many_words: Annotated[int, Field(ge=1)] = MANY_WORDS
    """The mean words per message above which a user is a `verbose_user`."""


BROKEN_REPLY = "broken_reply"
"""The rule that the gate `max_broken_reply_share` counts."""

NEAR_DUPLICATES = "near_duplicates"
CANNED_REPLY = "canned_reply"
DRIFT = "drift"

DATASET_RULES = (NEAR_DUPLICATES, CANNED_REPLY, DRIFT)
"""All of them. The finding of a drift names its measure too: `drift:turns`."""


class Unit(StrEnum):
    """What a measure counts in."""

    SHARE = "share"
    """From 0 to 1."""
    TURNS = "turns"
    WORDS = "words"
    RATIO = "ratio"
    AUC = "AUC"
    MILLISECONDS = "ms"


class MeasureText(NamedTuple):
    """How a measure is explained to people."""

    name: str
    unit: Unit
    sentence: str


MEASURES = {
    "failed_share": MeasureText(
        "failed conversations",
        Unit.SHARE,
        "Conversations that could not be simulated, of those requested.",
    ),
    "invalid_share": MeasureText(
        "invalid conversations",
        Unit.SHARE,
        "Conversations that break a rule of severity invalid, of those requested.",
    ),
    "near_duplicate_share": MeasureText(
        "near duplicates",
        Unit.SHARE,
        "Conversations that are nearly the same as one of another seed.",
    ),
    "canned_reply_share": MeasureText(
        "most common canned reply",
        Unit.SHARE,
        "Conversations that contain the most common repeated reply at least twice.",
    ),
    "turns": MeasureText(
        "turns per conversation",
        Unit.TURNS,
        "The mean number of chatbot replies in a conversation.",
    ),
    "max_turns_share": MeasureText(
        "conversations with all turns", Unit.SHARE, "Conversations that used all the turns allowed."
    ),
    "user_ended_share": MeasureText(
        "ended by the user", Unit.SHARE, "Conversations that the simulated user ended."
    ),
    "farewell_loop_share": MeasureText(
        "goodbye loops",
        Unit.SHARE,
        "Conversations that were cut because both sides only said goodbye.",
    ),
    "user_words_per_message": MeasureText(
        "length of user messages", Unit.WORDS, "The mean number of words in a later user message."
    ),
    "user_words_variation": MeasureText(
        "variation in length",
        Unit.RATIO,
        "The standard deviation of the length of later user messages, divided by its mean.",
    ),
    "first_to_later_words": MeasureText(
        "first to later messages",
        Unit.RATIO,
        "The mean length of first user messages, divided by that of the later ones.",
    ),
    "user_variety": MeasureText(
        "variety of words",
        Unit.SHARE,
        "The share of distinct words in 50 consecutive words of later user messages (MATTR).",
    ),
    "user_distinct_pairs": MeasureText(
        "variety of word pairs",
        Unit.SHARE,
        "The share of distinct pairs of adjacent words in 500 words of later user messages "
        "(distinct-2).",
    ),
    "user_opener_share": MeasureText(
        "most common start",
        Unit.SHARE,
        "Later user messages that begin with the most common three words.",
    ),
    "first_opener_share": MeasureText(
        "most common start of a conversation",
        Unit.SHARE,
        "First user messages that begin with the most common three words.",
    ),
    "polite_share": MeasureText(
        "polite messages", Unit.SHARE, "Later user messages with please, thanks or the like."
    ),
    "question_share": MeasureText(
        "questions", Unit.SHARE, "Later user messages with a question mark."
    ),
    "realism_auc": MeasureText(
        "recognisable as simulated",
        Unit.AUC,
        "How often a classifier picks the simulated user out of a simulated and a real one "
        "(`realism.real`): 0.5 is guessing, 1 is always.",
    ),
    "coverage": MeasureText(
        "coverage of real traffic",
        Unit.SHARE,
        "Real conversations (`realism.real`) in a cluster that has a conversation of the dataset.",
    ),
    "assistant_words_per_message": MeasureText(
        "length of replies", Unit.WORDS, "The mean number of words in a chatbot reply."
    ),
    "latency_ms": MeasureText(
        "latency of replies", Unit.MILLISECONDS, "The median time that a chatbot reply took."
    ),
}
"""Every measure and how it is explained, in the order they are shown. Words are counted as the
rules compare them; "later" leaves a conversation's first user message out, which is its seed's. A
measure that nothing is known for is left out of a dataset's."""


class DatasetRuleSettings(Options):
    """What is reported about the dataset as a whole, and how severe it is."""

    severities: dict[str, Severity | Literal["off"]] = {}
    """What the findings of a rule do: `warning` only reports them, `invalid` holds the version
    back, `off` drops them. By rule: `near_duplicates`, `canned_reply`, `drift`, or the drift of one
    measure, such as `drift:latency_ms`. A rule that is not named is a warning."""
    max_near_duplicate_share: Share = 0.01
    """The share of conversations that may nearly repeat one of another seed, from 0 to 1. A few do
    if two seeds ask the same thing."""
    max_canned_reply_share: Share = 0.1
    """The share of conversations that may contain one reply twice or more, from 0 to 1. It equals
    the share that may fail: an outage that looks like success is no better."""
    drift_distances: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 7
    """How far a measure may move from the median of earlier versions, in multiples of their usual
    distance from it. With 7, one measure of an unchanged chatbot drifts by chance once in 550
    nights after 5 versions, and once in 7,700 after 14."""

    @field_validator("severities")
    @classmethod
    def _names_are_known(
        cls, severities: dict[str, Severity | Literal["off"]]
    ) -> dict[str, Severity | Literal["off"]]:
        known = {*DATASET_RULES, *(f"{DRIFT}:{name}" for name in MEASURES)}
        for name in severities:
            if name not in known:
                raise ValueError(
                    f"there is no dataset rule {name!r}; there are {', '.join(DATASET_RULES)}, "
                    f"and {DRIFT}:NAME with the name of a measure, such as {DRIFT}:latency_ms"
                )
        return severities

    def severity(self, rule: str) -> Severity | None:
        """Returns how severe a rule's findings are; None if the rule is off."""
        general = self.severities.get(rule.partition(":")[0], Severity.WARNING)
        severity = self.severities.get(rule, general)
        return None if severity == "off" else severity
