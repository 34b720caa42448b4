"""Tells where a run's CPU time goes: the Vellum SDK, Prefect, Duologue.

    python -m benchmarks.cpu_split [--cross-check] [--seeds AT_MOST]

Prints milliseconds of CPU a seed, one column for each scenario. README.md tells how it is measured.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmarks import cpu_samples, cpu_way
from benchmarks.cpu_samples import Part
from benchmarks.cpu_way import LATENCY_MS, CpuMeasurement, Way
from benchmarks.running import Scenario, environment, fresh_folder, printed_by, table_line
from tests.support.prefect_processes import PrefectServer, prefect_server
from tests.support.vellum_stand_in import stand_in_process

SAMPLES_A_SECOND = 100
"""With 200 of them a run computed a seventh more than by itself."""

DRAINED_CORES = 0.05
"""Prefect's server, which computes a little also where nothing runs, has recorded everything when
it takes no more than this."""
SECONDS_BETWEEN_LOOKS = 3
MOST_LOOKS = 40


@dataclass(frozen=True)
class TaskRunScenario(Scenario):
    """What is simulated, and how many conversations share a task run."""

    per_task_run: int


SCENARIOS = (
    TaskRunScenario("a task run a seed", 1000, in_flight=64, latency_ms=200, per_task_run=1),
    TaskRunScenario("25 share a task run", 2000, in_flight=256, latency_ms=200, per_task_run=25),
)


@dataclass(frozen=True)
class Split:
    """Milliseconds of CPU a seed."""

    parts: dict[Part, float]
    """Of the process that runs the flow."""
    garbage: float
    """What of them the garbage collector took; it counts for those who made it run."""
    server: float
    """Of Prefect's server, until it has recorded everything."""
    differences: dict[Part, float]
    """What a run without it takes less; empty where that was not asked for."""

    @property
    def process(self) -> float:
        """All parts together, as the operating system counts them."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Place:
    """Where the ways of a scenario run, one after the other."""

    scenario: TaskRunScenario
    vellum_url: str
    server: PrefectServer

    def run(self, way: Way, *profiler: str) -> CpuMeasurement:
        """Simulates the scenario's seeds in a process and a folder of its own.

        Args:
            way: what is left out.
            profiler: a command that takes the process's as its last arguments.

        Raises:
            SystemExit: the process failed, or a conversation is missing or invalid.
        """
        scenario = self.scenario
        folder = fresh_folder()
        seeds_file, result_file = folder / "seeds.csv", folder / "result.json"
        seeds_file.write_text(
            "".join(f"Where is my order number {n}?\n" for n in range(1, scenario.seeds + 1))
        )
        numbers = [str(scenario.in_flight), str(scenario.per_task_run)]
        arguments = [way, str(seeds_file), *numbers, str(result_file)]
        printed = printed_by(
            [*profiler, sys.executable, "-m", cpu_way.__name__, *arguments],
            {
                **environment(self.vellum_url, prefect_home=folder / "prefect"),
                "PREFECT_API_URL": self.server.api_url,
                LATENCY_MS: str(scenario.latency_ms),
            },
        )
        if not result_file.exists():
            sys.exit(f"{scenario.name}: {way} failed:\n{printed[-5000:]}")
        measurement = CpuMeasurement(**json.loads(result_file.read_text()))
        if measurement.valid != scenario.seeds:
            sys.exit(
                f"{scenario.name}: {way} made {measurement.valid} valid conversations; expected "
                f"{scenario.seeds}"
            )
        return measurement

    def server_seconds(self) -> float:
        """Waits until Prefect's server has recorded everything, and tells what it computed so far.

        Raises:
            SystemExit: it does not get to its end.
        """
        seconds = _cpu_seconds(self.server.process.pid)
        for _ in range(MOST_LOOKS):
            time.sleep(SECONDS_BETWEEN_LOOKS)
            before, seconds = seconds, _cpu_seconds(self.server.process.pid)
            if seconds - before <= DRAINED_CORES * SECONDS_BETWEEN_LOOKS:
                return seconds
        sys.exit(f"Prefect's server computes still after {MOST_LOOKS * SECONDS_BETWEEN_LOOKS} s")


def main() -> None:
    """Runs both scenarios and prints the tables."""
    parser = argparse.ArgumentParser(description="Tells where a run's CPU time goes.")
    parser.add_argument("--seeds", type=int, default=10**9, help="at most so many a scenario")
    parser.add_argument(
        "--cross-check", action="store_true", help="also runs without the SDK and without Prefect"
    )
    options = parser.parse_args()
    scenarios = [
        replace(scenario, seeds=min(scenario.seeds, options.seeds)) for scenario in SCENARIOS
    ]
    py_spy = _py_spy()
    splits = [split(scenario, py_spy, options.cross_check) for scenario in scenarios]
    print("\n".join(_table(scenarios, splits)))
    if options.cross_check:
        print("", *_cross_check(scenarios, splits), sep="\n")


def split(scenario: TaskRunScenario, py_spy: str, is_cross_checked: bool) -> Split:
    """Runs a scenario once by itself, for what it takes, and once sampled, for whose that is."""
    with _place(scenario) as place:
        server_before = place.server_seconds()
        whole = place.run(Way.WHOLE)
        server_after = place.server_seconds()
        sampled, samples = _sampled(place, py_spy)
        without = {
            part: place.run(way).cpu_seconds
            for part, way in ((Part.SDK, Way.WITHOUT_SDK), (Part.PREFECT, Way.WITHOUT_PREFECT))
            if is_cross_checked
        }

    def a_seed(seconds: float) -> float:
        return seconds / scenario.seeds * 1000

    parts = cpu_samples.split(
        samples,
        Path(cpu_way.__file__),
        "work",
        but_not=cpu_way.NOTE,
        main_seconds=whole.main_thread_seconds,
        other_seconds=whole.cpu_seconds - whole.main_thread_seconds,
    )
    return Split(
        {part: a_seed(seconds) for part, seconds in parts.items()},
        a_seed(sampled.garbage_seconds / sampled.cpu_seconds * whole.cpu_seconds),
        a_seed(server_after - server_before),
        {part: a_seed(whole.cpu_seconds - seconds) for part, seconds in without.items()},
    )


@contextmanager
def _place(scenario: TaskRunScenario) -> Iterator[Place]:
    with (
        stand_in_process(scenario.latency_ms, keep_log=False) as vellum_url,
        prefect_server(fresh_folder()) as server,
    ):
        yield Place(scenario, vellum_url, server)


def _sampled(place: Place, py_spy: str) -> tuple[CpuMeasurement, str]:
    raw_file = fresh_folder() / "samples.txt"
    # Who holds the interpreter's lock computes. Asked which threads run, py-spy finds some that
    # wait.
    measurement = place.run(
        Way.WHOLE,
        *(py_spy, "record", "--gil", "--full-filenames"),
        *("--rate", str(SAMPLES_A_SECOND), "--format", "raw", "--output", str(raw_file), "--"),
    )
    return measurement, raw_file.read_text()


def _py_spy() -> str:
    """Finds the profiler, in the environment of this Python first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("py-spy", path=path)
    if found is None:
        sys.exit("py-spy is not installed; `make .venv/dev` installs it with all else")
    return found


