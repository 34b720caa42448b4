"""One run on several machines, any of which may go away: workers, PostgreSQL, S3, all real."""

import csv
import json
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import httpx
import pytest

from tests.support.many_machines import (
    CALLS,
    RUNS,
    SHARDS,
    TURNS,
    Machines,
    many_machines,
    paid_twice,
)
from tests.support.prefect_processes import ROOT, RunningProcess, run_prefect

SEEDS = 60
COUNT = 3
IN_FLIGHT = 4
UNFINISHED = 6
"""Conversations of a shard at most that are started and not yet stored."""

JUDGE = """
    from pathlib import Path

    def judge(chat_history, persona, goal, facts):
        opening, question = chat_history[0].text, chat_history[2].text
        with Path(__file__).with_name("judged.log").open("a") as log:
            print(question, file=log)
        return {"passed": True, "reason": " | ".join((opening, question, persona, goal, facts))}
"""
JUDGES = [{"reference": "python:own_judge:judge", "criteria": ["goal_reached"]}]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("machines")
    (folder / "own_judge.py").write_text(dedent(JUDGE))
    with many_machines(folder, latency_ms=0) as found:
        found.server.environment |= {
            "PYTHONPATH": str(folder),
            "DUOLOGUE_ALLOWED_CODE": "own_judge",
        }
        yield found


def scenarios(machines: Machines, count: int) -> str:
    """Writes that many seeds, each with a scenario of its own and in the middle of a talk."""
    file = machines.folder / "scenarios.csv"
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["message", "persona", "goal", "facts", "opening"])
        rows.writerows(
            [f"Where is order {n}?", f"person {n}", f"goal {n}", facts(n), opening(n)]
            for n in range(count)
        )
    return str(file)


def facts(number: int) -> str:
    return json.dumps({"order": f"KC-{number}"})


def opening(number: int) -> str:
    said = [("USER", f"I am customer {number}."), ("ASSISTANT", "What can I look up?")]
    return json.dumps([{"role": role, "text": text} for role, text in said])


def expected_reason(row: dict[Any, Any]) -> str:
    """What the judge says of a conversation if it received it with its own scenario."""
    number = row["messages"][2]["text"].split()[-1].rstrip("?")
    said = (f"I am customer {number}.", f"Where is order {number}?")
    return " | ".join((*said, f"person {number}", f"goal {number}", facts(int(number))))


@pytest.fixture(scope="module", autouse=True)
def parents(machines: Machines) -> Iterator[RunningProcess]:
    """The machine of the runs that wait for shards."""
    with machines.worker(RUNS) as process:
        yield process


def test_a_machine_that_is_lost_is_made_good(machines: Machines) -> None:
    earlier = len(machines.asked())
    machines.answer_after(400)
    with machines.worker(SHARDS) as one:
        run = machines.start(machines.seeds(SEEDS), COUNT, IN_FLIGHT)
        machines.server.wait_until(lambda: len(one.children()) > 0, "it has a shard")
        with machines.worker(SHARDS):  # only now, or it might have taken them all
            machines.wait_for_calls(earlier + 80)
            one.kill_with_children()
            machines.server.wait_for(run, "Completed")
    manifest, conversations = machines.published(run)
    assert manifest.counts.valid == manifest.counts.seeds == SEEDS
    assert conversations["seed_id"].is_unique
    shards = machines.shard_runs(run)
    crashed = [one for one in shards.values() if one["state_name"] == "Crashed"]
    assert len(crashed) == len(shards) - COUNT >= 1
    assert all("It sent no heartbeat" in one["state"]["message"] for one in crashed)
    asked = machines.asked()[earlier:]
    assert len(set(asked)) == SEEDS * CALLS
    assert len(paid_twice(asked)) <= UNFINISHED * len(crashed)


@pytest.fixture
def crashed_runs_go_on(machines: Machines) -> None:
    """Applies automations/crashed_runs.yaml."""
    file = str(ROOT / "automations" / "crashed_runs.yaml")
    run_prefect(machines.server, "automation", "create", "--from-file", file, cwd=machines.folder)


def test_a_parent_that_is_lost_continues_on_its_own_and_finds_its_shards_again(
    machines: Machines, parents: RunningProcess, crashed_runs_go_on: None
) -> None:
    earlier = len(machines.asked())
    machines.answer_after(1000)
    with machines.worker(SHARDS):
        run = machines.start(machines.seeds(SEEDS), COUNT, IN_FLIGHT)
        machines.wait_for_calls(earlier + 20)
        under_way = machines.shard_runs(run)
        parents.kill_children()
        machines.server.wait_for(run, "Completed")
    assert machines.server.flow_run(run)["run_count"] == 2
    manifest, _ = machines.published(run)
    assert manifest.counts.valid == SEEDS
    assert machines.shard_runs(run).keys() == under_way.keys()
    asked = machines.asked()[earlier:]
    assert len(asked) == SEEDS * CALLS


