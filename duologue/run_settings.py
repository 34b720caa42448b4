"""How the conversations of a version are made."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from duologue.budget import Budget
from duologue.dataset.gates import Gates
from duologue.participants.retries import CallSettings
from duologue.participants.settings import ParticipantSettings
from duologue.simulation import SimulationSettings
from duologue.test_suites.options import SuiteOptions
from duologue.validation.dataset_rules.settings import DatasetRuleSettings
from duologue.validation.settings import RuleSettings

AtLeastOne = Annotated[int, Field(ge=1)]


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
