"""The counts of a version; they account for every seed."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from duologue.settings.options import Record

Count = Annotated[int, Field(ge=0)]


class UnaccountedSeedsError(RuntimeError):
    """An internal error: a row, seed or conversation was lost, or counted twice.

    Not one of Duologue's own errors, because nobody but its developers can do anything about it.
    """


class Counts(Record):
    """How many rows, seeds and conversations a version is made from.

    Raises:
        UnaccountedSeedsError: rows_read = rejected + seeds or conversations = valid + invalid +
            failed does not hold.
    """

    rows_read: Count
    """Rows of the seed file."""
    rejected: Count
    """Rows that could not be read."""
    seeds: Count
    """Rows that could be read."""
    conversations: Count
    """Conversations requested: seeds times conversations per seed."""
    valid: Count
    """Conversations in the dataset."""
    invalid: Count
    """Conversations that broke a rule."""
    failed: Count
    """Conversations that could not be completed."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.rows_read != self.rejected + self.seeds:
            raise UnaccountedSeedsError(
                f"{self.rows_read} rows were read, but {self.rejected} rejected rows and "
                f"{self.seeds} seeds came from them"
            )
        if self.conversations != self.valid + self.invalid + self.failed:
            raise UnaccountedSeedsError(
                f"{self.conversations} conversations were due, but {self.valid} valid, "
                f"{self.invalid} invalid and {self.failed} failed ones came from them"
            )
        return self
