"""Which part of a run is in which shard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import UsageError
from duologue.generation import plan_generation
from duologue.shards import WORTH_A_SHARD, ShardOptions, shards_of

VERSION = "20261124T053516Z-1a2b3c4d"


@given(st.integers(0, 500), st.integers(1, 40))
def test_every_conversation_is_in_one_shard_and_all_shards_are_alike(
    conversations: int, count: int
) -> None:
    items = list(range(conversations))
    shards = shards_of(VERSION, conversations, ShardOptions(count=count))
    parts = [shard.part_of(items) for shard in shards]
    assert sorted(item for part in parts for item in part) == items
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert 1 <= len(shards) <= count
    assert len(shards) == 1 or min(sizes) >= WORTH_A_SHARD
    assert len({shard.name for shard in shards}) == len(shards)


@pytest.mark.parametrize("budget", [{"max_calls": 10}, {"max_cost_usd": 1}])
def test_a_budget_is_not_for_shards(budget: dict[str, int]) -> None:
    options = {"shards": {}, "budget": budget, "record_usage": True}
    with pytest.raises(UsageError, match="budget is set, and so are shards"):
        plan_generation("seeds.csv", "support-bot", "simulated-user", advanced=options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"count": 0}, "count"),
        ({"deployment": "simulate-shard"}, "deployment"),
        ({"silent_after_seconds": 5}, "silent_after_seconds"),
        ({"workers": 3}, "workers"),
    ],
)
def test_options_that_cannot_be_meant_are_told(options: dict[str, int | str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        plan_generation("seeds.csv", advanced={"shards": options})
