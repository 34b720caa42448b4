"""How the conversations of a version are generated, and when the version is published."""

from typing import Annotated

from pydantic import Field

from duologue.conversation.messages import EndsWith
from duologue.settings.judges import JudgeOptions, JudgeSettings
from duologue.settings.options import (
    AtLeastOne,
    NotBlank,
    OptionalReference,
    Options,
    Reference,
    Retries,
    RetryDelay,
    Share,
)
from duologue.settings.participants import CallSettings, ParticipantInputs, ParticipantSettings
from duologue.settings.rules import DatasetRuleSettings, RuleSettings
from duologue.settings.test_suites import SuiteOptions

BUNDLED_CHATBOT = "local:duologue.workflows.support_bot"
BUNDLED_SIMULATED_USER = "local:duologue.workflows.simulated_user"

MOST_TURNS = 1000
"""Of a conversation, in the settings as in a seed's column `max_turns`."""


class Budget(Options):
    """When a run stops early. Every flow run has the whole budget, also a retry and a rerun."""

    max_calls: AtLeastOne | None = None
    """How many calls a run may make, of both participants and the judges and with repeated ones;
    those refused with 429 do not count. No limit if empty."""
    max_cost_usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """The recorded cost, in US dollars, at which a run makes no further call; needs record_usage.
    No limit if empty."""


class Gates(Options):
    """What a version must reach to be published. Otherwise it is kept, but held back."""

    max_failed_share: Share = 0.1
    """The largest share of conversations that may fail, from 0 to 1."""
    max_invalid_share: Share = 0.1
    """The largest share of conversations that may be invalid, from 0 to 1."""
    max_broken_reply_share: Share = 1
    """The largest share of conversations with a broken reply, such as an error text or a tool call,
    from 0 to 1."""
    min_conversations: AtLeastOne = 1
    """The smallest number of valid conversations."""
    max_realism_auc: Share | None = None
    """The largest AUC of telling simulated users from those in realism.real, from 0.5 (guessing) to
    1 (always right); no limit if empty."""
    min_passed: dict[str, Share] = {}
    """The smallest share of a judge's verdicts that must pass a criterion, from 0 to 1, by the
    criterion's name, such as goal_reached."""


class RealismSettings(Options):
    """Real users to compare the dataset with."""

    real: OptionalReference = None
    """A file with conversations of real users, a path or a URL, in any shape that `duologue check`
    reads. Every version then has the measures realism_auc and coverage. Not compared if empty."""


class ShardOptions(Options):
    """How a run is divided among flow runs on a work pool."""

    count: Annotated[int, Field(ge=1, le=1000)] = 8
    """How many flow runs simulate, each up to max_concurrency conversations concurrently; fewer if
    a shard would get less than 20 conversations."""
    deployment: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")] = "simulate-shard/simulate-shard"
    """The Prefect deployment that simulates a shard, as FLOW/DEPLOYMENT."""
    silent_after_seconds: Annotated[float, Field(ge=40, allow_inf_nan=False)] = 600
    """How long a shard may send no heartbeat before it is given up and started again. Must be
    longer than three heartbeats, which come every 180 seconds unless
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY says otherwise, and than a machine takes to start a flow
    run."""


class TurnSettings(Options):
    """How long a conversation may get."""

    turns: Annotated[int, Field(ge=1, le=MOST_TURNS)] = 3
    """How many turns a conversation has at most. A turn is one chatbot reply and the simulated
    user's answer. A seed's column max_turns overrides it."""


class EndingSettings(Options):
    """How a conversation starts and ends, apart from its seed and its turns."""

    ends_with: EndsWith = EndsWith.USER
    """Whose message closes a conversation that has all its turns."""
    greeting: str | None = None
    """A first chatbot message that only the simulated user sees; none if empty."""
    end_marker: NotBlank = "[END]"
    """What the simulated user sends when it is done. Never part of a message in the dataset."""


class SimulationSettings(TurnSettings, EndingSettings):
    """What a conversation may be like, apart from who takes part."""


class VolumeSettings(Options):
    """How many conversations there are, and how many at once."""

    conversations_per_seed: AtLeastOne = 1
    """How many conversations each seed opens."""
    max_concurrency: AtLeastOne = 32
    """How many conversations are simulated concurrently."""


