"""What one run made, and the sum that no seed escapes."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from duologue.participants.settings import ParticipantSettings
from duologue.seeds import SeedFile
from duologue.simulation import FailedSeed, SimulationSettings
from duologue.validation.check import CheckedConversation

Count = Annotated[int, Field(ge=0)]


class UnaccountedSeedsError(RuntimeError):
    """An internal error: a row, seed or conversation was lost, or counted twice.

    Not one of Duologue's own errors, because nobody but its developers can do anything about it.
    """


class Counts(BaseModel):
    """How many rows, seeds and conversations a version is made of.

    Raises:
        UnaccountedSeedsError: rows_read = rejected + seeds or conversations = valid + invalid +
            failed does not hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows_read: Count
    """Rows of the seed file."""
    rejected: Count
    """Rows that could not be read."""
    seeds: Count
    """Rows that could be read."""
    conversations: Count
    """Conversations asked for: the seeds, times the conversations per seed."""
    valid: Count
    """Conversations in the dataset."""
    invalid: Count
    """Conversations that broke a rule."""
    failed: Count
    """Conversations that could not be simulated to their end."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.rows_read != self.rejected + self.seeds:
            raise UnaccountedSeedsError(
                f"{self.rows_read} rows were read, but {self.rejected} rejected rows and "
                f"{self.seeds} seeds came of them"
            )
        if self.conversations != self.valid + self.invalid + self.failed:
            raise UnaccountedSeedsError(
                f"{self.conversations} conversations were due, but {self.valid} valid, "
                f"{self.invalid} invalid and {self.failed} failed ones came of them"
            )
        return self


@dataclass(frozen=True, slots=True)
class DatasetContents:
    """Everything one run made, in the seed file's order."""

    seed_file: SeedFile
    checked: tuple[CheckedConversation, ...]
    """The conversations that were simulated to their end, valid and invalid."""
    failed: tuple[FailedSeed, ...]
    chatbot: ParticipantSettings
    simulated_user: ParticipantSettings
    simulation: SimulationSettings
    conversations_per_seed: int
    started_at: datetime
    """UTC; when the run started."""

    @property
    def valid(self) -> tuple[CheckedConversation, ...]:
        """The conversations that are the dataset."""
        return tuple(checked for checked in self.checked if checked.is_valid)

    @property
    def invalid(self) -> tuple[CheckedConversation, ...]:
        """The conversations that broke a rule of severity `invalid`."""
        return tuple(checked for checked in self.checked if not checked.is_valid)

    @property
    def counts(self) -> Counts:
        """The counts, with every seed accounted for.

        Raises:
            UnaccountedSeedsError: not every sample of every seed is here exactly once.
        """
        self._check_samples()
        return Counts(
            rows_read=self.seed_file.rows_read,
            rejected=len(self.seed_file.rejected),
            seeds=len(self.seed_file.seeds),
            conversations=len(self.seed_file.seeds) * self.conversations_per_seed,
            valid=len(self.valid),
            invalid=len(self.invalid),
            failed=len(self.failed),
        )

    def _check_samples(self) -> None:
        due = Counter(
            (seed.seed_id, sample)
            for seed in self.seed_file.seeds
            for sample in range(1, self.conversations_per_seed + 1)
        )
        made = Counter((item.seed.seed_id, item.conversation.sample) for item in self.checked)
        made.update((item.seed.seed_id, item.sample) for item in self.failed)
        if made != due:
            wrong = sorted((due - made) + (made - due))
            shown = ", ".join(f"sample {sample} of seed {seed_id}" for seed_id, sample in wrong[:5])
            raise UnaccountedSeedsError(
                f"{len(wrong)} conversations are missing or there too often, such as {shown}"
            )
