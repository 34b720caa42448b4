"""What one run produced: everything that a version is written from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from duologue.conversation.usage import Usage
from duologue.dataset.counts import Counts, UnaccountedSeedsError
from duologue.participants.concurrency import AccountLimit
from duologue.seeds import SeedFile
from duologue.settings.run import RunSettings
from duologue.simulation import FailedSeed
from duologue.validation.check import CheckedConversation
from duologue.validation.verdict import NoVerdict


@dataclass(frozen=True, slots=True)
class DatasetContents:
    """Everything one run produced, in the seed file's order."""

    seed_file: SeedFile
    checked: tuple[CheckedConversation, ...]
    """The completed conversations, valid and invalid."""
    failed: tuple[FailedSeed, ...]
    settings: RunSettings
    started_at: datetime
    """UTC; when the run started."""
    stopped_early: str | None = None
    """Why the run did not try all seeds; None if it did."""
    no_verdicts: tuple[NoVerdict, ...] = ()
    """Conversations that a judge was asked about in vain."""
    judge_usage: Mapping[str, Usage] = field(default_factory=dict)
    """By judge, what the answers behind its verdicts used, in all revisions, if that is known."""
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of the participants allowed, if they refused calls."""
    how_to_rerun: str = (
        "`duologue rerun` with this version's name, or Retry of the flow run in the Prefect UI: "
        "only what is not in the dataset is simulated again"
    )
    """What people can do about conversations that are not in the dataset."""

    @property
    def valid(self) -> tuple[CheckedConversation, ...]:
        """The conversations in the dataset."""
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
            conversations=len(self.seed_file.seeds) * self.settings.conversations_per_seed,
            valid=len(self.valid),
            invalid=len(self.invalid),
            failed=len(self.failed),
        )

    def _check_samples(self) -> None:
        due = Counter(
            (seed.seed_id, sample)
            for seed in self.seed_file.seeds
            for sample in range(1, self.settings.conversations_per_seed + 1)
        )
        made = Counter((item.seed.seed_id, item.conversation.sample) for item in self.checked)
        made.update((item.seed.seed_id, item.sample) for item in self.failed)
        if made != due:
            wrong = sorted((due - made) + (made - due))
            shown = ", ".join(f"sample {sample} of seed {seed_id}" for seed_id, sample in wrong[:5])
            raise UnaccountedSeedsError(
                f"{len(wrong)} conversations are missing or duplicated, such as {shown}"
            )
