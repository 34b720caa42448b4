"""How the conversations of a version are made, and when it is published."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from duologue.conversation.messages import EndsWith
from duologue.settings.options import AtLeastOne, Share, as_form
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from duologue.settings.rules import DatasetRuleSettings, RuleSettings
from duologue.settings.test_suites import SuiteOptions


class SimulationSettings(BaseModel):
    """What a conversation may be like, apart from who takes part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turns: Annotated[int, Field(ge=1, le=1000)] = 3
    """The most turns a conversation has; a turn is one chatbot reply and the answer to it."""
    ends_with: EndsWith = EndsWith.USER
    end_marker: Annotated[str, Field(pattern=r"\S")] = "[END]"
    """What the simulated user sends when it is done. Never part of a message in the dataset."""
    greeting: str | None = None
    """What the chatbot is made to have said first, shown to the simulated user alone."""


class Budget(BaseModel):
    """Where a run stops early. Each flow run, be it a retry or a rerun, has all of it anew."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    max_calls: Annotated[int, Field(ge=1)] | None = None
    """How many calls are begun at most, of both participants and with every repeated one; without
    a limit if empty."""
    max_cost_usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """At which recorded cost, in US dollars, no further call is begun; needs record_usage. Without
    a limit if empty."""


class Gates(BaseModel):
    """What a version has to keep to be published. One that does not is kept, but held back."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    max_failed_share: Share = 0.1
    """The largest share of its conversations that may have failed, from 0 to 1."""
    max_invalid_share: Share = 0.1
    """The largest share of its conversations that may be invalid, from 0 to 1."""
    min_conversations: Annotated[int, Field(ge=1)] = 1
    """The fewest valid conversations."""


class ShardOptions(BaseModel):
    """How a run is divided among flow runs on a work pool."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    count: Annotated[int, Field(ge=1, le=1000)] = 8
    """How many flow runs simulate, each max_concurrency conversations at a time; fewer where a
    shard would have less than 20 conversations."""
    deployment: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")] = "simulate-shard/simulate-shard"
    """The Prefect deployment that simulates a shard, as FLOW/DEPLOYMENT."""
    silent_after_seconds: Annotated[float, Field(ge=40)] = 600
    """A shard of which nothing was heard for so long is given up, and begun again. Longer than
    three heartbeats, which come every 180 seconds unless PREFECT_FLOWS_HEARTBEAT_FREQUENCY says
    otherwise, and than a machine takes to start a flow run."""


class RunSettings(BaseModel):
    """With the seeds, all that it takes to make a version's conversations, now or again later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chatbot: ParticipantSettings
    simulated_user: ParticipantSettings
    simulation: SimulationSettings = SimulationSettings()
    conversations_per_seed: AtLeastOne = 1
    """Conversations that each seed opens."""
    max_concurrency: AtLeastOne = 32
    """Conversations simulated at a time."""
    conversations_per_task_run: AtLeastOne | None = None
    """Conversations that share a Prefect task run; None chooses by their number."""
    call: CallSettings = CallSettings()
    seed_retries: Annotated[int, Field(ge=0, le=20)] = 2
    """How often a seed that failed is tried again within a run."""
    seed_retry_delay_seconds: Annotated[float, Field(ge=0)] = 30
    """The wait before the first of these; it doubles each time."""
    global_limit: str | None = None
    """One of Prefect's global concurrency limits, which all runs that name it share."""
    record_usage: bool = False
    """Whether Workflow Deployments are asked what their calls use."""
    budget: Budget = Budget()
    """What a run may spend, and a rerun again."""
    gates: Gates = Gates()
    dataset_rules: DatasetRuleSettings = DatasetRuleSettings()
    rules: RuleSettings = RuleSettings()
    test_suite: SuiteOptions | None = None
    """Where the version, and each further revision of it, is pushed to once it is published."""


class AdvancedOptions(BaseModel):
    """Options of a run that most people never need."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    gates: Gates = Gates()
    """How good a version has to be to be published."""
    dataset_rules: DatasetRuleSettings = DatasetRuleSettings()
    """What is reported of the dataset as a whole, and what holds a version back."""
    rules: RuleSettings = RuleSettings()
    """Which validation rules hold, how severe each is, and their thresholds."""
    keep_versions: Annotated[int, Field(ge=1)] | None = None
    """How many of the newest versions are kept, besides the published one and those that are
    pinned; all if empty."""
    test_suite: SuiteOptions | None = None
    """The Vellum Test Suite that a version is pushed to once it is published; none if empty."""
    ends_with: EndsWith = EndsWith.USER
    """Whose message closes a conversation that has all its turns."""
    greeting: str | None = None
    """What the chatbot is made to have said first, shown to the simulated user alone; none if
    empty."""
    end_marker: Annotated[str, Field(pattern=r"\S")] = "[END]"
    """What the simulated user sends when it is done; not blank."""
    message_column: str | None = None
    """The seed file's column that holds the first user message; inferred from its name if empty."""
    has_header: bool | None = None
    """Whether a CSV's first row is a header; inferred from its names if empty."""
    delimiter: str | None = None
    """What splits the cells of a CSV: a character, or a word such as tab; inferred if empty."""
    seed_format: str | None = None
    """The seed file's format, such as csv or jsonl; inferred from its name if empty."""
    reuse_unchanged: bool = False
    """Take over conversations of earlier runs with this option on, where seed, participants and
    settings are the same."""
    resume: str | None = None
    """The version of a run that was cut short, to go on with what it had finished; a new version
    if empty."""
    seed_retries: Annotated[int, Field(ge=0, le=20)] = 2
    """How often a seed that failed is tried again within the run."""
    seed_retry_delay_seconds: Annotated[float, Field(ge=0)] = 30
    """The wait before a failed seed's first retry; it doubles each time."""
    conversations_per_task_run: Annotated[int, Field(ge=1)] | None = None
    """How many conversations share a task run; if empty, one each up to 200, and 25 beyond that.
    A seed that fails has a task run of its own either way."""
    shards: ShardOptions | None = None
    """Divide the conversations among flow runs on a work pool, on any number of machines; all of
    them in this flow run if empty."""
    global_limit: str | None = None
    """One of Prefect's global concurrency limits, for the conversations in flight of all runs and
    shards together; none if empty. A flow run takes max_concurrency of its slots while it
    simulates."""
    record_usage: bool = False
    """Record what each message used and cost, as far as Vellum tells; its Workflow Deployments are
    then called through a stream, which may take a little longer."""
    budget: Budget = Budget()
    """Where the run stops early."""
    chatbot_inputs: ParticipantInputs = ParticipantInputs()
    """What the chatbot's Workflow is given, and where its reply is found."""
    simulated_user_inputs: ParticipantInputs = ParticipantInputs()
    """The same for the simulated user."""
    call: CallSettings = CallSettings()
    """Deadlines and retries of a single call."""
