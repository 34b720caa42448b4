"""How the rules are to judge: what a run, the command line and a file can set."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from duologue.form import as_form
from duologue.validation.farewells import TAIL_LENGTH
from duologue.validation.language import LANGUAGE_CONFIDENCE, LANGUAGE_LETTERS
from duologue.validation.manner import MANY_WORDS, POLITE_SHARE
from duologue.validation.personal_data import PHONE_REGION
from duologue.validation.prompt_leak import PROMPT_PHRASE_WORDS
from duologue.validation.truncation import TRUNCATION_WORDS
from duologue.validation.wording import NEARLY_THE_SAME

Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(pattern=r"\S")]
SeverityOrOff = Literal["off", "info", "warning", "invalid"]


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
