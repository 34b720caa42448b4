"""Which part of a run is in which shard, and what is reported of shards that cannot run."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import UsageError
from duologue.flows.simulate_shard import simulate_shard
from duologue.plans.generation import plan_generation
from duologue.plans.shards import WORTH_A_SHARD, shards_of
from duologue.settings.run import ShardOptions
from duologue.tasks.shards import REFUSED, SOME_FAILED, STOPPED_EARLY, WHOLE
from tests.support.generating import QUICK, generated, output_of
from tests.support.vellum_stand_in import StandIn

VERSION = "20261124T053516000Z-1a2b3c4d"


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
    with pytest.raises(UsageError, match="both budget and shards are set"):
        plan_generation(
            seeds="seeds.csv",
            chatbot="support-bot",
            simulated_user="simulated-user",
            advanced=options,
        )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"count": 0}, "count"),
        ({"deployment": "simulate-shard"}, "deployment"),
        ({"silent_after_seconds": 5}, "silent_after_seconds"),
        ({"workers": 3}, "workers"),
    ],
)
def test_options_that_cannot_be_meant_are_reported(
    options: dict[str, int | str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        plan_generation(seeds="seeds.csv", advanced={"shards": options})


@pytest.mark.usefixtures("prefect_server")
async def test_a_deployment_that_is_not_there_is_reported(seeds_csv: Path, vellum: StandIn) -> None:
    options = {**QUICK, "shards": {"deployment": "simulate-shard/elsewhere"}}
    state = await generated(seeds_csv, advanced=options)
    assert state.is_failed()
    assert "knows no such deployment" in str(state.message)
    assert vellum.requests == []


@pytest.mark.usefixtures("prefect_server")
async def test_a_shard_of_other_seeds_than_the_runs_is_refused(
    seeds_csv: Path, vellum: StandIn
) -> None:
    run = {"seeds": str(seeds_csv), "chatbot": "support-bot", "simulated_user": "simulated-user"}
    state = await simulate_shard(VERSION, 1, 1, 1, "0" * 64, run, return_state=True)
    assert state.is_failed()
    assert state.name == REFUSED
    assert "differs from the file that the run has read" in str(state.message)
    assert vellum.requests == []


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("failures", "name", "failed"),
    [
        ({}, WHOLE, 0),
        ({"when_history_contains": {"number 3?": "status:400"}}, SOME_FAILED, 1),
        ({"always": "status:401"}, STOPPED_EARLY, 5),
    ],
)
async def test_a_shard_stores_its_conversations_and_reports_what_failed(
    seeds_csv: Path, vellum: StandIn, failures: dict[str, Any], name: str, failed: int
) -> None:
    for setting, value in failures.items():
        setattr(vellum.deployments["support-bot"], setting, value)
    output = output_of(seeds_csv)
    run = {
        "seeds": str(seeds_csv),
        "chatbot": "support-bot",
        "simulated_user": "simulated-user",
        "output": str(output),
        "advanced": QUICK,
    }
    sha256 = hashlib.sha256(seeds_csv.read_bytes()).hexdigest()
    state = await simulate_shard(VERSION, 1, 2, 1, sha256, run, return_state=True)
    assert state.name == name
    checkpoints = output / "seeds" / ".checkpoints" / VERSION
    record = json.loads((checkpoints / "shard-1-of-2-attempt-1.json").read_bytes())
    assert len(record["failed"]) == failed
    finished = [path for path in checkpoints.iterdir() if len(path.name) == len(".json") + 64]
    assert len(finished) == 5 - failed
    assert not list(output.rglob("manifest.json"))
