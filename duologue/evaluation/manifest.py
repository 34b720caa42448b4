"""The manifest of an evaluation: what was evaluated on what, and how it went. Written last."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from duologue.dataset.manifest import FileRecord, Sha256
from duologue.errors import UnsatisfactoryRunError
from duologue.evaluation.replies import Side, Verdict
from duologue.settings.evaluation import EvaluationSettings

EVALUATION_MANIFEST_FILE = "evaluation.json"


class Estimate(BaseModel):
    """A mean and its confidence interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    low: float
    high: float
    count: Annotated[int, Field(ge=1)]
    """Replies that have the score; of a difference, prefixes where both sides have it."""


class SideSummary(BaseModel):
    """How one chatbot fared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdicts: dict[Verdict, int]
    """How many replies got each; all of them together are the prefixes."""
    broken_rules: dict[str, int]
    """By rule, how many replies break it."""
    scores: dict[str, Estimate]
    """By scorer, the mean over the replies that have the score."""
    latency_ms: dict[str, float]
    """`p50` and `p95` of the replies' latencies; empty where none is known."""


class SuiteRunRecord(BaseModel):
    """What became of the Vellum Test Suite."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    run_id: str | None = None
    url: str | None = None
    """Where the run is to be seen."""
    state: str | None = None
    cases: int = 0
    """Cases of the Test Suite that were executed."""
    metrics: dict[str, float] = {}
    """By metric and output, the mean over the cases that have it."""
    error: str | None = None
    """Why there is no result; None where there is one."""


class VersionRecord(BaseModel):
    """Which version the prefixes are of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    version: str
    revision: int
    path: str
    """Its folder, without credentials."""
    conversations_sha256: Sha256 | None
    """Of its conversations.parquet, as its manifest has it."""


class EvaluationManifest(BaseModel):
    """What an evaluation is made of, and how it went. All times are UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest_version: Literal[1] = 1
    evaluation: str
    """Its name, spelled as a version is; also its folder's."""
    version: VersionRecord
    settings: EvaluationSettings
    evaluation_version: str
    duologue_version: str
    started_at: datetime
    created_at: datetime
    seconds: float
    prefixes: Annotated[int, Field(ge=0)]
    sides: dict[Side, SideSummary]
    """The candidate, and the baseline where there is one."""
    differences: dict[str, Estimate] = {}
    """By scorer, by how much the candidate's mean is above the baseline's, over prefixes where both
    have the score. Empty without a baseline."""
    failed_own_scorers: dict[str, int] = {}
    """By own scorer, how many replies it could not score."""
    test_suite: SuiteRunRecord | None = None
    failed_gates: tuple[str, ...]
    """Which gates it does not pass, in a sentence each; empty where it passes all."""
    files: tuple[FileRecord, ...]


class FailedEvaluationError(UnsatisfactoryRunError):
    """A chatbot was evaluated and does not pass the gates; `manifest` says which ones."""

    manifest: EvaluationManifest
