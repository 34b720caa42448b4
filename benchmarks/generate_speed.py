"""Compares the speed of `generate_dataset` with the ideal and with the way of Vellum's guide.

    python -m benchmarks.generate_speed [--scenario NAME ...] [--seeds NUMBER]

Prints what was measured, and which targets are reached; exit code 1 where one is not. See README.md.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import CALLS_PER_SEED, Measurement
from tests.vellum_stand_in import stand_in_process

REPOSITORY = Path(__file__).parent.parent

LINEAR_TIMES = 1.15
"""The most that a seed may take longer in the long run than in the short one."""
LINEAR_MB = 60
"""The most memory that the long run may hold beyond the short one's."""


@dataclass(frozen=True)
class Scenario:
    """What is simulated."""

    name: str
    seeds: int
    in_flight: int
    latency_ms: int
    most_times_ideal: float | None = None
    """Target: how much longer than the ideal Duologue may take."""
    least_times_guide: float | None = None
    """Target: how many times as fast as the guide's way Duologue must be."""
    with_guide: bool = True

    @property
    def ideal_seconds(self) -> float:
        """How long the calls alone take, with as many in flight as allowed all the time."""
        calls = self.seeds * CALLS_PER_SEED
        return calls * self.latency_ms / 1000 / min(self.in_flight, self.seeds)


# Seeds in whole rounds of what is in flight, so that the ideal could be reached.
SCENARIOS = (
    Scenario("64-at-1s", 640, 64, 1000, most_times_ideal=1.1),
    Scenario("64-at-200ms", 1024, 64, 200, most_times_ideal=1.4),
    Scenario("256-at-200ms", 1024, 256, 200, least_times_guide=3),
    # So quick a chatbot that Duologue's own work decides: what grows faster than the seeds shows.
    Scenario("short", 1000, 64, 50, with_guide=False),
    Scenario("long", 5000, 64, 50, with_guide=False),
)


@dataclass(frozen=True)
class Run:
    """How one way fared in one scenario."""

    scenario: Scenario
    start_up_seconds: float
    measurement: Measurement

    @property
    def times_ideal(self) -> float:
        """How many times the ideal it took."""
        return self.measurement.seconds / self.scenario.ideal_seconds

    @property
    def seconds_per_seed(self) -> float:
        """How long it took for each seed, by the clock on the wall."""
        return self.measurement.seconds / self.scenario.seeds


@dataclass(frozen=True)
class Result:
    """How both ways fared in one scenario."""

    scenario: Scenario
    guide: Run | None
    duologue: Run

    @property
    def times_guide(self) -> float | None:
        """How many times as fast as the guide's way Duologue was."""
        if self.guide is None:
            return None
        return self.guide.measurement.seconds / self.duologue.measurement.seconds


def main() -> None:
    """Runs the scenarios asked for, prints the table and the targets."""
    scenarios = _asked_for()
    print("\n".join(_table_head()))
    results = []
    for scenario in scenarios:
        results.append(run_scenario(scenario))
        print(_table_row(results[-1]), flush=True)
    print()
    targets = [target for result in results for target in _targets(result)] + _linear(results)
    for sentence, reached in targets:
        print(f"{'reached ' if reached else 'MISSED  '}  {sentence}")
    sys.exit(0 if all(reached for _, reached in targets) else 1)


def _asked_for() -> list[Scenario]:
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--scenario", action="append", choices=names, help="may be repeated")
    parser.add_argument("--seeds", type=int, help="instead of the scenario's own number")
    arguments = parser.parse_args()
    wanted = arguments.scenario or names
    return [
        replace(scenario, seeds=arguments.seeds or scenario.seeds)
        for scenario in SCENARIOS
        if scenario.name in wanted
    ]


def run_scenario(scenario: Scenario) -> Result:
    """Simulates the same seeds both ways, one after the other, against the same stand-in server."""
    with stand_in_process(scenario.latency_ms, keep_log=False) as vellum_url:
        guide = run("guide_way", scenario, vellum_url) if scenario.with_guide else None
        return Result(scenario, guide, run("duologue_way", scenario, vellum_url))


