"""Compares the speed of `generate_dataset` with the ideal and with the way of Vellum's guide.

    python -m benchmarks.generate_speed [--scenario NAME] [--seeds AT_MOST]

Prints what was measured and which targets are reached; exit code 1 where one is missed. README.md
tells what it means.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import CALLS_PER_SEED, REPOSITORY, Measurement, calls_of, environment
from tests.vellum_stand_in import stand_in_process

GUIDE, DUOLOGUE = "guide_way", "duologue_way"
"""The ways; each is a module of this package, to be run as a process."""

MOST_TIMES_SHORT = 1.15
"""Target: how much longer a seed may take in the long run than in the short one."""
MOST_MB_GROWTH = 60
"""Target: how much more memory the long run may take than the short one."""


@dataclass(frozen=True)
class Scenario:
    """What is simulated, how, and what Duologue must reach with it."""

    name: str
    seeds: int
    in_flight: int
    latency_ms: int
    ways: tuple[str, ...] = (GUIDE, DUOLOGUE)
    most_times_ideal: float | None = None
    least_times_as_fast: float | None = None
    """As the guide's way."""
    most_peak_mb: float | None = None

    @property
    def ideal_seconds(self) -> float:
        """How long the calls alone take, with all that may be in flight in flight all the time."""
        calls_in_a_row = self.seeds * CALLS_PER_SEED / min(self.in_flight, self.seeds)
        return calls_in_a_row * self.latency_ms / 1000


# Seeds in whole rounds of what is in flight: else the last round alone keeps from the ideal.
SCENARIOS = (
    Scenario("64 at 1 s", 640, 64, 1000, most_times_ideal=1.1),
    Scenario("64 at 200 ms", 1024, 64, 200, most_times_ideal=1.4),
    Scenario("256 at 200 ms", 1024, 256, 200, least_times_as_fast=3),
    Scenario(
        "256 at 200 ms, 10,000 seeds",
        10_000,
        256,
        200,
        ways=(DUOLOGUE,),
        most_times_ideal=1.6,
        most_peak_mb=400,
    ),
    Scenario("512 at 200 ms", 4096, 512, 200, ways=(DUOLOGUE,), most_times_ideal=1.8),
    # A chatbot so quick that only Duologue's own work is left: whatever grows faster than the
    # seeds shows.
    Scenario("short", 1000, 64, 50, ways=(DUOLOGUE,)),
    Scenario("long", 5000, 64, 50, ways=(DUOLOGUE,)),
)


@dataclass(frozen=True)
class Run:
    """How one way fared in one scenario."""

    scenario: Scenario
    way: str
    start_up_seconds: float
    measurement: Measurement

    @property
    def times_ideal(self) -> float:
        """How many times as long as the ideal it took."""
        return self.measurement.seconds / self.scenario.ideal_seconds

    @property
    def seconds_a_seed(self) -> float:
        """The time on the wall, shared among the seeds."""
        return self.measurement.seconds / self.scenario.seeds


def main() -> None:
    """Runs the scenarios asked for, prints the table and the targets."""
    runs: dict[tuple[str, str], Run] = {}
    print("\n".join(_table_head()), flush=True)
    for scenario in _asked_for():
        for run in simulated(scenario):
            runs[scenario.name, run.way] = run
            print(_table_row(run), flush=True)
    print()
    targets = list(_targets(runs))
    for sentence, is_reached in targets:
        print(f"{'reached' if is_reached else 'MISSED'}: {sentence}")
    sys.exit(0 if all(is_reached for _, is_reached in targets) else 1)


def _asked_for() -> list[Scenario]:
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


def simulated(scenario: Scenario) -> Iterator[Run]:
    """Simulates the same seeds in each way, one after the other, against one stand-in server."""
    with stand_in_process(scenario.latency_ms, keep_log=False) as vellum_url:
        for way in scenario.ways:
            yield _run(scenario, way, vellum_url)


def _run(scenario: Scenario, way: str, vellum_url: str) -> Run:
    """Simulates a scenario in a process and a folder of its own.

    Raises:
        SystemExit: the process failed, a conversation is missing or invalid, or there were more
            or fewer calls than needed.
    """
    calls_before, started_at = calls_of(vellum_url), time.time()
    with TemporaryDirectory() as folder:
        seeds_file, result_file = Path(folder, "seeds.csv"), Path(folder, "result.json")
        seeds_file.write_text(
            "".join(f"Where is my order number {n}?\n" for n in range(1, scenario.seeds + 1))
        )
        arguments = [str(seeds_file), str(scenario.in_flight), str(result_file)]
        process = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{way}", *arguments],
            cwd=REPOSITORY,  # where Prefect finds prefect.toml
            env=environment(vellum_url, prefect_home=Path(folder, "prefect")),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if not result_file.exists():
            sys.exit(f"{scenario.name}: {way} failed:\n{process.stdout[-5000:]}")
        measurement = Measurement.load(result_file)
    calls = calls_of(vellum_url) - calls_before
    if (measurement.valid, calls) != (scenario.seeds, scenario.seeds * CALLS_PER_SEED):
        sys.exit(
            f"{scenario.name}: {way} made {measurement.valid} valid conversations with {calls} "
            f"calls; expected {scenario.seeds} with {scenario.seeds * CALLS_PER_SEED}"
        )
    return Run(scenario, way, measurement.began_at - started_at, measurement)


def _targets(runs: dict[tuple[str, str], Run]) -> Iterator[tuple[str, bool]]:
    """Puts what must be reached in words, and tells whether it is."""
    for run in runs.values():
        name, scenario = run.scenario.name, run.scenario
        if run.way != DUOLOGUE:
            continue
        if (most := scenario.most_times_ideal) is not None:
            times = run.times_ideal
            yield f"{name}: {times:.2f} times the ideal, at most {most}", times <= most
        if (most := scenario.most_peak_mb) is not None:
            peak = run.measurement.peak_mb
            yield f"{name}: a peak of {peak:.0f} MB, at most {most}", peak <= most
        if (least := scenario.least_times_as_fast) is not None:
            times = runs[name, GUIDE].measurement.seconds / run.measurement.seconds
            yield (
                f"{name}: {times:.1f} times as fast as the guide, at least {least}",
                times >= least,
            )
    if ("short", DUOLOGUE) in runs and ("long", DUOLOGUE) in runs:
        yield from _linear(runs["short", DUOLOGUE], runs["long", DUOLOGUE])


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


def _table_head() -> Iterable[str]:
    headings = (
        "scenario",
        "seeds",
        "in flight",
        "latency ms",
        "way",
        "seconds",
        "ideal",
        "times ideal",
        "CPU ms a seed",
        "peak MB",
        "start-up s",
        "resume s",
    )
    return _line(headings), _line(["---"] * len(headings))


def _table_row(run: Run) -> str:
    scenario, measurement = run.scenario, run.measurement
    return _line(
        (
            scenario.name,
            str(scenario.seeds),
            str(scenario.in_flight),
            str(scenario.latency_ms),
            run.way.removesuffix("_way"),
            f"{measurement.seconds:.1f}",
            f"{scenario.ideal_seconds:.1f}",
            f"{run.times_ideal:.2f}",
            f"{measurement.cpu_seconds / scenario.seeds * 1000:.1f}",
            f"{measurement.peak_mb:.0f}",
            f"{run.start_up_seconds:.1f}",
            "" if measurement.resume_seconds is None else f"{measurement.resume_seconds:.1f}",
        )
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