class StoredOptions(Options):
    """The options of a run that its version stores, so that a rerun does the same."""

    gates: Gates = Gates()
    """What a version must reach to be published."""
    realism: RealismSettings = RealismSettings()
    """Which real users the dataset is compared with."""
    dataset_rules: DatasetRuleSettings = DatasetRuleSettings()
    """What is reported about the dataset as a whole, and what holds a version back."""
    rules: RuleSettings = RuleSettings()
    """Which validation rules apply, how severe each is, and their thresholds."""
    test_suite: SuiteOptions | None = None
    """The Vellum Test Suite to which a version is pushed once it is published; none if empty."""
    record_usage: bool = False
    """Record the tokens, cost and models of each message, if Vellum reports them. Workflow
    Deployments are then called through a stream, which may take a little longer."""
    budget: Budget = Budget()
    """When the run stops early."""
    call: CallSettings = CallSettings()
    """Deadlines and retries of a single call."""
    seed_retries: Retries = 2
    """How many times a failed seed is tried again within a run."""
    seed_retry_delay_seconds: RetryDelay = 30
    """The wait before a failed seed's first retry; it doubles each time."""
    conversations_per_task_run: AtLeastOne | None = None
    """How many conversations share a Prefect task run. If empty, each has its own up to 200
    conversations, and 25 share one beyond that. A failed seed always gets its own."""
    global_limit: OptionalReference = None
    """A global concurrency limit in Prefect that bounds the conversations of all runs and shards
    together; none if empty. A flow run takes max_concurrency of its slots while it simulates."""


class RunSettings(StoredOptions, VolumeSettings):
    """With the seeds, all that it takes to generate a version, now or again later."""

    chatbot: ParticipantSettings
    simulated_user: ParticipantSettings
    simulation: SimulationSettings = SimulationSettings()
    judges: tuple[JudgeSettings, ...] = ()
    """What reads the conversations, checked and pinned."""

    @property
    def everyone(self) -> list[ParticipantSettings]:
        """The chatbot, the simulated user and the judges."""
        return [self.chatbot, self.simulated_user, *(one.participant for one in self.judges)]


class AdvancedOptions(StoredOptions, EndingSettings):
    """Settings that most runs leave as they are."""

    message_column: OptionalReference = None
    """The seed file's column with the first user message; inferred from its name if empty."""
    has_header: bool | None = None
    """Whether the first row of a CSV file is a header; inferred from its names if empty."""
    delimiter: str | None = None
    """What splits the cells of a CSV file: a character, or a word such as tab; inferred if
    empty."""
    seed_format: OptionalReference = None
    """The seed file's format, such as csv or jsonl; inferred from its name if empty."""
    resume: OptionalReference = None
    """The version of an interrupted run to continue with what it had finished; a new version if
    empty."""
    reuse_unchanged: bool = False
    """Reuse conversations of earlier runs with this setting if seed, participants and settings are
    the same."""
    keep_versions: AtLeastOne | None = None
    """How many of the newest versions to keep, plus the published one and pinned ones; all if
    empty."""
    shards: ShardOptions | None = None
    """Divide the conversations among flow runs on a work pool, on any number of machines; all of
    them run in this flow run if empty."""
    chatbot_inputs: ParticipantInputs = ParticipantInputs()
    """What the chatbot's Workflow receives, and where its reply is found."""
    simulated_user_inputs: ParticipantInputs = ParticipantInputs()
    """What the simulated user's Workflow receives, and where its reply is found."""
    judges: tuple[JudgeOptions, ...] = ()
    """Judges that read the conversations, a table each: `reference`, and what it is asked."""


class WhoTalks(Options):
    """What opens the conversations, and who takes part."""

    seeds: Reference = "datasets/seed_user_messages.csv"
    """The file with the seed messages: CSV, JSONL or Parquet; a path or a URL."""
    chatbot: Reference = BUNDLED_CHATBOT
    """The chatbot: a Workflow Deployment as NAME or NAME@release_tag, a Prompt Deployment as
    prompt:NAME, local:package.module, python:package.module:function, openai:MODEL, or the
    URL of a JSON endpoint."""
    simulated_user: Reference = BUNDLED_SIMULATED_USER
    """The simulated user, named like the chatbot."""


class Destination(Options):
    """Where the dataset is written."""

    output: Reference = "datasets"
    """The folder, or URL, that holds the datasets."""
    name: Reference = ""
    """The dataset's name; derived from the seed file's name if empty."""


class CommonOptions(Destination, VolumeSettings, TurnSettings, WhoTalks):
    """The settings of a run that most people set."""


class GenerationForm(CommonOptions):
    """The settings of a run as the flow takes them, and its form shows them."""

    advanced: AdvancedOptions | None = None
    """Settings that most runs leave as they are; their defaults if empty."""


class GenerationSettings(AdvancedOptions, CommonOptions):
    """Every setting of a run under one name, as the command line and the config file have them."""
