"""Compares the speed of `generate_dataset` with the ideal and with the way of Vellum's guide.

    python -m benchmarks.generate_speed [--scenario NAME] [--seeds AT_MOST]

Prints what was measured and which targets are reached; exit code 1 where one is missed. README.md
tells what it means.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.measuring import CALLS_PER_SEED
from benchmarks.running import (
    DUOLOGUE,
    GUIDE,
    Run,
    Scenario,
    Way,
    WayFailedError,
    run_way,
    table_head,
    table_row,
)
from tests.vellum_stand_in import stand_in_process

MOST_TIMES_SHORT = 1.15
"""Target: how much longer a seed may take in the long run than in the short one."""
MOST_MB_GROWTH = 60
"""Target: how much more memory the long run may take than the short one."""


@dataclass(frozen=True)
class TargetedScenario(Scenario):
    """What is simulated in which ways, and what Duologue must reach with it."""

    ways: tuple[Way, ...] = (GUIDE, DUOLOGUE)
    most_times_ideal: float | None = None
    least_times_as_fast: float | None = None
    """As the guide's way."""
    most_peak_mb: float | None = None


# Seeds in whole rounds of what is in flight: else the last round alone keeps from the ideal.
SCENARIOS = (
    TargetedScenario("64 at 1 s", 640, 64, 1000, most_times_ideal=1.1),
    TargetedScenario("64 at 200 ms", 1024, 64, 200, most_times_ideal=1.4),
    TargetedScenario("256 at 200 ms", 1024, 256, 200, least_times_as_fast=3),
    TargetedScenario(
        "256 at 200 ms, 10,000 seeds",
        10_000,
        256,
        200,
        ways=(DUOLOGUE,),
        most_times_ideal=1.6,
        most_peak_mb=400,
    ),
    TargetedScenario("512 at 200 ms", 4096, 512, 200, ways=(DUOLOGUE,), most_times_ideal=1.8),
    # A chatbot so quick that only Duologue's own work is left: whatever grows faster than the
    # seeds shows.
    TargetedScenario("short", 1000, 64, 50, ways=(DUOLOGUE,)),
    TargetedScenario("long", 5000, 64, 50, ways=(DUOLOGUE,)),
)


Runs = dict[tuple[str, str], Run]
"""By the names of scenario and way."""


def main() -> None:
    """Runs the scenarios asked for, prints the table and the targets."""
    runs: Runs = {}
    scenarios = _asked_for()
    print(table_head(), flush=True)
    for scenario in scenarios:
        for run in simulated(scenario):
            runs[scenario.name, run.way.name] = run
            print(table_row(run), flush=True)
    print()
    targets = list(_targets(scenarios, runs))
    for sentence, is_reached in targets:
        print(f"{'reached' if is_reached else 'MISSED'}: {sentence}")
    sys.exit(0 if all(is_reached for _, is_reached in targets) else 1)


def _asked_for() -> list[TargetedScenario]:
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(description="Compares the speed of generate_dataset.")
    parser.add_argument("--scenario", action="append", choices=names, help="may be repeated")
    parser.add_argument("--seeds", type=int, default=10**9, help="at most so many a scenario")
    arguments = parser.parse_args()
    return [
        replace(scenario, seeds=min(scenario.seeds, arguments.seeds))
        for scenario in SCENARIOS
        if scenario.name in (arguments.scenario or names)
    ]


def simulated(scenario: TargetedScenario) -> Iterator[Run]:
    """Simulates the same seeds in each way, one after the other, against one stand-in server.

    Raises:
        SystemExit: a process failed, a conversation is missing or invalid, or there were more or
            fewer calls than needed.
    """
    with stand_in_process(scenario.latency_ms, keep_log=False) as vellum_url:
        for way in scenario.ways:
            try:
                run = run_way(scenario, way, vellum_url)
            except WayFailedError as error:
                sys.exit(str(error))
            if not run.is_whole:
                sys.exit(
                    f"{scenario.name}: {way.name} made {run.measurement.valid} valid conversations "
                    f"with {run.calls} calls; expected {scenario.seeds} with "
                    f"{scenario.seeds * CALLS_PER_SEED}"
                )
            yield run


def _targets(scenarios: Sequence[TargetedScenario], runs: Runs) -> Iterator[tuple[str, bool]]:
    """Puts what must be reached in words, and tells whether it is."""
    for scenario in scenarios:
        name, run = scenario.name, runs[scenario.name, DUOLOGUE.name]
        if (most := scenario.most_times_ideal) is not None:
            times = run.times_ideal
            yield f"{name}: {times:.2f} times the ideal, at most {most}", times <= most
        if (most := scenario.most_peak_mb) is not None:
            peak = run.measurement.peak_mb
            yield f"{name}: a peak of {peak:.0f} MB, at most {most}", peak <= most
        if (least := scenario.least_times_as_fast) is not None:
            times = runs[name, GUIDE.name].measurement.seconds / run.measurement.seconds
            yield (
                f"{name}: {times:.1f} times as fast as the guide, at least {least}",
                times >= least,
            )
    if ("short", DUOLOGUE.name) in runs and ("long", DUOLOGUE.name) in runs:
        yield from _linear(runs["short", DUOLOGUE.name], runs["long", DUOLOGUE.name])


def _linear(short: Run, long: Run) -> Iterator[tuple[str, bool]]:
    """Tells whether time and memory grow with the seeds as they should."""
    seeds = f"{long.scenario.seeds} seeds against {short.scenario.seeds}"
    times = long.seconds_a_seed / short.seconds_a_seed
    yield (
        f"{seeds}: {times:.2f} times the time a seed, at most {MOST_TIMES_SHORT}",
        (times <= MOST_TIMES_SHORT),
    )
    growth = long.measurement.peak_mb - short.measurement.peak_mb
    yield f"{seeds}: {growth:.0f} MB more, less than {MOST_MB_GROWTH}", growth < MOST_MB_GROWTH


if __name__ == "__main__":
    main()
