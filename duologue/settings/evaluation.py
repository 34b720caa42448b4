"""How a chatbot is evaluated: the options, which are also their form in the Prefect UI."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from duologue.settings.options import AtLeastOne, Share, as_form
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from duologue.settings.test_suites import SuiteRunSettings


class EvaluationGates(BaseModel):
    """What the candidate has to reach for the evaluation to pass."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    max_failed_share: Share = 0.05
    """The largest share of prefixes without a reply, 0 to 1."""
    max_regressed_share: Share = 0.05
    """The largest share of replies that regressed, 0 to 1, of those that there are."""
    min_scores: dict[str, FiniteFloat] = {}
    """The least mean of a score, by its scorer's name, as in similarity."""
    max_drops: dict[str, Annotated[FiniteFloat, Field(ge=0)]] = {}
    """How far a score's mean may be below the baseline's, by its scorer's name. More than that
    counts only where the whole confidence interval of the difference is beyond it."""


class ScoringSettings(BaseModel):
    """How replies are compared with the reference replies."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    min_similarity: Share = 0.5
    """A reply that is less similar to the reference reply than this has regressed, 0 to 1."""
    max_latency_ms: AtLeastOne | None = None
    """A reply that takes longer breaks the rule `slow`; none does if empty."""
    embedding_model: str | None = None
    """A model2vec model, by its name on Hugging Face or its folder, for the score
    embedding_similarity; needs duologue[embeddings]. Not scored if empty."""
    own_scorers: tuple[str, ...] = ()
    """Further scorers, each as python:package.module:function."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of the confidence intervals."""


class EvaluationSettings(BaseModel):
    """All that decides how an evaluation turns out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidate: ParticipantSettings
    baseline: ParticipantSettings | None = None
    only_with_reference: bool = False
    max_concurrency: AtLeastOne = 32
    """Replies asked for at a time."""
    replies_per_task_run: AtLeastOne | None = None
    """Replies that share a Prefect task run; None chooses by their number."""
    call: CallSettings = CallSettings()
    reply_retries: Annotated[int, Field(ge=0, le=20)] = 2
    """How often a reply that failed is asked for again within a run."""
    reply_retry_delay_seconds: Annotated[float, Field(ge=0)] = 30
    """The wait before the first of these; it doubles each time."""
    scoring: ScoringSettings = ScoringSettings()
    gates: EvaluationGates = EvaluationGates()
    test_suite: SuiteRunSettings | None = None


class EvaluationOptions(BaseModel):
    """Options of an evaluation that most people never need."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    gates: EvaluationGates = EvaluationGates()
    """What the candidate has to reach."""
    scoring: ScoringSettings = ScoringSettings()
    """How replies are compared with the reference replies."""
    only_with_reference: bool = False
    """Leave out the prefixes that have no reference reply, the ends of conversations."""
    test_suite: SuiteRunSettings | None = None
    """A Vellum Test Suite to put the candidate's replies through as well; none if empty."""
    candidate_inputs: ParticipantInputs | None = None
    """What the candidate's Workflow is given, and where its reply is found; as for the version's
    chatbot if empty."""
    baseline_inputs: ParticipantInputs | None = None
    """The same for the baseline."""
    evaluations: str | None = None
    """The folder, or URL, that the evaluation is written to; `evaluations` beside the version if
    empty."""
    resume: str | None = None
    """The evaluation of a run that was cut short, to go on with the replies that it has; a new one
    if empty."""
    replies_per_task_run: AtLeastOne | None = None
    """How many replies share a task run; if empty, one each up to 200, and 25 beyond that."""
    reply_retries: Annotated[int, Field(ge=0, le=20)] = 2
    """How often a reply that failed is asked for again within the run."""
    reply_retry_delay_seconds: Annotated[float, Field(ge=0)] = 30
    """The wait before the first of these; it doubles each time."""
    call: CallSettings = CallSettings()
    """Deadlines and retries of a single call."""