def run(way: str, scenario: Scenario, vellum_url: str) -> Run:
    """Simulates a scenario one way, in a process and a folder of its own.

    Raises:
        SystemExit: the process failed, a conversation is missing or invalid, or calls were made
            more or less often than needed.
    """
    with TemporaryDirectory() as folder:
        seeds_file, result_file = Path(folder, "seeds.csv"), Path(folder, "result.json")
        seeds_file.write_text(
            "".join(f"Where is my order number {n}?\n" for n in range(1, scenario.seeds + 1))
        )
        requests_before = _requests(vellum_url)
        started_at = time.time()
        process = subprocess.run(
            [
                sys.executable, "-m", f"benchmarks.{way}",
                str(seeds_file), str(scenario.in_flight), str(result_file),
            ],
            cwd=REPOSITORY,  # where Prefect finds prefect.toml
            env=_environment(vellum_url, prefect_home=Path(folder, "prefect")),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        if not result_file.exists():
            sys.exit(f"{scenario.name}: {way} failed:\n{process.stdout[-5000:]}")
        measurement = Measurement.load(result_file)
    calls = _requests(vellum_url) - requests_before
    if (measurement.valid, calls) != (scenario.seeds, scenario.seeds * CALLS_PER_SEED):
        sys.exit(
            f"{scenario.name}: {way} made {measurement.valid} valid conversations with {calls} "
            f"calls; expected {scenario.seeds} with {scenario.seeds * CALLS_PER_SEED}"
        )
    return Run(scenario, measurement.began_at - started_at, measurement)


def _environment(vellum_url: str, prefect_home: Path) -> dict[str, str]:
    """A machine on which nobody has used Prefect before."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "VELLUM_"))}
    return {
        **inherited,
        "PREFECT_HOME": str(prefect_home),
        "VELLUM_API_URL": vellum_url,
        "VELLUM_API_KEY": "no-key-is-needed",
    }


def _requests(vellum_url: str) -> int:
    with urllib.request.urlopen(f"{vellum_url}/_control/totals") as answer:
        return int(json.load(answer)["requests"])


def _targets(result: Result) -> list[tuple[str, bool]]:
    """What the scenario's targets ask, in words, and whether they are reached."""
    scenario, targets = result.scenario, []
    if (most := scenario.most_times_ideal) is not None:
        times = result.duologue.times_ideal
        sentence = f"{scenario.name}: {times:.2f} times the ideal, at most {most}"
        targets.append((sentence, times <= most))
    least, times_guide = scenario.least_times_guide, result.times_guide
    if least is not None and times_guide is not None:
        sentence = f"{scenario.name}: {times_guide:.1f} times as fast as the guide, at least {least}"
        targets.append((sentence, times_guide >= least))
    return targets


def _linear(results: Sequence[Result]) -> list[tuple[str, bool]]:
    """Whether time and memory grow as they should from the short to the long run."""
    runs = {result.scenario.name: result.duologue for result in results}
    if not {"short", "long"} <= runs.keys():
        return []
    short, long = runs["short"], runs["long"]
    seeds = f"{long.scenario.seeds} seeds against {short.scenario.seeds}"
    times = long.seconds_per_seed / short.seconds_per_seed
    more_mb = long.measurement.peak_mb - short.measurement.peak_mb
    return [
        (f"{seeds}: {times:.2f} times as long a seed, at most {LINEAR_TIMES}", times <= LINEAR_TIMES),
        (f"{seeds}: {more_mb:.0f} MB more, less than {LINEAR_MB}", more_mb < LINEAR_MB),
    ]


def _table_head() -> list[str]:
    columns = (
        "scenario", "seeds", "in flight", "latency ms", "ideal s", "guide s", "Duologue s",
        "times as fast", "guide CPU ms a seed", "Duologue CPU ms a seed", "guide MB",
        "Duologue MB", "start-up s",
    )  # fmt: skip
    return [_line(columns), "|---" + "|---:" * (len(columns) - 1) + "|"]


def _table_row(result: Result) -> str:
    scenario, guide, duologue = result.scenario, result.guide, result.duologue
    times_guide = result.times_guide
    return _line(
        (
            scenario.name,
            str(scenario.seeds),
            str(scenario.in_flight),
            str(scenario.latency_ms),
            f"{scenario.ideal_seconds:.1f}",
            _seconds(guide),
            _seconds(duologue),
            f"{times_guide:.1f}" if times_guide else "",
            _cpu_ms(guide),
            _cpu_ms(duologue),
            _mb(guide),
            _mb(duologue),
            f"{duologue.start_up_seconds:.1f}",
        )
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _seconds(run: Run | None) -> str:
    return f"{run.measurement.seconds:.1f} ({run.times_ideal:.2f})" if run else ""


def _cpu_ms(run: Run | None) -> str:
    return f"{run.measurement.cpu_seconds / run.scenario.seeds * 1000:.1f}" if run else ""


def _mb(run: Run | None) -> str:
    return f"{run.measurement.peak_mb:.0f}" if run else ""


if __name__ == "__main__":
    main()
