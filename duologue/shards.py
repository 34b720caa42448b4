"""Dividing the conversations of one run among several flow runs, its shards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from duologue.form import as_form

Item = TypeVar("Item")

WORTH_A_SHARD = 20
"""Conversations; fewer make no shard of their own, for to start a flow run takes some 5 s."""


class ShardOptions(BaseModel):
    """How a run is divided among flow runs on a work pool."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    count: Annotated[int, Field(ge=1, le=1000)] = 8
    """How many flow runs simulate, each max_concurrency conversations at a time; fewer where a
    shard would have less than 20 conversations."""
    deployment: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")] = "simulate-shard/simulate-shard"
    """The Prefect deployment that simulates a shard, as FLOW/DEPLOYMENT."""
    silent_after_seconds: Annotated[float, Field(ge=40)] = 600
    """A shard of which nothing was heard for so long is given up, and begun again. Longer than
    three heartbeats, which come every 180 seconds unless PREFECT_FLOWS_HEARTBEAT_FREQUENCY says
    otherwise, and than a machine takes to start a flow run."""


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
