"""Measures how long `duologue generate` takes for three seeds, most of which is start-up.

    python -m benchmarks.start_up [--against DUOLOGUE]

Prefect's folder is new in each run. `--against` names the command `duologue` of another version;
both then run in turns, because a machine is faster in one minute than in the next. Prints what was
measured and whether the target is reached; exit code 1 if it is missed.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.running import AS_INSTALLED, check_installed

SEEDS = Path("datasets/seed_user_messages.csv").absolute()
MOST_SECONDS = 6
"""Target: the median of the runs, on two idle cores."""
RUNS = 5


class Cost(NamedTuple):
    """What a command took, its Prefect server included."""

    seconds: float
    cpu_seconds: float


def main() -> None:
    """Runs the command some times, prints the figures and the target."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--against", type=Path, help="the command of another version")
    against = parser.parse_args().against
    check_installed()
    commands = [AS_INSTALLED.with_name("duologue"), *([against.absolute()] if against else [])]
    runs = [[_cost(command) for command in commands] for _ in range(RUNS)]
    costs = [_median(list(of_command)) for of_command in zip(*runs, strict=True)]
    for command, cost in zip(commands, costs, strict=True):
        print(f"{command}: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU in the median")
    if against:
        ratios = (mine / other for mine, other in zip(*costs, strict=True))
        print("{:.2f} times its time, {:.2f} times its CPU".format(*ratios))
    is_reached = costs[0].seconds <= MOST_SECONDS
    verdict = "reached" if is_reached else "MISSED"
    print(f"{verdict}: {costs[0].seconds:.1f} s for three seeds, at most {MOST_SECONDS}")
    sys.exit(0 if is_reached else 1)


def _median(costs: list[Cost]) -> Cost:
    return Cost(*map(statistics.median, zip(*costs, strict=True)))


def _cost(command: Path) -> Cost:
    with TemporaryDirectory() as folder:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        before, started_at = _cpu_seconds(), time.monotonic()
        subprocess.run(
            [command, "generate", SEEDS, "--turns", "3"],
            cwd=folder,
            env={**inherited, "PREFECT_HOME": f"{folder}/prefect"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return Cost(time.monotonic() - started_at, _cpu_seconds() - before)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
