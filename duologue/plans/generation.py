"""What a run is to do: its options, checked before anything is billed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from duologue.errors import UsageError
from duologue.seeds import Seed, SeedFile
from duologue.settings.options import validated
from duologue.settings.participants import (
    ParticipantSettings,
)
from duologue.settings.run import AdvancedOptions, Budget, RunSettings, SimulationSettings
from duologue.simulation import conversation_id, conversation_key
from duologue.storage.locations import absolute
from duologue.validation.loading import load_rules
from duologue.versions.checkpoints import UNCHANGED
from duologue.versions.places import DatasetFolder, dataset_name_from

BUNDLED_CHATBOT = "local:duologue.workflows.support_bot"
BUNDLED_SIMULATED_USER = "local:duologue.workflows.simulated_user"


@dataclass(frozen=True, slots=True)
class Job:
    """One conversation to simulate."""

    seed: Seed
    sample: int
    """Which conversation of the seed this is, from 1."""
    key: str
    """The key of the finished conversation's checkpoint."""

    @property
    def conversation_id(self) -> str:
        """The id that the conversation will have."""
        return conversation_id(self.seed, self.sample)

    @property
    def name(self) -> str:
        """Its part of a task run's name."""
        return self.conversation_id

    @property
    def draft_key(self) -> str:
        """The key of the checkpoint of a conversation that was cut short."""
        return f"{self.key}.draft"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run is asked to do, checked."""

    seeds_path: str
    dataset: DatasetFolder
    settings: RunSettings
    advanced: AdvancedOptions

    def jobs(self, seed_file: SeedFile, version: str) -> list[Job]:
        """Lists the conversations to simulate, in the seed file's order."""
        return jobs_of(seed_file.seeds, self.settings, self.scope(version))

    def scope(self, version: str) -> str:
        """Returns which checkpoints a version is made of."""
        return UNCHANGED if self.advanced.reuse_unchanged else version


def jobs_of(seeds: Iterable[Seed], settings: RunSettings, scope: str) -> list[Job]:
    """Lists the conversations that seeds are to open, in the seeds' order.

    Args:
        seeds: what opens them.
        settings: how they are made.
        scope: of their checkpoints; the version, so that each run simulates the seeds again but
            finds its own conversations.
    """
    participants = settings.chatbot, settings.simulated_user
    return [
        Job(
            seed,
            sample,
            f"{scope}/{conversation_key(seed, sample, *participants, settings.simulation)}",
        )
        for seed in seeds
        for sample in range(1, settings.conversations_per_seed + 1)
    ]


def plan_generation(
    seeds: str,
    chatbot: str = BUNDLED_CHATBOT,
    simulated_user: str = BUNDLED_SIMULATED_USER,
    turns: int = 3,
    conversations_per_seed: int = 1,
    max_concurrency: int = 32,
    output: str = "datasets",
    name: str = "",
    advanced: AdvancedOptions | Mapping[str, Any] = AdvancedOptions(),
) -> Plan:
    """Checks what a run is asked to do, as far as that can be told without running it.

    Raises:
        UsageError: a participant's spelling, a number, a name, or a rule cannot be used.
    """
    advanced = validated(AdvancedOptions, advanced)
    load_rules(advanced.rules)  # refuses what it cannot make ready
    dataset = DatasetFolder(absolute(output), name or dataset_name_from(seeds))
    if advanced.resume is not None:
        dataset.revision_folder(advanced.resume)  # refuses a text that is not a version
    simulation = {
        "turns": turns,
        "ends_with": advanced.ends_with,
        "end_marker": advanced.end_marker,
        "greeting": advanced.greeting,
    }
    settings = {
        "chatbot": ParticipantSettings.parsed(chatbot, advanced.chatbot_inputs),
        "simulated_user": ParticipantSettings.parsed(
            simulated_user, advanced.simulated_user_inputs
        ),
        "simulation": validated(SimulationSettings, simulation),
        "conversations_per_seed": conversations_per_seed,
        "max_concurrency": max_concurrency,
        "conversations_per_task_run": advanced.conversations_per_task_run,
        "call": advanced.call,
        "seed_retries": advanced.seed_retries,
        "seed_retry_delay_seconds": advanced.seed_retry_delay_seconds,
        "record_usage": advanced.record_usage,
        "global_limit": advanced.global_limit or None,
        "budget": advanced.budget,
        "gates": advanced.gates,
        "dataset_rules": advanced.dataset_rules,
        "rules": advanced.rules,
        "test_suite": advanced.test_suite,
    }
    checked = validated(RunSettings, settings)
    _check_that_costs_are_told(checked)
    _check_that_a_budget_is_not_shared(advanced)
    return Plan(seeds_path=seeds, dataset=dataset, settings=checked, advanced=advanced)


def _check_that_costs_are_told(settings: RunSettings) -> None:
    most_usd = settings.budget.max_cost_usd
    if most_usd is None:
        return
    if not settings.record_usage:
        raise UsageError(
            f"max_cost_usd is {most_usd:g}, but record_usage is off, and then nobody knows what a "
            "call costs; turn record_usage on, or limit the calls with max_calls"
        )
    if not (settings.chatbot.is_deployment or settings.simulated_user.is_deployment):
        raise UsageError(
            f"max_cost_usd is {most_usd:g}, but neither {settings.chatbot.spelling} nor "
            f"{settings.simulated_user.spelling} is a Workflow Deployment, and only Vellum says "
            "what a call costs; limit the calls with max_calls"
        )


def _check_that_a_budget_is_not_shared(advanced: AdvancedOptions) -> None:
    if advanced.shards is not None and advanced.budget != Budget():
        raise UsageError(
            "budget is set, and so are shards, but a budget is counted by one process and shards "
            "are several that do not know of each other's calls; leave one of them empty"
        )
