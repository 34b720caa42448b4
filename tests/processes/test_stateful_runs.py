"""Stateful chatbots in a run that is killed and cancelled: no turn is repeated or lost.

    python -m pytest -m chaos tests/processes/test_stateful_runs.py -s

does it with 1,000 conversations.
"""

import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pandas as pd
import pytest

from tests.conftest import API_KEY
from tests.support.prefect_processes import RunningProcess, running
from tests.support.vellum_stand_in import stand_in_process

pytestmark = pytest.mark.timeout(1800)

TURNS = 3
CALLS = 2 * TURNS
IN_FLIGHT = 16
LATENCY_MS = 400
SIDES = {"ASSISTANT": "support-bot", "USER": "simulated-user"}
CONFIG = """
chatbot = "support-bot"
simulated_user = "simulated-user"

[chatbot_inputs]
mode = "stateful"

[simulated_user_inputs]
mode = "stateful"
"""


class Call(NamedTuple):
    """One call as the stand-in received it."""

    conversation: str
    turn: int
    side: str


class Vellum:
    """The stand-in process: two stateful deployments."""

    def __init__(self, url: str) -> None:
        self.url = url
        for name in SIDES.values():
            stateful = {"deployment": name, "inputs": {"user_message": "STRING"}}
            httpx.post(f"{url}/_control", json=stateful).raise_for_status()

    def count(self) -> int:
        return int(httpx.get(f"{self.url}/_control/totals").json()["requests"])

    def calls(self) -> list[Call]:
        requests = httpx.get(f"{self.url}/_control/requests", timeout=60).json()
        marks = [request["metadata"] for request in requests]
        return [Call(one["conversation"], one["turn"], one["side"]) for one in marks]

    def executions(self) -> dict[str, dict[str, Any]]:
        answer = httpx.get(f"{self.url}/_control/executions", timeout=60)
        return dict(answer.json())


@pytest.fixture
def vellum_process() -> Iterator[Vellum]:
    with stand_in_process(LATENCY_MS) as url:
        yield Vellum(url)


@pytest.mark.parametrize("seeds", [60, pytest.param(1000, marks=pytest.mark.chaos)])
def test_killed_cancelled_and_resumed_no_turn_is_repeated_or_lost(
    tmp_path: Path, prefect_environment: dict[str, str], vellum_process: Vellum, seeds: int
) -> None:
    (tmp_path / "duologue.toml").write_text(CONFIG)
    (tmp_path / "seeds.csv").write_text("".join(f"Where is order {n}?\n" for n in range(seeds)))
    environment = {
        **prefect_environment,
        "VELLUM_API_URL": vellum_process.url,
        "VELLUM_API_KEY": API_KEY,
    }
    command: list[str | Path] = [Path(sys.executable).parent / "duologue", "generate", "seeds.csv"]
    command += ["--turns", str(TURNS), "--max-concurrency", str(IN_FLIGHT)]
    at = [random.uniform(0.1, 0.35), random.uniform(0.4, 0.6), random.uniform(0.65, 0.9)]
    phases: list[list[Call]] = []
    version: list[str] = []
    for share, end in zip(at, [killed, killed, cancelled], strict=True):
        with running([*command, *version], tmp_path, environment, tmp_path / "log") as process:
            wait_for_calls(vellum_process, process, round(share * seeds * CALLS))
            end(process)
        phases.append(vellum_process.calls()[sum(map(len, phases)) :])
        [folder] = (tmp_path / "datasets" / "seeds" / ".checkpoints").iterdir()
        version = ["--resume", folder.name]
    with running([*command, *version], tmp_path, environment, tmp_path / "log") as process:
        assert process.wait(900) == 0, process.output[-3000:]
    phases.append(vellum_process.calls()[sum(map(len, phases)) :])

    repeated = check_repeats(phases)
    made = {call for phase in phases for call in phase}
    assert len(made) == len({call.conversation for call in made}) * CALLS == seeds * CALLS
    check_published(tmp_path, vellum_process.executions(), seeds)
    sys.stdout.write(
        f"{seeds} conversations, ended at {at}: {sum(map(len, phases))} calls, {repeated} of them "
        "repeated, all of them in flight when the run ended\n"
    )


def wait_for_calls(vellum: Vellum, process: RunningProcess, count: int) -> None:
    while vellum.count() < count:
        assert process.popen.poll() is None, process.output[-3000:]
        time.sleep(0.02)


def killed(process: RunningProcess) -> None:
    process.kill_with_children()


def cancelled(process: RunningProcess) -> None:
    process.send(signal.SIGINT)
    assert process.wait() == 130, process.output[-3000:]


def check_repeats(phases: list[list[Call]]) -> int:
    """Checks that only calls in flight at the end of a phase are made again, and counts those."""
    last: dict[str, Call] = {}
    made: set[Call] = set()
    repeated = 0
    for phase in phases:
        assert set(Counter(phase).values()) <= {1}, "repeated without being interrupted"
        again = made & set(phase)
        assert {call for call in again if last[call.conversation] != call} == set()
        assert len(again) <= IN_FLIGHT
        repeated += len(again)
        made |= set(phase)
        last |= {call.conversation: call for call in phase}
    return repeated


def check_published(folder: Path, executions: dict[str, dict[str, Any]], seeds: int) -> None:
    """Checks that every conversation is whole, and each reply continues the one before it."""
    latest = json.loads((folder / "datasets" / "seeds" / "latest.json").read_text())
    [file] = (folder / "datasets" / "seeds").glob(f"{latest['version']}*/conversations.parquet")
    frame = pd.read_parquet(file)
    assert len(frame) == seeds
    for messages in frame["messages"]:
        assert len(messages) == 1 + CALLS
        for role, deployment in SIDES.items():
            own = [one for one in messages if one["role"] == role and one["execution_id"]]
            assert len(own) == TURNS
            previous = None
            for turn, message in enumerate(own, 1):
                execution = executions[deployment][message["execution_id"]]
                assert execution["previous"] == previous
                assert len(execution["history"]) == 2 * turn
                assert execution["history"][-1]["text"] == message["text"]
                previous = message["execution_id"]
