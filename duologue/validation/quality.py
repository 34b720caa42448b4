"""The quality of a whole dataset: measures, distributions and findings."""

from duologue.settings.options import Record
from duologue.settings.rules import Severity


class Measure(Record):
    """One number about a dataset, and its expected range."""

    value: float
    before: float | None = None
    """Value in the previous version; None if there is none."""
    low: float | None = None
    """Lower end of the range expected from earlier versions; None if there are too few."""
    high: float | None = None
    """Upper end of that range."""


class DatasetFinding(Record):
    """A finding about a dataset as a whole."""

    rule: str
    severity: Severity
    detail: str
    """An explanation to read next to the rule's name; never a conversation's text."""
    conversation_ids: tuple[str, ...] = ()
    """The conversations concerned; empty if all are."""


class DatasetQuality(Record):
    """A dataset's measures, distributions, and the findings of the dataset rules."""

    measures: dict[str, Measure] = {}
    """By name, such as `user_words_per_message`; in display order."""
    distributions: dict[str, dict[str, int]] = {}
    """By name, such as `turns`: the number of conversations for each value, in order."""
    findings: tuple[DatasetFinding, ...] = ()
