"""Compares the speed of `generate_dataset` with the ideal and with the way of Vellum's guide.

    python -m benchmarks.generate_speed [--scenario NAME] [--seeds AT_MOST]

Prints what was measured and which targets are reached; exit code 1 where one is missed. README.md
tells what it means.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.running import (
    DUOLOGUE,
    GUIDE,
    Run,
    Scenario,
    Way,
    WayFailedError,
    asked_for,
    run_way,
    table_head,
    table_row,
)
from tests.support.vellum_stand_in import stand_in_process

GUIDE_SEEDS = 1024
"""So many the guide's way simulates at most: of 10,000, ten minutes would show nothing else."""
MOST_TIMES_256 = 1.1
"""Target: how much longer a seed may take with 512 in flight than with 256. One process cannot
compute more, but must not do worse."""
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
    """As the guide's way, by the time a seed."""
    most_peak_mb: float | None = None
    most_resume_seconds: float | None = None


IN_FLIGHT_256, IN_FLIGHT_512 = "256 at 200 ms, 10,000 seeds", "512 at 200 ms, 10,000 seeds"
SHORT, LONG = "short", "long"
"""Those that are compared with each other."""

# Seeds in whole rounds of what is in flight: else the last round alone keeps from the ideal.
SCENARIOS = (
    TargetedScenario("64 at 1 s", 640, 64, 1000, most_times_ideal=1.1),
    TargetedScenario("64 at 200 ms", 1024, 64, 200, most_times_ideal=1.4),
    TargetedScenario("256 at 200 ms", 1024, 256, 200, least_times_as_fast=3),
    TargetedScenario(
        IN_FLIGHT_256,
        10_000,
        256,
        200,
        most_times_ideal=1.6,
        least_times_as_fast=8,
        most_peak_mb=400,
        most_resume_seconds=20,
    ),
    TargetedScenario(IN_FLIGHT_512, 10_000, 512, 200, ways=(DUOLOGUE,)),
    # A chatbot so quick that only Duologue's own work is left: whatever grows faster than the
    # seeds shows.
    TargetedScenario(SHORT, 1000, 64, 50, ways=(DUOLOGUE,)),
    TargetedScenario(LONG, 5000, 64, 50, ways=(DUOLOGUE,)),
)


Runs = dict[tuple[str, str], Run]
"""By the names of scenario and way."""


def main() -> None:
    """Runs the scenarios asked for, prints the table and the targets."""
    runs: Runs = {}
    scenarios = asked_for(SCENARIOS, "Compares the speed of generate_dataset.")
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


def simulated(scenario: TargetedScenario) -> Iterator[Run]:
    """Simulates the seeds in each way, one after the other, against one stand-in server.

    Raises:
        SystemExit: a process failed, a conversation is missing or invalid, or there were more or
            fewer calls than needed.
    """
    with stand_in_process(scenario.latency_ms, keep_log=False) as vellum_url:
        for way in scenario.ways:
            most = GUIDE_SEEDS if way is GUIDE else scenario.seeds
            asked = replace(scenario, seeds=min(most, scenario.seeds))
            try:
                run = run_way(asked, way, vellum_url)
            except WayFailedError as error:
                sys.exit(str(error))
            if run.loss:
                sys.exit(run.loss)
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
        if (most := scenario.most_resume_seconds) is not None:
            seconds = run.measurement.resume_seconds or 0
            yield f"{name}: resumed in {seconds:.1f} s, at most {most}", seconds <= most
        if (least := scenario.least_times_as_fast) is not None:
            times = runs[name, GUIDE.name].seconds_a_seed / run.seconds_a_seed
            yield (
                f"{name}: {times:.1f} times as fast as the guide, at least {least}",
                times >= least,
            )
    ours = {name: run for (name, way), run in runs.items() if way == DUOLOGUE.name}
    if {IN_FLIGHT_256, IN_FLIGHT_512} <= ours.keys():
        times = ours[IN_FLIGHT_512].seconds_a_seed / ours[IN_FLIGHT_256].seconds_a_seed
        yield (
            f"512 in flight against 256: {times:.2f} times the time a seed, at most "
            f"{MOST_TIMES_256}",
            times <= MOST_TIMES_256,
        )
    if {SHORT, LONG} <= ours.keys():
        yield from _linear(ours[SHORT], ours[LONG])


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
