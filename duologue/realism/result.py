"""What a comparison of simulated and real users says."""

from enum import StrEnum

from duologue.settings.options import Record

DECIMALS = 4
LEVEL_DEVIATIONS = 1.959964
"""Of a normal distribution: 95 % are within."""


class Grade(StrEnum):
    """How well simulated users pass as real ones."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class Auc(Record):
    """How often the simulated one of two users is found: 0.5 is guessing, 1 is always."""

    auc: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end."""


class DomainFloor(Record):
    """How well the real users of one domain can be told from the other real users."""

    domain: str
    conversations: int
    auc: float


class Floor(Record):
    """How well real users can be told from real users: what no simulation needs to beat."""

    auc: float
    """The mean AUC of one random half against the other."""
    low: float
    """One in 40 halves has a lower AUC."""
    high: float
    """One in 40 halves has a higher AUC."""
    halves: int
    """How often the real conversations were halved."""
    domains: tuple[DomainFloor, ...] = ()
    """One domain against the others, the most different first; empty if the file names none."""


class Side(Record):
    """One of the two files."""

    name: str
    conversations: int
    """That are compared."""
    left_out: int
    """Conversations that are not compared: one side says nothing, or they are unreadable."""
    messages: int
    """Of the users in them."""


class Distribution(Record):
    """The values of a feature on one side, a value for each conversation."""

    conversations: int
    """The number of conversations in which it has a value."""
    value: float
    """What the sentence says: a share of messages, or a median."""
    quantiles: tuple[float, float, float, float, float]
    """A tenth, a quarter, a half, three quarters and nine tenths of the values are at most this."""
    counts: dict[str, int]
    """Number of conversations by range of values, in order."""


class Example(Record):
    """A message of a simulated user that shows a difference."""

    conversation_id: str
    message_index: int
    """Among all messages of the conversation, from 0."""


class FeatureDifference(Record):
    """How the two sides differ in one feature."""

    feature: str
    part: str
    """Which messages it is about: `opening`, `later` or `whole`."""
    decides: bool
    """Whether it counts for the AUC; features of the opening do not."""
    distance: float
    """From 0, the same, to 1, no value in common: the largest difference between the shares of
    conversations up to a value (Kolmogorov-Smirnov)."""
    is_clear: bool
    """Whether it is larger than chance would make the largest one of all features in 1 of 20."""
    sentence: str
    simulated: Distribution
    real: Distribution
    examples: tuple[Example, ...]
    """Up to three, of different conversations if possible."""


class Realism(Record):
    """How well simulated users can be told from real ones, and by what."""

    auc: float
    """Without the opening messages."""
    interval: tuple[float, float]
    """The AUC's 95 % interval."""
    p_value: float
    """How often users drawn from one population can be told apart as well; at least 0.001."""
    grade: Grade
    grade_range: tuple[Grade, Grade]
    """The best and the worst grade within the interval."""
    floor: Floor
    openings: Auc | None
    """By the opening messages alone; None if those of both sides are mostly the same."""
    most_messages: int
    """User messages of a conversation that are compared: those after them are left out."""
    simulated: Side
    real: Side
    features: tuple[FeatureDifference, ...]
    """Those that decide first; in each part the most different first."""
    notes: tuple[str, ...] = ()
    """What makes the comparison less fair, a sentence each."""

    @property
    def standard_error(self) -> float:
        """The AUC's, from its interval."""
        low, high = self.interval
        return (high - low) / (2 * LEVEL_DEVIATIONS)