def _cpu_seconds(pid: int) -> float:
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _table(scenarios: Sequence[TaskRunScenario], splits: Sequence[Split]) -> Iterator[str]:
    yield from _head("CPU ms a seed", scenarios)
    for part in Part:
        yield _line(part, [each.parts[part] for each in splits])
    yield _line("**the process that runs the flow**", [each.process for each in splits])
    yield _line("of which garbage collection", [each.garbage for each in splits])
    yield _line("**Prefect's server**", [each.server for each in splits])


def _cross_check(scenarios: Sequence[TaskRunScenario], splits: Sequence[Split]) -> Iterator[str]:
    yield from _head("CPU ms a seed", scenarios)
    for part in (Part.SDK, Part.PREFECT):
        yield _line(f"{part}, sampled", [each.parts[part] for each in splits])
        yield _line(f"{part}, by difference", [each.differences[part] for each in splits])


def _head(title: str, scenarios: Sequence[TaskRunScenario]) -> Iterator[str]:
    yield table_line([title, *(_name(scenario) for scenario in scenarios)])
    yield table_line(["---"] * (1 + len(scenarios)))


def _name(scenario: TaskRunScenario) -> str:
    return (
        f"{scenario.name}: {scenario.seeds} seeds, {scenario.in_flight} in flight, "
        f"{scenario.latency_ms} ms"
    )


def _line(title: str, milliseconds: Sequence[float]) -> str:
    return table_line([title, *(f"{each:.1f}" for each in milliseconds)])


if __name__ == "__main__":
    main()
