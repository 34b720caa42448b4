"""How the rules are to judge: what a run, the command line and a file can set."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from duologue.conversation.farewells import TAIL_LENGTH
from duologue.conversation.wording import NEARLY_THE_SAME
from duologue.settings.options import as_form

Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(pattern=r"\S")]
SeverityOrOff = Literal["off", "info", "warning", "invalid"]

LANGUAGE_LETTERS = 20
"""With fewer letters a message's language is not told: "Danke" or "Pizza Margherita" says little.
Counted in bytes of UTF-8, as the detector reads them: a Chinese character, which says as much as
three letters, counts for three."""

LANGUAGE_CONFIDENCE = 0.9
"""How sure the detector must be of both languages, from 0 to 1. It knows when it is not. Of 77,000
messages of people and of models in seven languages, it was so sure of a wrong one in one, a
Chinese text that it took for Wu; with 0.8 in six more at least."""

POLITE_SHARE = 0.5
"""The share of polite messages, from 0 to 1, beyond which a user is told to be polite. People
thank or say please in well under a third of theirs."""

MANY_WORDS = 60
"""The mean number of words beyond which a user is told to be verbose. The users of RecLLMSim
write 87; people in chats with an assistant mostly under 20."""

PHONE_REGION = "US"
"""The country in whose national form phone numbers are looked for too, as ISO 3166 has it. Most
simulated users speak American English."""

PROMPT_PHRASE_WORDS = 12
"""So many words in a row that are the prompt's are no chance: fixed phrases are shorter."""

TRUNCATION_WORDS = 30
"""A length limit cuts long messages. With fewer words than this a message that breaks off is a
person's haste."""


class Severity(StrEnum):
    """What a broken rule does to its conversation."""

    INVALID = "invalid"
    """The conversation leaves the dataset and is listed with the failures."""
    WARNING = "warning"
    """The conversation stays, and carries the rule's name in its `warnings` column."""
    INFO = "info"
    """The conversation stays as it is; the finding is shown and counted, and is no fault."""


class RuleSettings(BaseModel):
    """Which rules hold, how severe each is, and where their thresholds are.

    The reason for each threshold's default stands with its constant, in the file of the rule. A
    keyword argument of a rule takes the setting of the same name (`loading.load_rules`).
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    severities: dict[str, SeverityOrOff] = {}
    """Rules that are to be `off`, `info`, `warning` or `invalid` instead of what they are, by
    name."""
    own_rules: tuple[str, ...] = ()
    """Rules of your own: `python:package.module:rule`, a function that takes the messages and what
    is expected of them, and gives findings. Each is a warning unless `severities` names it."""
    canaries: tuple[Text, ...] = ()
    """Strings that you put into a prompt to see whether a message gives it away (`prompt_leak`).
    They are written to the manifest."""
    prompt_file: str | None = None
    """The file with the simulated user's prompt, a path or a URL, for `prompt_leak`; not looked
    for if empty."""
    prompt_phrase_words: Annotated[int, Field(ge=3)] = PROMPT_PHRASE_WORDS
    """How many words of the prompt in a row give it away."""
    nearly_the_same: Share = NEARLY_THE_SAME
    """The share of words in common, 0 to 1, from which two messages count as the same (echoes,
    repetition, loops)."""
    farewell_tail_messages: Annotated[int, Field(ge=2)] = TAIL_LENGTH
    """How many goodbyes in a row at the end are a `farewell_tail`."""
    language_letters: Annotated[int, Field(ge=1)] = LANGUAGE_LETTERS
    """The fewest letters from which a message's language is told (`language_drift`)."""
    language_confidence: Share = LANGUAGE_CONFIDENCE
    """How sure of both languages `language_drift` must be, 0 to 1."""
    truncation_words: Annotated[int, Field(ge=1)] = TRUNCATION_WORDS
    """From how many words on a message that breaks off was cut (`truncation`)."""
    phone_region: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = PHONE_REGION
    """The country whose phone numbers `personal_data` knows without their country code, as in
    `US` or `DE`; none if empty."""
    polite_share: Share = POLITE_SHARE
    """The share of polite messages, 0 to 1, beyond which a user is a `polite_user`."""
    many_words: Annotated[int, Field(ge=1)] = MANY_WORDS
    """The mean words of a message beyond which a user is a `verbose_user`."""


BROKEN_REPLY = "broken_reply"
"""The rule that the gate `max_broken_reply_share` counts."""

NEAR_DUPLICATES = "near_duplicates"
CANNED_REPLY = "canned_reply"
DRIFT = "drift"

DATASET_RULES = (NEAR_DUPLICATES, CANNED_REPLY, DRIFT)
"""All of them. The finding of a drift names its measure too: `drift:turns`."""

MEASURES = {
    "failed_share": "of the conversations asked for, those that could not be simulated",
    "invalid_share": "of the conversations asked for, those that are invalid",
    "near_duplicate_share": "conversations that are nearly the same as one of another seed",
    "canned_reply_share": "conversations in which one and the same reply comes twice or more, of "
    "the reply of which there are most",
    "turns": "replies of the chatbot in a conversation, mean",
    "max_turns_share": "conversations that had all their turns",
    "user_ended_share": "conversations that the simulated user ended",
    "farewell_loop_share": "conversations that were cut because both sides only said goodbye",
    "user_words_per_message": "words of a later user message, mean",
    "user_words_variation": "standard deviation of these words, divided by their mean",
    "first_to_later_words": "mean words of the first user messages, divided by those of the later",
    "user_variety": "MATTR of the later user messages: distinct words in 50 of them",
    "user_distinct_pairs": "distinct-2 of the later user messages: distinct pairs of adjacent "
    "words in 500 words",
    "user_opener_share": "later user messages that begin with the three words with which most do",
    "first_opener_share": "first user messages that begin with the three words with which most do",
    "polite_share": "later user messages with please, thanks or the like",
    "question_share": "later user messages with a question mark",
    "assistant_words_per_message": "words of a reply, mean",
    "latency_ms": "how long a reply took, median",
}
"""Every measure and what it says, in the order they are shown. Shares are from 0 to 1. Words are
counted as the rules compare them; "later" leaves a conversation's first user message out, which is
its seed's. A measure that nothing is known for is left out of a dataset's."""


class DatasetRuleSettings(BaseModel):
    """How much of what shows in a dataset as a whole is reported, and how severe it is."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    severities: dict[str, Severity | Literal["off"]] = {}
    """What the findings of a rule do: `warning` only tells, `invalid` holds the version back,
    `off` tells nothing. By rule: `near_duplicates`, `canned_reply`, `drift`, or the drift of one
    measure, as in `drift:latency_ms`. What is not named is a warning."""
    max_near_duplicate_share: Share = 0.01
    """The share of conversations that may be nearly the same as one of another seed. A few are
    where two seeds ask the same thing."""
    max_canned_reply_share: Share = 0.1
    """The share of conversations in which one reply may come twice or more. It is that of the
    failed ones that a version may have: an outage that looks like success is no better."""
    drift_distances: Annotated[float, Field(gt=0)] = 7
    """How many times their usual distance from their median earlier versions may be left behind.
    With 7, one measure of a chatbot that stays as it is drifts by chance once in 550 nights after
    5 versions, and once in 7,700 after 14."""

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
        """Says how severe a rule's findings are; None where it is off."""
        general = self.severities.get(rule.partition(":")[0], Severity.WARNING)
        severity = self.severities.get(rule, general)
        return None if severity == "off" else severity
