"""How a chatbot is evaluated."""

from typing import Annotated

from pydantic import Field, FiniteFloat

from duologue.settings.options import AtLeastOne, Options, Retries, RetryDelay, Share
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from duologue.settings.test_suites import SuiteRunSettings


class EvaluationGates(Options):
    """What the candidate must reach for the evaluation to pass."""

    max_failed_share: Share = 0.05
    """The largest share of prefixes that may have no reply, from 0 to 1."""
    max_regressed_share: Share = 0.05
    """The largest share of the replies that may break a rule or fail before a judge, from 0 to 1,
    beyond the share in which the version's chatbot does so when it is asked again."""
    noise_level: Share = 0.01
    """How often an unchanged chatbot may fail because its replies are less similar than those of
    the version's chatbot asked again, from 0 to 1. 0 switches this gate off."""
    min_scores: dict[str, FiniteFloat] = {}
    """The smallest mean of a score, by its scorer's name, such as similarity."""
    max_drops: dict[str, Annotated[FiniteFloat, Field(ge=0)]] = {}
    """How far a score's mean may be below the baseline's, by its scorer's name. A larger drop fails
    only if its whole confidence interval is larger."""


class ScoringSettings(Options):
    """How replies are scored, and which of them have regressed."""

    max_latency_ms: AtLeastOne | None = None
    """A reply that takes longer breaks the rule `slow`; no limit if empty."""
    embedding_model: str | None = None
    """A model2vec model, by its name on Hugging Face or its folder, for the score
    embedding_similarity; needs duologue[embeddings]. Not scored if empty."""
    own_scorers: tuple[str, ...] = ()
    """Your own scorers, each as python:package.module:function."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """The level of the confidence intervals."""


class ReplyVolume(Options):
    """How many replies are requested at once."""

    max_concurrency: AtLeastOne = 32
    """How many replies are requested concurrently."""


class StoredEvaluationOptions(Options):
    """The options of an evaluation that its manifest stores."""

    gates: EvaluationGates = EvaluationGates()
    """What the candidate must reach."""
    scoring: ScoringSettings = ScoringSettings()
    """How replies are compared with the reference replies."""
    noise_samples: Annotated[int, Field(ge=0, le=20)] = 3
    """How many times the version's own chatbot is asked again for each next turn, to measure how
    much its replies differ from each other. Its replies are billed once and stored with the
    version. 0 measures nothing; similarity is then only information."""
    only_with_reference: bool = False
    """Leave out the prefixes without a reference reply, which are the ends of conversations."""
    test_suite: SuiteRunSettings | None = None
    """A Vellum Test Suite that also measures the candidate's replies; none if empty."""
    call: CallSettings = CallSettings()
    """Deadlines and retries of a single call."""
    reply_retries: Retries = 2
    """How many times a failed reply is requested again within a run."""
    reply_retry_delay_seconds: RetryDelay = 30
    """The wait before a failed reply's first retry; it doubles each time."""
    replies_per_task_run: AtLeastOne | None = None
    """How many replies share a Prefect task run. If empty, each has its own up to 200 replies, and
    25 share one beyond that."""


class EvaluationSettings(StoredEvaluationOptions, ReplyVolume):
    """All that decides how an evaluation turns out."""

    candidate: ParticipantSettings
    baseline: ParticipantSettings | None = None


class EvaluationOptions(StoredEvaluationOptions):
    """Settings that most evaluations leave as they are."""

    candidate_inputs: ParticipantInputs | None = None
    """What the candidate's Workflow receives, and where its reply is found; the same as for the
    version's chatbot if empty."""
    baseline_inputs: ParticipantInputs | None = None
    """What the baseline's Workflow receives, and where its reply is found; the same as for the
    version's chatbot if empty."""
    evaluations: str | None = None
    """The folder, or URL, to which the evaluation is written; `evaluations` next to the version if
    empty."""
    resume: str | None = None
    """An interrupted evaluation to continue with the replies that it has; a new one if empty."""


class WhatIsEvaluated(Options):
    """The version, and who replies."""

    version: str = "latest"
    """The version with the conversations: `latest`, a version, or the folder of one, local or a
    URL."""
    candidate: str = ""
    """The chatbot to evaluate: a Workflow Deployment as NAME or NAME@release_tag,
    local:package.module, or python:package.module:function; the version's own chatbot, in its
    current state, if empty."""
    baseline: str = ""
    """A second chatbot to compare the candidate with, named like it; none if empty."""


class Source(Options):
    """Where the version is looked for."""

    output: str = "datasets"
    """The folder, or URL, that holds the datasets."""
    name: str = ""
    """The dataset's name, needed if there are several."""


class CommonEvaluationOptions(Source, ReplyVolume, WhatIsEvaluated):
    """The settings of an evaluation that most people set."""


class EvaluationForm(CommonEvaluationOptions):
    """The settings of an evaluation as the flow takes them, and its form shows them."""

    advanced: EvaluationOptions | None = None
    """Settings that most evaluations leave as they are; their defaults if empty."""


class EvaluateSettings(EvaluationOptions, CommonEvaluationOptions):
    """Every setting of an evaluation under one name, as the command line and the config file have
    them.
    """
