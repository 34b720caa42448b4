"""The manifest of a comparison: what was compared with what, and the result. Written last."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from duologue.comparison.outcomes import Better
from duologue.comparison.sides import Side
from duologue.dataset.counts import Counts
from duologue.dataset.judges import JudgeSummary
from duologue.dataset.manifest import FileRecord
from duologue.errors import UnsatisfactoryRunError
from duologue.participants.concurrency import AccountLimit
from duologue.settings.comparison import ComparisonSettings
from duologue.settings.options import Record
from duologue.settings.participants import ParticipantSettings

COMPARISON_MANIFEST_FILE = "comparison.json"


class Difference(Record):
    """One outcome of both sides, and how far the candidate is above the baseline."""

    outcome: str
    better: Better
    is_share: bool
    unit: str
    baseline: float
    """Mean over seeds."""
    candidate: float
    difference: float
    """Candidate minus baseline."""
    low: float | None
    """The confidence interval's ends; null where a single seed gives none."""
    high: float | None
    p: Annotated[float, Field(ge=0, le=1)]
    """Of the hypothesis that both sides are the same, two-sided."""
    p_adjusted: Annotated[float, Field(ge=0, le=1)] | None
    """By Holm, over the outcomes that gates use; null for the others, which are exploratory."""
    verdict: Literal["better", "worse", "different"] | None
    """Null if the seeds cannot show a difference."""
    seeds: Annotated[int, Field(ge=1)]


class PairCounts(Record):
    """How many pairs there are, and what became of them."""

    pairs: int
    compared: int
    """Those whose outcomes are compared."""
    unchanged: int
    """Of those, the ones in which both conversations are the same, word for word."""
    users_fault: dict[Side, int]
    """Left out, because that side's simulated user left its role. A pair may be in both."""
    missing: dict[Side, int]
    """That side's conversation failed. Without the baseline's the pair is left out; without the
    candidate's it counts as the worst outcome."""


class FailedGate(Record):
    """A gate that the candidate fails."""

    outcome: str | None = None
    """Whose gate it is; null if it is about the run as a whole."""
    reason: str
    """One sentence with the measured figures and the limit."""


class Reliability(Record):
    """How often all samples of a seed are good: valid, and clean."""

    pass_k: dict[int, float]
    """The probability that k samples of a seed are all good, by k."""
    flaky_seeds: tuple[str, ...]
    """Good in some samples and not in others."""
    broken_seeds: tuple[str, ...]
    """Good in no sample."""


class SideRecord(Record):
    """One side: who talked, where its conversations are, and how many there are."""

    chatbot: ParticipantSettings
    version: str
    path: str
    """The folder of its version, without credentials."""
    is_published: bool
    """Whether it is an earlier version, whose conversations are used as they are."""
    counts: Counts


class ComparisonManifest(Record):
    """A comparison's inputs and results. All times are UTC."""

    manifest_version: Literal[1] = 1
    comparison: str
    """Its name, which has the form of a version's and is also its folder's."""
    dataset: str
    settings: ComparisonSettings
    duologue_version: str
    started_at: datetime
    created_at: datetime
    seconds: float
    sides: dict[Side, SideRecord]
    pairs: PairCounts
    answer: str
    """One sentence: better, worse, or no difference that this many seeds can show."""
    differences: tuple[Difference, ...]
    sensitivity: tuple[Difference, ...]
    """The gated outcomes with the pairs included in which a simulated user left its role. Empty if
    there are none."""
    reliability: dict[Side, Reliability]
    failed_scorers: dict[str, int] = {}
    """Number of conversations that each own scorer could not score."""
    judges: dict[Side, dict[str, JudgeSummary]] = {}
    """What each judge said of each side, and where it gave no verdict; empty without judges."""
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of the participants allowed, if they refused calls."""
    stopped_early: str | None = None
    failed_gates: tuple[FailedGate, ...]
    """Empty if the candidate passes them all."""
    files: tuple[FileRecord, ...]

    @property
    def is_incomplete(self) -> bool:
        """Whether a conversation or a verdict is missing, so that a Retry has something to do."""
        judges = (one for by_name in self.judges.values() for one in by_name.values())
        return any(self.pairs.missing.values()) or any(one.no_verdict for one in judges)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each gate that the candidate fails."""
        return tuple(one.reason for one in self.failed_gates)

    @property
    def gated(self) -> tuple[Difference, ...]:
        """The outcomes that gates use."""
        return tuple(one for one in self.differences if one.p_adjusted is not None)


class FailedComparisonError(UnsatisfactoryRunError):
    """The candidate of a comparison fails at least one gate; `manifest` says which."""

    manifest: ComparisonManifest
