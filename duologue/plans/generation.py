"""What a run is asked to do, checked before anything is billed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from duologue.dataset.realism import check_reference
from duologue.errors import UsageError
from duologue.participants.own_code_digest import with_code
from duologue.seeds import Seed, SeedFile, read_seeds
from duologue.settings.dataset_names import dataset_name_from
from duologue.settings.judges import check_criteria, parsed_judges
from duologue.settings.options import Options, validated
from duologue.settings.participants import ParticipantSettings
from duologue.settings.run import (
    AdvancedOptions,
    Budget,
    EndingSettings,
    GenerationForm,
    RunSettings,
    SimulationSettings,
    StoredOptions,
    TurnSettings,
    VolumeSettings,
)
from duologue.simulation import conversation_id, conversation_key
from duologue.storage.locations import absolute
from duologue.validation.loading import load_rules
from duologue.validation.seeds import checked_seeds
from duologue.versions.checkpoints import UNCHANGED
from duologue.versions.places import DatasetFolder


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
    """Everything a run is asked to do, checked."""

    seeds_path: str
    dataset: DatasetFolder
    settings: RunSettings
    advanced: AdvancedOptions

    def read_seeds(self, answers: Mapping[str, Any] = MappingProxyType({})) -> SeedFile:
        """Reads the seed file, and rejects the seeds that break a rule on their own.

        Args:
            answers: options that someone gave on request, instead of the plan's:
                `message_column`, `has_header`.

        Raises:
            UsageError: the file cannot be read, or it is unclear which column holds the message.
        """
        names = ("message_column", "has_header", "delimiter", "seed_format")
        options = {name: getattr(self.advanced, name) or None for name in names}
        options["has_header"] = self.advanced.has_header
        seed_file = read_seeds(self.seeds_path, **(options | dict(answers)))
        checked = checked_seeds(seed_file, load_rules(self.settings.rules))
        return without_lost_openings(checked, self.settings.chatbot, self.settings.simulated_user)

    def jobs(self, seed_file: SeedFile, version: str) -> list[Job]:
        """Lists the conversations to simulate, in the seed file's order."""
        return jobs_of(seed_file.seeds, self.settings, self.scope(version))

    def scope(self, version: str) -> str:
        """Returns which checkpoints a version is made of."""
        return UNCHANGED if self.advanced.reuse_unchanged else version


def jobs_of(seeds: Iterable[Seed], settings: RunSettings, scope: str) -> list[Job]:
    """Lists the conversations that seeds open, in the seeds' order.

    Args:
        seeds: what opens them.
        settings: how they are generated.
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


def without_lost_openings(seed_file: SeedFile, *participants: ParticipantSettings) -> SeedFile:
    """Rejects the seeds with an opening if a participant could not be shown it."""
    forgetful = [one.reference for one in participants if one.sees_only_latest]
    if not forgetful:
        return seed_file
    reason = (
        f"it has an opening, but {forgetful[0]} is sent only the latest message and knows only "
        "what it was part of; take the opening out, or use a participant that is sent the whole "
        "conversation"
    )
    return seed_file.without({s.seed_id: reason for s in seed_file.seeds if s.scenario.opening})


def refuse_lost_openings(seeds: Iterable[Seed], *participants: ParticipantSettings) -> None:
    """Refuses to compare or evaluate participants that could not be shown the seeds' openings.

    Raises:
        UsageError: there is such a participant, and a seed has an opening.
    """
    forgetful = [one.reference for one in participants if one.sees_only_latest]
    opened = list(dict.fromkeys(seed.seed_id for seed in seeds if seed.scenario.opening))
    if forgetful and opened:
        raise UsageError(
            f"{forgetful[0]}: is sent only the latest message and knows only what it was part of, "
            f"but {len(opened)} seeds have an opening, such as {opened[0]}; use seeds without "
            "openings, or a participant that is sent the whole conversation"
        )


def plan_generation(**parameters: Any) -> Plan:
    """Checks a run's parameters, and all that can be checked without running it.

    Args:
        **parameters: the flow's (`GenerationForm`).

    Raises:
        UsageError: a participant's reference, a number, a name, or a rule cannot be used.
    """
    form = validated(GenerationForm, parameters)
    advanced = form.advanced or AdvancedOptions()
    load_rules(advanced.rules)  # refuses a rule that cannot be used
    dataset = DatasetFolder(absolute(form.output), form.name or dataset_name_from(form.seeds))
    if advanced.resume is not None:
        dataset.revision_folder(advanced.resume)  # refuses a text that is not a version
    settings = RunSettings(
        **_shared(StoredOptions, advanced),
        **_shared(VolumeSettings, form),
        chatbot=ParticipantSettings.parsed(form.chatbot, advanced.chatbot_inputs),
        simulated_user=ParticipantSettings.parsed(
            form.simulated_user, advanced.simulated_user_inputs, takes_scenario=True
        ),
        simulation=SimulationSettings(
            **_shared(EndingSettings, advanced), **_shared(TurnSettings, form)
        ),
        judges=parsed_judges(advanced.judges),
    )
    if advanced.reuse_unchanged:
        participants = {"chatbot": settings.chatbot, "simulated_user": settings.simulated_user}
        known = {name: with_code(one) for name, one in participants.items()}
        settings = settings.model_copy(update=known)
    check_criteria(settings.gates.min_passed, settings.judges)
    check_reference(settings)
    _check_cost_is_known(settings)
    _check_budget_is_not_shared(advanced)
    return Plan(seeds_path=form.seeds, dataset=dataset, settings=settings, advanced=advanced)


def _shared(options: type[Options], given: Options) -> dict[str, Any]:
    """Takes the settings that a model declares from one that inherits them."""
    return {name: getattr(given, name) for name in options.model_fields}


def _check_cost_is_known(settings: RunSettings) -> None:
    max_cost_usd = settings.budget.max_cost_usd
    if max_cost_usd is None:
        return
    if not settings.record_usage:
        raise UsageError(
            f"budget.max_cost_usd is {max_cost_usd:g}, but record_usage is off, so the cost of a "
            "call is unknown; turn record_usage on, or limit the calls with budget.max_calls"
        )
    if not (settings.chatbot.is_deployment or settings.simulated_user.is_deployment):
        raise UsageError(
            f"budget.max_cost_usd is {max_cost_usd:g}, but neither {settings.chatbot.reference} "
            f"nor {settings.simulated_user.reference} is a Workflow Deployment, and only Vellum "
            "reports what a call costs; limit the calls with budget.max_calls"
        )


def _check_budget_is_not_shared(advanced: AdvancedOptions) -> None:
    if advanced.shards is not None and advanced.budget != Budget():
        raise UsageError(
            "both budget and shards are set, but a budget is counted by one process, and shards "
            "are several that do not know of each other's calls; remove one of them"
        )
