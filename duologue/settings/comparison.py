"""How two chatbots are compared over whole conversations."""

from typing import Annotated

from pydantic import Field, FiniteFloat

from duologue.settings.judges import JudgeOptions, JudgeSettings
from duologue.settings.options import (
    AtLeastOne,
    OptionalReference,
    Options,
    Reference,
    Retries,
    RetryDelay,
    Share,
)
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from duologue.settings.run import Budget

Drop = Annotated[FiniteFloat, Field(ge=0)]


class ComparisonGates(Options):
    """What the candidate must reach for the comparison to pass."""

    max_drops: dict[str, Drop] = {"valid": 0.0, "clean": 0.0, "user_satisfied": 0.0}
    """How much worse than the baseline the candidate may be, by outcome and in its unit. A drop
    fails only if it is significant and its whole confidence interval is larger."""
    min_gains: dict[str, Drop] = {}
    """How much better than the baseline the candidate must be, by outcome and in its unit. The gain
    must be significant."""
    max_failed_share: Share = 0.1
    """The largest share of the candidate's conversations that may fail, or lack the verdict of a
    judge whose criterion has a gate, from 0 to 1."""


class ComparedVolume(Options):
    """How many conversations there are, and how many at once."""

    samples: AtLeastOne | None = None
    """How many conversations each side has for each seed; as many as the version has, or 1, if
    empty."""
    max_concurrency: AtLeastOne = 32
    """How many conversations of both sides together are simulated concurrently."""


class StoredComparisonOptions(Options):
    """The options of a comparison that its manifest stores."""

    gates: ComparisonGates = ComparisonGates()
    """What the candidate must reach."""
    scorers: tuple[str, ...] = ()
    """Your own scorers of whole conversations, each as python:package.module:function. A scorer
    takes the conversation and returns a number, a bool or None."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """The level of the confidence intervals and of the tests."""
    from_turn: AtLeastOne | None = None
    """K keeps the first K turns of the version's conversations, and both sides continue with turn
    K + 1; whole conversations if empty."""
    only_changed: bool = False
    """Take the user's answers from the baseline as long as the candidate replies as the baseline
    did."""
    record_usage: bool = False
    """Record the tokens, cost and models of each message."""
    budget: Budget = Budget()
    """When the run stops early."""
    call: CallSettings = CallSettings()
    """Deadlines and retries of a single call."""
    seed_retries: Retries = 2
    """How many times a failed conversation is tried again within a run. An invalid one is not:
    it is a result."""
    seed_retry_delay_seconds: RetryDelay = 30
    """The wait before a failed conversation's first retry; it doubles each time."""
    conversations_per_task_run: AtLeastOne | None = None
    """How many conversations share a Prefect task run. If empty, each has its own up to 200
    conversations, and 25 share one beyond that."""


class ComparisonSettings(StoredComparisonOptions, ComparedVolume):
    """All that decides how a comparison turns out."""

    baseline: ParticipantSettings
    candidate: ParticipantSettings
    simulated_user: ParticipantSettings
    turns: AtLeastOne
    judges: tuple[JudgeSettings, ...] = ()
    """What reads the conversations of both sides, checked and pinned."""

    @property
    def everyone(self) -> list[ParticipantSettings]:
        """The baseline, the candidate, the simulated user and the judges."""
        judges = (one.participant for one in self.judges)
        return [self.baseline, self.candidate, self.simulated_user, *judges]


class ComparisonOptions(StoredComparisonOptions):
    """Settings that most comparisons leave as they are."""

    candidate_inputs: ParticipantInputs | None = None
    """What the candidate's Workflow receives, and where its reply is found; the same as for the
    version's chatbot if empty."""
    baseline_inputs: ParticipantInputs | None = None
    """What the baseline's Workflow receives, and where its reply is found; the same as for the
    version's chatbot if empty."""
    simulated_user_inputs: ParticipantInputs | None = None
    """What the simulated user's Workflow receives, and where its reply is found; the same as for
    the version's if empty."""
    judges: tuple[JudgeOptions, ...] | None = None
    """Judges that read the conversations of both sides, a table each; the version's if empty, and
    none if it is the empty list."""
    resume: OptionalReference = None
    """A comparison to continue with the conversations that it has, and with the settings that it
    was started with; a new one if empty."""


class WhatIsCompared(Options):
    """The two chatbots, and what they talk about with whom."""

    candidate: Reference = ""
    """The chatbot with the change, named as `chatbot` is."""
    baseline: Reference = ""
    """The chatbot without the change, named likewise; both sides are simulated. Empty to take the
    conversations of a version as they are, which halves the calls."""
    baseline_version: Reference = ""
    """The version whose conversations are the baseline, if no baseline is named: `latest`, a
    version, or a folder; `latest` if empty. With a baseline, the version whose seeds are used."""
    seeds: Reference = ""
    """A file of seed messages; needs a baseline. The version's seeds if empty."""
    simulated_user: Reference = ""
    """The simulated user of both sides; the version's if empty."""
    turns: AtLeastOne | None = None
    """How many turns a conversation has at most; as many as the version's, or 3, if empty."""


class ComparisonPlace(Options):
    """Where the dataset is."""

    output: Reference = "datasets"
    """The folder, or URL, that holds the datasets."""
    name: Reference = ""
    """The dataset's name, needed if there are several; the comparison is written next to its
    versions. With a seed file, derived from the file's name if empty."""


class CommonComparisonOptions(ComparisonPlace, ComparedVolume, WhatIsCompared):
    """The settings of a comparison that most people set."""


class ComparisonForm(CommonComparisonOptions):
    """The settings of a comparison as the flow takes them, and its form shows them."""

    advanced: ComparisonOptions | None = None
    """Settings that most comparisons leave as they are; their defaults if empty."""


class CompareSettings(ComparisonOptions, CommonComparisonOptions):
    """Every setting of a comparison under one name, as the command line and the config file have
    them.
    """
