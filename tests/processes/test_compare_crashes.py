"""A comparison that is killed, cancelled, out of budget and without Vellum ends as if undisturbed.

Vellum's calls are counted at the stand-in, and the judge's in a file.
"""

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from duologue.comparison.manifest import COMPARISON_MANIFEST_FILE
from tests.conftest import API_KEY
from tests.support.prefect_processes import RunningProcess, running
from tests.support.vellum_stand_in import stand_in_process

pytestmark = pytest.mark.timeout(900)

DUOLOGUE = Path(sys.executable).parent / "duologue"
SEEDS, TURNS, IN_FLIGHT = 24, 2, 8
CALLS = SEEDS * 2 * 2 * TURNS
"""Of both sides and both participants."""
CONFIG = """
[compare]
seeds = "shop.csv"
baseline = "support-bot@production"
candidate = "support-bot@staging"
simulated_user = "simulated-user"
turns = 2
max_concurrency = 8
seed_retries = 0
call = { max_attempts = 1 }
gates = { max_drops = { goal_reached = 0.02 } }

[[compare.judges]]
reference = "python:my_judge:judge"
criteria = ["goal_reached"]
"""
JUDGE = """
from pathlib import Path

def judge(chat_history):
    with (Path(__file__).parent / "asked.txt").open("a") as file:
        file.write(repr([m.text for m in chat_history]) + "\\n")
    return {"goal_reached": len(chat_history[1].text) % 2 == 0}
"""


class Call(NamedTuple):
    """One call as the stand-in received it."""

    version: str
    """The comparison's and the side's."""
    conversation: str
    turn: int
    side: str


class Vellum:
    """The stand-in process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def calls(self) -> list[Call]:
        requests = httpx.get(f"{self.url}/_control/requests", timeout=60).json()
        marks = [request["metadata"] for request in requests]
        return [
            Call(one["version"], one["conversation"], one["turn"], one["side"]) for one in marks
        ]

    def goes_away(self, away: bool) -> None:
        for name in ("support-bot", "simulated-user"):
            change = {"deployment": name, "always": "status:503" if away else None}
            httpx.post(f"{self.url}/_control", json=change).raise_for_status()


@pytest.fixture
def vellum_process() -> Iterator[Vellum]:
    with stand_in_process(300) as url:
        yield Vellum(url)


def killed(process: RunningProcess) -> None:
    process.kill_with_children()


def cancelled(process: RunningProcess) -> None:
    process.send(signal.SIGINT)
    assert process.wait() == 130, process.output[-3000:]


def test_whatever_ends_it_a_comparison_resumes_to_the_same_result(
    tmp_path: Path, prefect_environment: dict[str, str], vellum_process: Vellum
) -> None:
    messages = (f"Where is my order number {n}?\n" for n in range(SEEDS))
    (tmp_path / "shop.csv").write_text("message\n" + "".join(messages))
    (tmp_path / "duologue.toml").write_text(CONFIG)
    (tmp_path / "my_judge.py").write_text(JUDGE)
    environment = {
        **prefect_environment,
        "VELLUM_API_URL": vellum_process.url,
        "VELLUM_API_KEY": API_KEY,
    }
    phases: list[list[Call]] = []
    comparison: list[str] = []

    def run(
        *more: str, end: Callable[[RunningProcess], None] | None = None, calls: int = 0
    ) -> int | None:
        before = len(vellum_process.calls())
        command: list[str | Path] = [DUOLOGUE, "compare", *comparison, *more]
        with running(command, tmp_path, environment, tmp_path / "log") as process:
            if end is None:
                code = process.wait(600)
            else:
                while len(vellum_process.calls()) - before < calls:
                    assert process.popen.poll() is None, process.output[-3000:]
                    time.sleep(0.05)
                end(process)
                code = None
        phases.append(vellum_process.calls()[before:])
        [folder] = (tmp_path / "datasets/shop/comparisons/.checkpoints").iterdir()
        comparison[:] = ["--resume", folder.name]
        return code

    run(end=killed, calls=CALLS // 5)
    run(end=cancelled, calls=CALLS // 5)
    assert run("--set", f"budget.max_calls={CALLS // 5}") == 1
    vellum_process.goes_away(True)
    assert run() == 1
    phases.pop()
    vellum_process.goes_away(False)
    assert run() == 0, (tmp_path / "log").read_text()[-3000:]
    check_repeats(phases)
    asked = (tmp_path / "asked.txt").read_text().splitlines()
    assert set(Counter(asked).values()) == {1}, "a judge was asked twice"

    resumed = result(tmp_path, comparison[1])
    again = run_undisturbed(tmp_path, environment)
    assert result(tmp_path, again) == resumed
    assert resumed["pairs"]["compared"] == SEEDS
    assert {one["outcome"] for one in resumed["differences"]} >= {"valid", "goal_reached"}


def check_repeats(phases: list[list[Call]]) -> None:
    """Checks that only calls in flight at a phase's end are made again."""
    made: set[Call] = set()
    for phase in phases:
        assert set(Counter(phase).values()) <= {1}, "repeated without being interrupted"
        assert len(made & set(phase)) <= IN_FLIGHT
        made |= set(phase)
    assert len(made) == CALLS


def run_undisturbed(folder: Path, environment: dict[str, str]) -> str:
    before = set((folder / "datasets/shop/comparisons").iterdir())
    command: list[str | Path] = [DUOLOGUE, "compare"]
    with running(command, folder, environment, folder / "log") as process:
        assert process.wait(600) == 0, process.output[-3000:]
    [made] = set((folder / "datasets/shop/comparisons").iterdir()) - before
    return made.name


def result(folder: Path, comparison: str) -> dict[str, Any]:
    """What a comparison found out, except for how long replies took."""
    path = folder / "datasets/shop/comparisons" / comparison / COMPARISON_MANIFEST_FILE
    manifest = json.loads(path.read_text())
    kept = {name: manifest[name] for name in ("answer", "pairs", "failed_gates", "judges")}
    others = [one for one in manifest["differences"] if one["outcome"] != "latency_ms"]
    return {**kept, "differences": others}
