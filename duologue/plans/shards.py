"""Dividing the conversations of one run among several flow runs, its shards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from duologue.settings.run import ShardOptions

Item = TypeVar("Item")

WORTH_A_SHARD = 20
"""Conversations; fewer make no shard of their own, for to start a flow run takes some 5 s."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of a version's conversations a flow run simulates."""

    version: str
    number: int
    """From 1."""
    of: int

    @property
    def name(self) -> str:
        """As in `shard-3-of-8`."""
        return f"shard-{self.number}-of-{self.of}"

    def part_of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Takes this shard's part of all, in order: each of the `of` shards takes every `of`th."""
        return items[self.number - 1 :: self.of]


def shards_of(version: str, conversations: int, options: ShardOptions) -> list[Shard]:
    """Lists the shards that a version's conversations are worth."""
    count = min(options.count, max(1, conversations // WORTH_A_SHARD))
    return [Shard(version, number, count) for number in range(1, count + 1)]
