"""What a seed file holds once it is read: seeds, and the rows that could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Self

from pydantic import StringConstraints

from duologue.seeds.scenario import Scenario, scenario_of
from duologue.settings.options import Record

MOST_ID_CHARACTERS = 200


class Seed(Record):
    """One row of the seed file, all of it as text."""

    seed_id: Annotated[str, StringConstraints(min_length=1, max_length=MOST_ID_CHARACTERS)]
    """Distinct within its file, and the same when the file is reordered."""
    message: Annotated[str, StringConstraints(min_length=1)]
    """The first user message, exactly as it stands in the file."""
    context: dict[str, str] = {}
    """The row's other columns by name."""

    @property
    def scenario(self) -> Scenario:
        """What the columns with a meaning say: persona, goal, facts and so on."""
        return scenario_of(self.context)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that could not be read."""

    file: str
    line: int
    """The physical line the row starts on, or its row number in a Parquet file; from 1."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A row that is a seed, although it breaks a rule of severity `warning`."""

    file: str
    line: int
    """Counted like a rejected row's."""
    rule: str
    part: str = "message"
    """What breaks it: the row's message, or its opening."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.part} breaks the rule {self.rule} on its own"


@dataclass(frozen=True, slots=True)
class SeedFile:
    """What was read from a seed file. Every row is either a seed or rejected."""

    path: str
    """As it was given, but without the user name, password and query that a URL may hold."""
    sha256: str
    """Of the file's bytes, as they are stored."""
    columns_note: str
    """One sentence on which column holds the message and how that was inferred."""
    seeds: tuple[Seed, ...]
    """In the order of the file."""
    rejected: tuple[RejectedRow, ...]
    """In the order of the file."""
    lines: tuple[int, ...] = ()
    """The line or row of each seed, as in `RejectedRow`; empty if it is not known."""
    warnings: tuple[RowWarning, ...] = ()
    """In the order of the file."""

    def without(self, unusable: Mapping[str, str]) -> Self:
        """Rejects seeds, by id with a reason: the run cannot use them."""
        if not unusable:
            return self
        lines = self.lines or (0,) * len(self.seeds)
        numbered = list(zip(self.seeds, lines, strict=True))
        rejected = [
            RejectedRow(self.path, line, unusable[seed.seed_id])
            for seed, line in numbered
            if seed.seed_id in unusable
        ]
        kept = [(seed, line) for seed, line in numbered if seed.seed_id not in unusable]
        return replace(
            self,
            seeds=tuple(seed for seed, _ in kept),
            lines=tuple(line for _, line in kept),
            rejected=tuple(sorted([*self.rejected, *rejected], key=lambda row: row.line)),
        )

    @property
    def rows_read(self) -> int:
        """Seeds and rejected rows together."""
        return len(self.seeds) + len(self.rejected)
