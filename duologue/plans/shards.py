"""Divides the conversations of one run among several flow runs, its shards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from duologue.settings.run import ShardOptions

Item = TypeVar("Item")

WORTH_A_SHARD = 20
"""The fewest conversations of a shard: starting a flow run takes some 5 s."""


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
        """Returns this shard's items, in order: every `of`th, starting with its number."""
        return items[self.number - 1 :: self.of]


def shards_of(version: str, conversations: int, options: ShardOptions) -> list[Shard]:
    """Lists the shards of a version; fewer than requested if it has few conversations."""
    count = min(options.count, max(1, conversations // WORTH_A_SHARD))
    return [Shard(version, number, count) for number in range(1, count + 1)]
