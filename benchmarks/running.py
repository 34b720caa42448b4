"""Runs the ways that are compared, each in a process of its own, and puts them in a table."""

import argparse
import functools
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TypeVar

from benchmarks.measuring import CALLS_PER_SEED, TURNS, Measurement, Said
from duologue.cli.local_run import PREFECT_DEFAULTS
from duologue.conversation.messages import EndReason, EndsWith, Message, Role
from duologue.validation.check import check_messages
from duologue.validation.rule import Expectations

REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class Scenario:
    """What is simulated, and how."""

    name: str
    seeds: int
    in_flight: int
    latency_ms: int

    @property
    def ideal_seconds(self) -> float:
        """How long the calls alone take, with all that may be in flight in flight all the time."""
        calls_in_a_row = self.seeds * CALLS_PER_SEED / min(self.in_flight, self.seeds)
        return calls_in_a_row * self.latency_ms / 1000


Asked = TypeVar("Asked", bound=Scenario)


@dataclass(frozen=True)
class Way:
    """A way to simulate all seeds of a file: a module that is run as a process.

    Its arguments are the seed file, how many conversations may be in flight, and the file for what
    it measured.
    """

    name: str
    module: str
    python: str = sys.executable
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further environment variables."""


AS_INSTALLED = REPOSITORY / ".venv" / "as-installed" / "bin" / "python"
"""Of an environment with what users install, and nothing that only development needs: pyarrow
imports pandas wherever that is, which takes 40 MB and a quarter of a second."""

GUIDE = Way("guide", "benchmarks.guide_way")
DUOLOGUE = Way("duologue", "benchmarks.duologue_way", str(AS_INSTALLED))


@dataclass(frozen=True)
class Run:
    """How one way fared in one scenario."""

    scenario: Scenario
    way: Way
    start_up_seconds: float
    calls: int
    measurement: Measurement

    @property
    def is_whole(self) -> bool:
        """Whether every seed became a valid conversation, with no more calls than needed."""
        seeds = self.scenario.seeds
        return (self.measurement.valid, self.calls) == (seeds, seeds * CALLS_PER_SEED)

    @property
    def loss(self) -> str | None:
        """What it lacks, in a sentence; None where it is whole."""
        if self.is_whole:
            return None
        seeds = self.scenario.seeds
        return (
            f"{self.scenario.name}: {self.way.name} made {self.measurement.valid} valid "
            f"conversations with {self.calls} calls; expected {seeds} with {seeds * CALLS_PER_SEED}"
        )

    @property
    def times_ideal(self) -> float:
        """How many times as long as the ideal it took."""
        return self.measurement.seconds / self.scenario.ideal_seconds

    @property
    def seconds_a_seed(self) -> float:
        """The time on the wall, shared among the seeds."""
        return self.measurement.seconds / self.scenario.seeds


class WayFailedError(Exception):
    """A way ended without a result; the text is the end of what it printed."""


def run_way(
    scenario: Scenario, way: Way, vellum_url: str, timeout_seconds: float | None = None
) -> Run:
    """Simulates a scenario in a process and a folder of its own.

    Raises:
        WayFailedError: the process failed, or took longer than the timeout.
    """
    if way is DUOLOGUE:
        check_installed()
    calls_before, started_at = calls_of(vellum_url), time.time()
    messages = [f"Where is my order number {n}?" for n in range(1, scenario.seeds + 1)]
    folder = fresh_folder()
    seeds_file, result_file = folder / "seeds.csv", folder / "result.json"
    seeds_file.write_text("".join(f"{message}\n" for message in messages))
    printed = printed_by(
        [way.python, "-m", way.module, str(seeds_file), str(scenario.in_flight), result_file],
        {**environment(vellum_url, prefect_home=folder / "prefect"), **way.settings},
        timeout_seconds,
    )
    if not result_file.exists():
        raise WayFailedError(f"{scenario.name}: {way.name} failed:\n{printed[-5000:]}")
    measurement = Measurement.load(result_file)
    if measurement.conversations:
        measurement.valid = sum(map(is_valid, measurement.conversations, messages))
    calls = calls_of(vellum_url) - calls_before
    return Run(scenario, way, measurement.began_at - started_at, calls, measurement)


def fresh_folder() -> Path:
    """Makes a folder that stays until all has been measured.

    Where a file was deleted, ext4 takes up to thirty times as long to create others for minutes:
    it passes over inodes that were in use just now (`recently_deleted` in Linux's
    fs/ext4/ialloc.c). A run would be slower for the runs before it. What those have written is on
    the disk when this returns, for the same reason.
    """
    os.sync()
    return Path(mkdtemp(dir=_folder_of_all().name))


@functools.cache
def _folder_of_all() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="duologue-benchmark-")


def printed_by(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    timeout_seconds: float | None = None,
) -> str:
    """Runs a process to its end, or its timeout, and gives all that it printed."""
    try:
        return subprocess.run(
            command,
            cwd=REPOSITORY,  # where Prefect finds prefect.toml
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_seconds,
        ).stdout
    except subprocess.TimeoutExpired as error:
        return str(error)


def asked_for(scenarios: Sequence[Asked], description: str) -> list[Asked]:
    """Chooses scenarios by the command line's options, and bounds their seeds."""
    names = [scenario.name for scenario in scenarios]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--scenario", action="append", choices=names, help="may be repeated")
    parser.add_argument("--seeds", type=int, default=10**9, help="at most so many a scenario")
    arguments = parser.parse_args()
    return [
        replace(scenario, seeds=min(scenario.seeds, arguments.seeds))
        for scenario in scenarios
        if scenario.name in (arguments.scenario or names)
    ]


