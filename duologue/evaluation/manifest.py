"""The manifest of an evaluation: what was evaluated on what, and the result. Written last."""

from datetime import datetime
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field

from duologue.dataset.judges import JudgeSummary
from duologue.dataset.manifest import FileRecord, Sha256
from duologue.errors import UnsatisfactoryRunError
from duologue.evaluation.replies import Side, Verdict
from duologue.participants.concurrency import AccountLimit
from duologue.settings.evaluation import EvaluationSettings
from duologue.settings.options import Record

EVALUATION_MANIFEST_FILE = "evaluation.json"


class Estimate(Record):
    """A mean and its confidence interval."""

    mean: float
    low: float
    high: float
    count: Annotated[int, Field(ge=1)]
    """Replies that have the score; for a difference, prefixes where both sides have it."""


class SideSummary(Record):
    """One chatbot's results."""

    verdicts: dict[Verdict, int]
    """How many replies got each verdict; they add up to the number of prefixes."""
    causes: dict[str, int] = {}
    """Number of replies that regressed for each cause, by cause."""
    regressed_for_themselves: int = 0
    """Number of replies that break a rule which the reference reply keeps, or fail before a
    judge."""
    broken_rules: dict[str, int]
    """Number of replies that break each rule, by rule."""
    scores: dict[str, Estimate]
    """Mean of each score over the replies that have it, by scorer."""
    latency_ms: dict[str, float]
    """`p50` and `p95` of the replies' latencies; empty if none is known."""


class NoiseTest(Record):
    """One chatbot's replies, compared with those of the version's chatbot asked again."""

    p_value: float
    """How often an unchanged chatbot would look at least as different as this one."""
    prefixes: Annotated[int, Field(ge=1)]
    """Those with all the replies that the test needs."""
    seeds: Annotated[int, Field(ge=1)]
    closeness: float
    """Mean similarity of its replies to the most similar right reply."""
    noise_closeness: float
    """The same for the version's chatbot asked again."""
    below_noise: int
    """Replies that are below the noise; of an unchanged chatbot about 1 in 100."""
    findable_share: float | None
    """The smallest share of wrong replies that the test finds in about 95 of 100 evaluations of
    this size, estimated; None if the evaluation is too small to find any."""
    broken_rules_p_value: float | None
    """How often an unchanged chatbot would break as many rules; None if it never breaks one when
    asked again."""


class NoiseRecord(Record):
    """How much the replies of the version's own chatbot differ from each other."""

    samples: int
    """How many times it was asked again for each prefix."""
    scorer: str
    """The score that similarity was measured with."""
    level: float
    """The largest p-value with which a chatbot counts as worse."""
    unmeasured: str | None = None
    """Why similarity is only information; None if the noise was measured."""
    has_changed: bool = False
    """Whether the version's chatbot no longer replies as it did when it made the version."""
    regressed_share: float = 0.0
    """The share of the replies, when asked again, that break a rule which the reference reply
    keeps."""
    tests: dict[Side, NoiseTest] = {}
    """By side; empty if the noise was not measured."""


class SuiteRunRecord(Record):
    """The result of the Vellum Test Suite."""

    suite: str
    run_id: str | None = None
    url: str | None = None
    """The run's page on Vellum."""
    state: str | None = None
    cases: int = 0
    """Number of cases that were executed."""
    metrics: dict[str, float] = {}
    """Mean over the cases that have a value, by metric and output."""
    error: str | None = None
    """Why there is no result; None if there is one."""


class VersionRecord(Record):
    """The version that the prefixes come from."""

    dataset: str
    version: str
    revision: int
    path: str
    """The version's folder, without credentials."""
    conversations_sha256: Sha256 | None
    """Of its conversations.parquet, copied from its manifest."""


class EvaluationManifest(Record):
    """An evaluation's inputs and results. All times are UTC."""

    manifest_version: Literal[1] = 1
    evaluation: str
    """Its name, which has the form of a version's and is also its folder's."""
    version: VersionRecord
    settings: EvaluationSettings
    evaluation_version: str
    duologue_version: str
    started_at: datetime
    created_at: datetime
    seconds: float
    prefixes: Annotated[int, Field(ge=0)]
    sides: dict[Side, SideSummary]
    """The candidate, and the baseline if there is one."""
    differences: dict[str, Estimate] = {}
    """Candidate minus baseline, by scorer, over the prefixes where both have the score. Empty
    without a baseline."""
    judges: dict[Side, dict[str, JudgeSummary]] = {}
    """By side and judge, what it was asked about the replies and what it said."""
    failed_own_scorers: dict[str, int] = {}
    """Number of replies that each own scorer could not score, by scorer."""
    noise: NoiseRecord | None = None
    """How the replies compare with the noise of the version's own chatbot."""
    test_suite: SuiteRunRecord | None = None
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of the chatbots allowed; empty if they refused no call."""
    failed_gates: tuple[str, ...]
    """One sentence for each gate that it fails; empty if it passes them all."""
    files: tuple[FileRecord, ...]

    @property
    def scores(self) -> list[str]:
        """The names of all scores that a side has, in their order."""
        return list(dict.fromkeys(chain.from_iterable(side.scores for side in self.sides.values())))

    @property
    def causes(self) -> list[str]:
        """The names of all causes for which a reply has regressed, sorted."""
        return sorted({cause for side in self.sides.values() for cause in side.causes})

    @property
    def broken_rules(self) -> list[str]:
        """The names of all rules that a reply breaks, sorted."""
        return sorted({rule for side in self.sides.values() for rule in side.broken_rules})


class FailedEvaluationError(UnsatisfactoryRunError):
    """A chatbot was evaluated and fails at least one gate; `manifest` says which."""

    manifest: EvaluationManifest
