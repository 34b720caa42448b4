"""What a run is asked to do: its options, checked before anything is paid for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from duologue.conversation import EndsWith
from duologue.dataset.versions import dataset_folder, dataset_name_from, version_folder
from duologue.errors import UsageError
from duologue.participants.retries import CallSettings
from duologue.participants.settings import ParticipantInputs, ParticipantSettings
from duologue.seeds import Seed, SeedFile
from duologue.simulation import SimulationSettings, conversation_id, conversation_key

Model = TypeVar("Model", bound=BaseModel)

BUNDLED_CHATBOT = "local:workflows.support_bot"
BUNDLED_SIMULATED_USER = "local:workflows.simulated_user"


class AdvancedOptions(BaseModel):
    """Options of a run that most people never need."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ends_with: EndsWith = Field(
        EndsWith.USER,
        description="Whose message closes a conversation that has all its turns.",
    )
    greeting: str | None = Field(
        None,
        description="What the chatbot is made to have said first; shown to the simulated user "
        "alone.",
    )
    end_marker: str = Field(
        "[END]", pattern=r"\S", description="What the simulated user sends when it is done."
    )
    message_column: str | None = Field(
        None, description="The seed file's column that holds the first user message."
    )
    has_header: bool | None = Field(
        None, description="Whether a CSV's first row is a header; told by its names if not set."
    )
    chatbot_inputs: ParticipantInputs = Field(
        ParticipantInputs(), title="Chatbot", description="What the chatbot's Workflow is given."
    )
    simulated_user_inputs: ParticipantInputs = Field(
        ParticipantInputs(),
        title="Simulated user",
        description="What the simulated user's Workflow is given.",
    )
    call: CallSettings = Field(
        CallSettings(), title="Calls", description="Deadlines and retries of a single call."
    )
    seed_retries: int = Field(
        2, ge=0, le=20, description="How often a seed that failed is tried again within the run."
    )
    seed_retry_delay_seconds: float = Field(
        30, ge=0, description="The wait before a failed seed's first retry; it doubles each time."
    )
    reuse_unchanged: bool = Field(
        False,
        description="Take over conversations of earlier runs with this option on, where seed, "
        "participants and settings are the same.",
    )
    resume: str | None = Field(
        None,
        description="The version of a run that was cut short, to go on with what it had finished.",
    )


@dataclass(frozen=True, slots=True)
class Job:
    """One conversation to simulate."""

    seed: Seed
    sample: int
    """Which conversation of the seed this is, from 1."""
    key: str
    """Under which the conversation is kept, finished or cut short."""

    @property
    def conversation_id(self) -> str:
        """The name that the conversation will have."""
        return conversation_id(self.seed, self.sample)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run is asked to do, checked."""

    seeds_path: str
    chatbot: ParticipantSettings
    simulated_user: ParticipantSettings
    simulation: SimulationSettings
    conversations_per_seed: int
    max_concurrency: int
    output: str
    dataset: str
    advanced: AdvancedOptions

    def jobs(self, seed_file: SeedFile, run_scope: str) -> list[Job]:
        """Lists the conversations to simulate, in the seed file's order.

        Args:
            seed_file: whose seeds they are of.
            run_scope: what sets the run's conversations apart from other runs' of the same seeds,
                so that each run makes them anew but finds its own again.
        """
        scope = "unchanged" if self.advanced.reuse_unchanged else run_scope
        return [
            Job(seed, sample, f"{scope}/{self._key(seed, sample)}")
            for seed in seed_file.seeds
            for sample in range(1, self.conversations_per_seed + 1)
        ]

    def _key(self, seed: Seed, sample: int) -> str:
        return conversation_key(seed, sample, self.chatbot, self.simulated_user, self.simulation)


def plan_generation(
    seeds: str,
    chatbot: str = BUNDLED_CHATBOT,
    simulated_user: str = BUNDLED_SIMULATED_USER,
    turns: int = 3,
    conversations_per_seed: int = 1,
    max_concurrency: int = 32,
    output: str = "datasets",
    name: str | None = None,
    advanced: AdvancedOptions | Mapping[str, Any] = AdvancedOptions(),
) -> Plan:
    """Checks what a run is asked to do, as far as that can be told without running it.

    Raises:
        UsageError: a participant's spelling, a number, or a name cannot be used.
    """
    advanced = _validated(AdvancedOptions, advanced)
    for option, value in {
        "conversations_per_seed": conversations_per_seed,
        "max_concurrency": max_concurrency,
    }.items():
        if value < 1:
            raise UsageError(f"{option} is {value}; expected 1 or more")
    dataset = dataset_name_from(seeds) if name is None else name
    dataset_folder(output, dataset)  # refuses what cannot be a dataset's name
    if advanced.resume is not None:
        version_folder(output, dataset, advanced.resume)
    simulation = {
        "turns": turns,
        "ends_with": advanced.ends_with,
        "end_marker": advanced.end_marker,
        "greeting": advanced.greeting,
    }
    return Plan(
        seeds_path=seeds,
        chatbot=ParticipantSettings.parsed(chatbot, advanced.chatbot_inputs),
        simulated_user=ParticipantSettings.parsed(simulated_user, advanced.simulated_user_inputs),
        simulation=_validated(SimulationSettings, simulation),
        conversations_per_seed=conversations_per_seed,
        max_concurrency=max_concurrency,
        output=output,
        dataset=dataset,
        advanced=advanced,
    )


def _validated(model: type[Model], values: Model | Mapping[str, Any]) -> Model:
    """Takes options as a person gave them, and tells the first wrong one in a sentence."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(map(str, first["loc"]))
        raise UsageError(f"{option} is {first['input']!r}: {first['msg'].lower()}") from None