def check_installed() -> None:
    """Checks that there is an environment to measure Duologue in.

    Raises:
        SystemExit: there is none.
    """
    if not AS_INSTALLED.exists():
        sys.exit(f"{AS_INSTALLED} is missing; run `make .venv/as-installed/ready`")


def environment(vellum_url: str, prefect_home: Path) -> dict[str, str]:
    """The environment that the command line makes, for somebody who is new to Prefect."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "VELLUM_"))}
    return {
        **inherited,
        **PREFECT_DEFAULTS,
        "PREFECT_HOME": str(prefect_home),
        "VELLUM_API_URL": vellum_url,
        "VELLUM_API_KEY": "any",
    }


def calls_of(vellum_url: str) -> int:
    """How many calls the stand-in was sent so far."""
    with urllib.request.urlopen(f"{vellum_url}/_control/totals") as answer:
        return int(json.load(answer)["requests"])


def is_valid(said: Said, seed_message: str) -> bool:
    """Tells whether a conversation is what Duologue would publish as valid."""
    expected = Expectations(seed_message, TURNS, EndsWith.USER, EndReason.MAX_TURNS)
    messages = [Message(role=Role(role), text=text) for role, text in said]
    return not check_messages(messages, expected)


COLUMNS: dict[str, Callable[[Run], str]] = {
    "scenario": lambda run: run.scenario.name,
    "seeds": lambda run: str(run.scenario.seeds),
    "in flight": lambda run: str(run.scenario.in_flight),
    "latency ms": lambda run: str(run.scenario.latency_ms),
    "way": lambda run: run.way.name,
    "seconds": lambda run: f"{run.measurement.seconds:.1f}",
    "ideal": lambda run: f"{run.scenario.ideal_seconds:.1f}",
    "times ideal": lambda run: f"{run.times_ideal:.2f}",
    "CPU ms a seed": lambda run: f"{run.measurement.cpu_seconds / run.scenario.seeds * 1000:.1f}",
    "peak MB": lambda run: f"{run.measurement.peak_mb:.0f}",
    "start-up s": lambda run: f"{run.start_up_seconds:.1f}",
    "resume s": lambda run: _seconds(run.measurement.resume_seconds),
}
"""The table: a heading, and what is below it for a run."""


def table_head(columns: Mapping[str, Callable[[Run], str]] = COLUMNS) -> str:
    """The headings of a Markdown table, and the line below them."""
    return f"{table_line(list(columns))}\n{table_line(['---'] * len(columns))}"


def table_row(run: Run, columns: Mapping[str, Callable[[Run], str]] = COLUMNS) -> str:
    """A run as a row of the table."""
    return table_line([cell(run) for cell in columns.values()])


def table_line(cells: Sequence[str]) -> str:
    """Any cells as a row."""
    return f"| {' | '.join(cells)} |"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
