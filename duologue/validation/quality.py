"""What is known of a whole dataset: measures, distributions, and what they give to think about."""

from pydantic import BaseModel, ConfigDict

from duologue.settings.rules import Severity


class Measure(BaseModel):
    """One number about a dataset, and where it is expected to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    before: float | None = None
    """Of the version before; None where there is none."""
    low: float | None = None
    """The lower end of the band that earlier versions kept within; None where too few are there."""
    high: float | None = None
    """The upper end of it."""


class DatasetFinding(BaseModel):
    """What a rule found in a dataset as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    severity: Severity
    detail: str
    """In words that make sense beside the rule's name; never a conversation's text."""
    conversation_ids: tuple[str, ...] = ()
    """The conversations it is about; empty where it is about all of them."""


class DatasetQuality(BaseModel):
    """The numbers behind a report on a dataset, and what the dataset rules found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: dict[str, Measure] = {}
    """By name, as in `user_words_per_message`; in the order they are to be shown."""
    distributions: dict[str, dict[str, int]] = {}
    """By name, as in `turns`: how many conversations have which value, in order."""
    findings: tuple[DatasetFinding, ...] = ()
