"""Thousands of conversations while machines are killed at random. `make chaos` runs it.

    DUOLOGUE_CHAOS_SEEDS=500 python -m pytest -m chaos -s

does it with fewer seeds.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.many_machines import CALLS, RUNS, SHARDS, Machines, many_machines, paid_twice
from tests.support.prefect_processes import RunningProcess

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

SEEDS = int(os.environ.get("DUOLOGUE_CHAOS_SEEDS", "5000"))
COUNT = 6
IN_FLIGHT = 16
UNFINISHED = IN_FLIGHT * 3 // 2
"""Conversations of a shard at most that are started and not yet stored."""
LATENCY_MS = 1000
MACHINES = 3
SECONDS_BETWEEN_KILLS = 60
SECONDS_WITHOUT_SERVER = 10
SILENT_AFTER_SECONDS = 75
"""Two heartbeats may be late: a machine that is busy with all this must not call one dead."""


class Killer:
    """Machines for shards, one of which goes away now and then and is replaced."""

    def __init__(self, machines: Machines, up: ExitStack) -> None:
        self._machines, self._up = machines, up
        self._random = random.Random(5)
        self._alive = [self._replacement() for _ in range(MACHINES)]
        self.kills = 0

    def _replacement(self) -> RunningProcess:
        return self._up.enter_context(self._machines.worker(SHARDS, COUNT // MACHINES))

    def kill_one(self) -> None:
        """A machine with all its shards, or only the shards' processes, or only the worker."""
        victim = self._random.choice(self._alive)
        self.kills += 1
        match self._random.choice(["machine", "machine", "shards", "worker"]):
            case "machine":
                victim.kill_with_children()
            case "shards":
                victim.kill_children()
                return
            case "worker":
                victim.kill()
        self._alive.remove(victim)
        self._alive.append(self._replacement())


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    with many_machines(tmp_path, LATENCY_MS, SILENT_AFTER_SECONDS) as found:
        yield found


def test_machines_that_are_killed_at_random_cost_no_more_than_what_was_in_flight(
    machines: Machines,
) -> None:
    server, began = machines.server, time.monotonic()
    with ExitStack() as up:
        parent = up.enter_context(machines.worker(RUNS))
        killer = Killer(machines, up)
        run = machines.start(machines.seeds(SEEDS), COUNT, IN_FLIGHT)
        machines.wait_for_calls(SEEDS * CALLS // 50)
        parent_killed = server_killed = False
        while server.flow_run(run)["state_name"] != "Completed":
            time.sleep(SECONDS_BETWEEN_KILLS * random.uniform(0.5, 1))
            if parent_killed and server.flow_run(run)["state_name"] == "Crashed":
                server.retry(run)
            done = machines.totals()["requests"] / (SEEDS * CALLS)
            if done < 0.9:
                killer.kill_one()
            if 0.2 < done < 0.9 and not server_killed:
                server.kill()
                time.sleep(SECONDS_WITHOUT_SERVER)
                server.start()
                server_killed = True
            if 0.5 < done < 0.9 and not parent_killed:
                parent.kill_children()
                parent_killed = True
            if server.flow_run(run)["state_name"] == "Failed":
                pytest.fail(server.flow_run(run)["state"]["message"])
    manifest, conversations = machines.published(run)
    asked_all = machines.asked()
    again = paid_twice(asked_all)
    shards = machines.shard_runs(run)
    lost = [one for one in shards.values() if one["state_name"] != "Completed"]
    print(  # noqa: T201 - its figures are what it is run for
        f"\n{SEEDS} seeds, {COUNT} shards of {IN_FLIGHT} in flight at {LATENCY_MS} ms a call: "
        f"{time.monotonic() - began:.0f} s; {killer.kills} kills, {parent_killed:d} of the "
        f"parent, {server_killed:d} of Prefect's server; {len(lost)} shards lost; "
        f"{len(asked_all)} calls, {SEEDS * CALLS} without kills; "
        f"{len(again)} conversations paid for in part twice"
    )
    assert lost
    assert manifest.counts.valid == manifest.counts.seeds == SEEDS
    assert conversations["seed_id"].is_unique
    assert len(conversations) == SEEDS
    assert len(set(asked_all)) == SEEDS * CALLS
    assert len(again) <= UNFINISHED * len(lost)
