"""What a second worker process adds: one run in two shards, one after the other and side by side.

    python -m benchmarks.shards_speed [--seeds 1024] [--turns 10]

With PostgreSQL, an S3 server, and a stand-in for Vellum that takes 1 s a call.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.many_machines import RUNS, SHARDS, Machines, many_machines

LATENCY_MS = 1000
IN_FLIGHT = 256
TARGET = 1.8
"""Times as fast."""


@dataclass(frozen=True)
class Measured:
    """How long a run took."""

    seconds: float
    """From when it was started until it was published."""
    calling_seconds: float
    """From Vellum's first call to its last."""


def measured(machines: Machines, workers: int, seeds: int, turns: int) -> Measured:
    asked_before = machines.totals()["requests"]
    began = time.monotonic()
    with ExitStack() as up:
        for _ in range(workers):
            up.enter_context(machines.worker(SHARDS, limit=1))
        run = machines.start(machines.seeds(seeds), 2, IN_FLIGHT, turns)
        machines.server.wait_for(run, "Completed", timeout_seconds=1800)
    seconds = time.monotonic() - began
    asked = httpx.get(f"{machines.vellum}/_control/requests", timeout=120).json()[asked_before:]
    assert len(asked) == seeds * 2 * turns
    return Measured(seconds, asked[-1]["at_seconds"] - asked[0]["at_seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=10)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        many_machines(Path(folder), LATENCY_MS) as machines,
        machines.worker(RUNS),
    ):
        one = measured(machines, 1, options.seeds, options.turns)
        two = measured(machines, 2, options.seeds, options.turns)
    ideal = options.seeds * 2 * options.turns * LATENCY_MS / 1000 / IN_FLIGHT
    print(f"{options.seeds} seeds of {2 * options.turns} calls at 1 s, {IN_FLIGHT} in flight each")
    for workers, took in ((1, one), (2, two)):
        print(
            f"{workers} at a time: {took.calling_seconds:.1f} s of calls "
            f"(ideal {ideal / workers:.1f}), {took.seconds:.1f} s in all"
        )
    times = one.calling_seconds / two.calling_seconds
    verdict = "reached" if times >= TARGET else "missed"
    print(f"{verdict}: {times:.2f} times as fast, at least {TARGET}")
    raise SystemExit(times < TARGET)


if __name__ == "__main__":
    main()
