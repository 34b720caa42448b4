"""What a second worker process adds: one shard on one, and two shards on two, of the same size.

    python -m benchmarks.shards_speed [--seeds 512] [--turns 10]

With PostgreSQL, an S3 server, and a stand-in for Vellum that takes 1 s a call.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.many_machines import RUNS, SHARDS, Machines, many_machines

LATENCY_MS = 1000
IN_FLIGHT = 256
TARGET = 1.8
"""Times as fast."""


@dataclass(frozen=True)
class Measured:
    """How fast a run was."""

    seconds: float
    """From when it was started until it was published."""
    calls_per_second: float
    """While it was neither beginning nor ending: between a tenth and nine tenths of its calls."""


def measured(machines: Machines, workers: int, seeds: int, turns: int) -> Measured:
    """Runs a shard of so many seeds on each worker."""
    asked_before = machines.totals()["requests"]
    began = time.monotonic()
    with ExitStack() as up:
        for _ in range(workers):
            up.enter_context(machines.worker(SHARDS, limit=1))
        run = machines.start(machines.seeds(workers * seeds), workers, IN_FLIGHT, turns)
        machines.server.wait_for(run, "Completed", timeout_seconds=1800)
    seconds = time.monotonic() - began
    asked = httpx.get(f"{machines.vellum}/_control/requests", timeout=120).json()[asked_before:]
    assert len(asked) == workers * seeds * 2 * turns
    tenth = len(asked) // 10
    while_full = asked[-tenth]["at_seconds"] - asked[tenth]["at_seconds"]
    return Measured(seconds, (len(asked) - 2 * tenth) / while_full)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=512)
    parser.add_argument("--turns", type=int, default=10)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        many_machines(Path(folder), LATENCY_MS) as machines,
        machines.worker(RUNS),
    ):
        one = measured(machines, 1, options.seeds, options.turns)
        two = measured(machines, 2, options.seeds, options.turns)
    print(f"{options.seeds} seeds a shard, of {2 * options.turns} calls at 1 s")
    for workers, run in ((1, one), (2, two)):
        print(
            f"workers: {workers}; calls a second: {run.calls_per_second:.0f} of "
            f"{workers * IN_FLIGHT} at most; seconds in all: {run.seconds:.0f}"
        )
    times = two.calls_per_second / one.calls_per_second
    verdict = "reached" if times >= TARGET else "missed"
    print(f"{verdict}: {times:.2f} times as fast, at least {TARGET}")
    raise SystemExit(times < TARGET)


if __name__ == "__main__":
    main()