def test_what_failed_in_a_shard_is_billed_there_alone_and_a_retry_repairs_it(
    machines: Machines,
) -> None:
    """Every conversation keeps its scenario, and has its own verdict, for which it is read once."""
    earlier, failing = len(machines.asked()), {"order 7?": "status:400"}
    machines.answer_after(0)
    machines.steer("support-bot", when_history_contains=failing)
    with machines.worker(SHARDS):
        run = machines.start(scenarios(machines, SEEDS), COUNT, IN_FLIGHT, judges=JUDGES)
        machines.server.wait_for(run, "Failed")
        manifest, _ = machines.published(run)
        assert (manifest.counts.failed, manifest.counts.valid) == (1, SEEDS - 1)
        asked = machines.asked()[earlier:]
        assert len(asked) == (SEEDS - 1) * CALLS + 1
        machines.steer("support-bot", when_history_contains={})
        machines.server.retry(run)
        machines.server.wait_for(run, "Completed")
    assert len(machines.shard_runs(run)) == COUNT + 1, "only its own shard is started again"
    manifest, conversations = machines.published(run)
    assert (manifest.revision, manifest.counts.valid, len(conversations)) == (2, SEEDS, SEEDS)
    assert len(machines.asked()) - earlier == SEEDS * CALLS + 1
    judged = (machines.folder / "judged.log").read_text().splitlines()
    assert sorted(judged) == sorted(f"Where is order {n}?" for n in range(SEEDS))
    for row in conversations.to_dict("records"):
        [verdict] = row["verdicts"]
        reason = expected_reason(row)
        assert verdict["reason"] == reason
        assert reason.endswith(" | ".join((row["persona"], row["goal"], row["facts"])))
        assert (row["opening_messages"], row["turn_count"]) == (2, TURNS)


def test_what_no_seed_can_be_simulated_with_stops_all_shards_and_the_run(
    machines: Machines,
) -> None:
    machines.steer("support-bot", always="status:401")
    with machines.worker(SHARDS):
        run = machines.start(machines.seeds(SEEDS), COUNT, IN_FLIGHT)
        failed = machines.server.wait_for(run, "Failed")
    machines.steer("support-bot", always=None)
    assert "401" in failed["state"]["message"]
    ended = {one["state_name"] for one in machines.shard_runs(run).values()}
    assert "StoppedEarly" in ended
    assert ended <= {"StoppedEarly", "Cancelled", "Cancelling"}
    manifest, _ = machines.published(run)
    assert manifest.counts.failed == SEEDS
    assert "the run stopped early" in manifest.held_back[0]


def test_all_shards_together_keep_within_a_global_limit(machines: Machines) -> None:
    limit = {"name": "vellum", "limit": 2 * IN_FLIGHT, "active": True}
    machines.server.api("POST", "/v2/concurrency_limits/", limit)
    machines.answer_after(300)
    httpx.post(f"{machines.vellum}/_control/totals")
    with machines.worker(SHARDS):
        run = machines.start(machines.seeds(SEEDS), COUNT, IN_FLIGHT, global_limit="vellum")
        machines.server.wait_for(run, "Completed")
    assert machines.totals()["most_in_flight"] <= 2 * IN_FLIGHT


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("missing", "prefect gcl create missing --limit 4"),
        ("small", "has 3 slots"),
    ],
)
def test_a_limit_that_is_not_there_or_too_small_is_reported_before_anything_begins(
    machines: Machines, limit: str, told: str
) -> None:
    if limit == "small":
        small = {"name": limit, "limit": IN_FLIGHT - 1, "active": True}
        machines.server.api("POST", "/v2/concurrency_limits/", small)
    run = machines.start(machines.seeds(SEEDS), COUNT, IN_FLIGHT, global_limit=limit)
    assert told in machines.server.wait_for(run, "Failed")["state"]["message"]
    assert machines.shard_runs(run) == {}


@pytest.mark.chaos  # Prefect takes its time to cancel what belongs to a cancelled run
def test_a_cancelled_parent_cancels_its_shards_and_a_retry_continues(machines: Machines) -> None:
    earlier = len(machines.asked())
    machines.answer_after(1000)
    with machines.worker(SHARDS):
        run = machines.start(machines.seeds(SEEDS), COUNT, IN_FLIGHT)
        machines.wait_for_calls(earlier + 20)
        machines.server.cancel(run)
        machines.server.wait_for(run, "Cancelled")
        for shard in machines.shard_runs(run).values():
            machines.server.wait_for(shard["id"], "Cancelled", "Completed")
        machines.answer_after(0)
        machines.server.retry(run)
        machines.server.wait_for(run, "Completed")
    manifest, _ = machines.published(run)
    assert manifest.counts.valid == SEEDS
    asked = machines.asked()[earlier:]
    assert len(set(asked)) == SEEDS * CALLS
    # Only the calls in flight: the messages are kept, and the conversations continue.
    assert len(asked) - len(set(asked)) <= IN_FLIGHT * COUNT
