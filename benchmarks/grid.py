"""Measures `generate_dataset` with more and fewer seeds, conversations in flight, and latency.

    python -m benchmarks.grid [--quick]

Prints a Markdown table of what was measured, and what was left out because it takes too long.
README.md tells what it means.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.generate_speed import TargetedScenario, simulated
from benchmarks.running import COLUMNS, DUOLOGUE, Run, table_head, table_row

CENTRES = (
    TargetedScenario("", seeds=1_000, in_flight=256, latency_ms=200, ways=(DUOLOGUE,)),
    TargetedScenario("", seeds=10_000, in_flight=512, latency_ms=200, ways=(DUOLOGUE,)),
)
"""Around each of these one thing at a time is varied: what a run of so many seeds depends on. The
second lasts long enough to show what one process can do."""

SEEDS = (100, 1_000, 10_000)
IN_FLIGHT = (16, 64, 256, 512)
LATENCY_MS = (50, 200, 1_000)

MOST_IDEAL_SECONDS = 120
"""Longer than this no scenario may take, even if nothing but the calls took time."""
QUICK_MOST_SECONDS, QUICK_MOST_SEEDS = 20, 1_000
"""The same with `--quick`."""

GRID_COLUMNS: dict[str, Callable[[Run], str]] = {
    **{heading: COLUMNS[heading] for heading in ("seeds", "in flight", "latency ms")},
    **{heading: COLUMNS[heading] for heading in ("seconds", "ideal", "times ideal")},
    "seeds a second": lambda run: f"{1 / run.seconds_a_seed:.0f}",
    **{heading: COLUMNS[heading] for heading in ("CPU ms a seed", "peak MB", "resume s")},
}


def main() -> None:
    """Runs the scenarios that are short enough, and prints a row for each as it ends."""
    parser = argparse.ArgumentParser(description="Measures generate_dataset on a grid.")
    parser.add_argument("--quick", action="store_true", help="the short ones alone, in 2 minutes")
    is_quick = parser.parse_args().quick
    scenarios = grid()
    short = [scenario for scenario in scenarios if is_short(scenario, is_quick)]
    print(table_head(GRID_COLUMNS), flush=True)
    for scenario in short:
        for run in simulated(scenario):
            print(table_row(run, GRID_COLUMNS), flush=True)
    print()
    for scenario in scenarios:
        if scenario not in short:
            print(f"left out, {scenario.ideal_seconds:,.0f} s at best: {scenario.name}")


def grid() -> list[TargetedScenario]:
    """Lists what differs from a centre in one thing at most, by seeds, in flight and latency."""
    named = {each.name: each for centre in CENTRES for each in map(_named, _around(centre))}
    return sorted(named.values(), key=lambda each: (each.seeds, each.in_flight, each.latency_ms))


def is_short(scenario: TargetedScenario, is_quick: bool) -> bool:
    """Tells whether a scenario is one to be run."""
    if is_quick and scenario.seeds > QUICK_MOST_SEEDS:
        return False
    most_seconds = QUICK_MOST_SECONDS if is_quick else MOST_IDEAL_SECONDS
    return scenario.ideal_seconds <= most_seconds


def _around(centre: TargetedScenario) -> Iterator[TargetedScenario]:
    yield from (replace(centre, seeds=seeds) for seeds in SEEDS)
    yield from (replace(centre, in_flight=in_flight) for in_flight in IN_FLIGHT)
    yield from (replace(centre, latency_ms=latency_ms) for latency_ms in LATENCY_MS)


def _named(scenario: TargetedScenario) -> TargetedScenario:
    in_flight = min(scenario.in_flight, scenario.seeds)  # there is no more to be in flight
    name = f"{scenario.seeds:,} seeds, {in_flight} in flight, {scenario.latency_ms:,} ms"
    return replace(scenario, name=name, in_flight=in_flight)


if __name__ == "__main__":
    main()
