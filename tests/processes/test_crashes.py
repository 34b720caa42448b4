"""What dies in the middle of a night: processes killed for real, servers that go away.

However it comes, a run that is retried, or that sat it out, publishes every seed. What was finished
is not requested again, and whoever reads `latest` meanwhile gets a complete version.

Writers killed at every file operation of an export are in tests/processes/test_cut_short.py.
"""

import hashlib
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from upath import UPath

from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.versions.finding import find_version
from tests.conftest import API_KEY
from tests.support.prefect_processes import (
    ROOT,
    PrefectServer,
    RunningProcess,
    free_port,
    prefect_server,
    run_prefect,
    running,
    worker,
)

POOL = "duologue"
SEEDS = 24
TURNS = 2
CALLS = 2 * TURNS
"""Of one conversation."""
IN_FLIGHT = 4
UNFINISHED = 6
"""Conversations at most that are started and not yet stored: those in flight, and half as many more
that Prefect is just starting or recording."""
OUTAGE_SECONDS = 30


class Call(NamedTuple):
    """One call as Vellum received it."""

    seed_id: str
    deployment: str
    messages: int


class Vellum:
    """A stand-in for Vellum on a port that it keeps when it goes away and comes back."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder

    @contextmanager
    def here(self, latency_ms: float) -> Iterator[None]:
        """Has it answer; what it was asked is counted from zero."""
        command = [sys.executable, "-m", "tests.support.vellum_stand_in", "--port", str(self.port)]
        latency = ["--latency-ms", str(latency_ms)]
        with running([*command, *latency], ROOT, os.environ, self._folder / "vellum.log") as one:
            while one.popen.poll() is None and not self._answers():
                time.sleep(0.05)
            yield

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/_control/totals").is_success
        except httpx.TransportError:
            return False

    def asked(self) -> list[Call]:
        """What it was asked since it is here, in order."""
        requests = httpx.get(f"{self.url}/_control/requests").json()
        return [_call(request) for request in requests]


def _call(request: Mapping[str, Any]) -> Call:
    [history] = [one["value"] for one in request["inputs"] if one["type"] == "CHAT_HISTORY"]
    return Call(request["metadata"]["seed_id"], request["deployment"], len(history))


class Night(NamedTuple):
    """Where the runs are: a server, a worker, Vellum, and the dataset they make."""

    server: PrefectServer
    vellum: Vellum
    worker: RunningProcess
    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "datasets"

    def start(self, pool: str = POOL, in_a_task_run: int = 1) -> str:
        """Starts a run with that many conversations in a task run; returns its id."""
        return self.server.start_run(
            f"generate-dataset/{pool}",
            {
                "seeds": str(self.folder / "seeds.csv"),
                "chatbot": "support-bot",
                "simulated_user": "simulated-user",
                "turns": TURNS,
                "max_concurrency": IN_FLIGHT,
                "output": str(self.output),
                "advanced": {"conversations_per_task_run": in_a_task_run},
            },
        )

    def wait_for_calls(self, count: int) -> None:
        self.server.wait_until(
            lambda: len(self.vellum.asked()) >= count,
            f"{count} calls",
            seen=lambda: str(len(self.vellum.asked())),
        )

    def check_published(self, run_id: str) -> None:
        """Sees to it that every version is whole, and that this run's is the latest."""
        for manifest_file in self.output.glob(f"seeds/*/{MANIFEST_FILE}"):
            check_whole(manifest_file.parent)
        manifest = check_whole(Path(str(find_version("latest", str(self.output)).folder)))
        assert manifest.version.endswith(run_id[-8:])
        assert manifest.counts.valid == manifest.counts.seeds == SEEDS


def check_whole(version: Path) -> Manifest:
    """Reads a version as a careful reader does."""
    manifest = read_manifest(UPath(version / MANIFEST_FILE))
    for file in manifest.files:
        assert hashlib.sha256((version / file.name).read_bytes()).hexdigest() == file.sha256
    counts = manifest.counts
    assert counts.seeds == counts.valid + counts.invalid + counts.failed
    return manifest


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    (folder / "seeds.csv").write_text("".join(f"Where is order {n}?\n" for n in range(SEEDS)))
    vellum = Vellum(folder)
    with prefect_server(folder) as server:
        deploy(server, POOL)
        with worker_for(vellum, server, POOL) as one:
            yield Night(server, vellum, one, folder)


def worker_for(
    vellum: Vellum, server: PrefectServer, pool: str
) -> AbstractContextManager[RunningProcess]:
    environment = {
        "VELLUM_API_URL": vellum.url,
        "VELLUM_API_KEY": API_KEY,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    return worker(server, server.folder, environment, pool)


def deploy(server: PrefectServer, pool: str) -> None:
    """Deploys the flow to a work pool, under the pool's name."""
    flow_id = server.api("POST", "/flows/", {"name": "generate-dataset"})["id"]
    server.api("POST", "/work_pools/", {"name": pool, "type": "process"})
    here = {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
    deployment = {
        "name": pool,
        "flow_id": flow_id,
        "entrypoint": "flows/generate_dataset.py:generate_dataset",
        "work_pool_name": pool,
        "pull_steps": [here],
    }
    server.api("POST", "/deployments/", deployment)


@contextmanager
def silent_runs_have_crashed(server: PrefectServer) -> Iterator[None]:
    """Applies automations/silent_runs.yaml, but has it wait for 45 seconds instead of 600."""
    content = (ROOT / "automations" / "silent_runs.yaml").read_text()
    quicker = content.replace("within: 600", "within: 45")
    assert quicker != content
    file = server.folder / "silent_runs.yaml"
    file.write_text(quicker)
    run_prefect(server, "automation", "create", "--from-file", str(file), cwd=server.folder)
    try:
        yield
    finally:
        for automation in server.api("POST", "/automations/filter", {}):
            server.api("DELETE", f"/automations/{automation['id']}")


@pytest.fixture(autouse=True)
def latest_is_always_whole(night: Night) -> Iterator[None]:
    """Reads the latest version all the time, as soon as there is one."""
    done = threading.Event()
    complaints: list[str] = []

    def read() -> None:
        seen = False
        while not done.wait(0.05):
            try:
                if seen or (night.output / "seeds" / "latest.json").exists():
                    check_whole(Path(str(find_version("latest", str(night.output)).folder)))
                    seen = True
            except Exception as error:
                complaints.append(repr(error))

    reader = threading.Thread(target=read)
    reader.start()
    yield
    done.set()
    reader.join()
    assert complaints == []


def check_nothing_was_asked_again(before: list[Call], after: list[Call]) -> None:
    """Compares what Vellum was asked until the crash with what it was asked afterwards."""
    begun = {call.seed_id for call in before}
    again = begun & {call.seed_id for call in after}
    assert len(begun) > UNFINISHED, "nothing was finished before"
    assert len(again) <= UNFINISHED
    assert len({*before} & {*after}) <= IN_FLIGHT, "only calls in flight are made again"
    assert set(Counter(after).values()) == {1}
    assert len({*before, *after}) == SEEDS * CALLS


@pytest.mark.parametrize("in_a_task_run", [1, 8])
def test_a_killed_flow_run_is_retried_and_requests_nothing_that_was_finished(
    night: Night, in_a_task_run: int
) -> None:
    with night.vellum.here(latency_ms=200):
        run = night.start(in_a_task_run=in_a_task_run)
        night.wait_for_calls(40)
        night.worker.kill_children()
        night.server.wait_for(run, "Crashed")
        before = night.vellum.asked()
        night.server.retry(run)
        night.server.wait_for(run, "Completed")
        check_nothing_was_asked_again(before, night.vellum.asked()[len(before) :])
    night.check_published(run)


def test_a_run_whose_machine_died_is_marked_crashed_and_a_new_worker_continues(
    night: Night,
) -> None:
    deploy(night.server, "mortal")
    with silent_runs_have_crashed(night.server), night.vellum.here(latency_ms=200):
        with worker_for(night.vellum, night.server, "mortal") as machine:
            run = night.start("mortal")
            night.wait_for_calls(40)
            machine.kill_with_children()
        before = night.vellum.asked()
        crashed = night.server.wait_for(run, "Crashed")
        assert "No more heartbeats" in crashed["state"]["message"]
        night.server.retry(run)
        with worker_for(night.vellum, night.server, "mortal"):
            night.server.wait_for(run, "Completed")
        check_nothing_was_asked_again(before, night.vellum.asked()[len(before) :])
    night.check_published(run)


def test_a_run_continues_while_the_prefect_server_is_away(night: Night) -> None:
    with night.vellum.here(latency_ms=1500):
        run = night.start()
        night.wait_for_calls(8)
        night.server.kill()
        time.sleep(OUTAGE_SECONDS)
        assert 8 < len(night.vellum.asked()) < SEEDS * CALLS, "it did not run all the while"
        night.server.start()
        night.server.wait_for(run, "Completed")
        assert set(Counter(night.vellum.asked()).values()) == {1}
        assert len(night.vellum.asked()) == SEEDS * CALLS
    night.check_published(run)


def test_no_seed_fails_while_vellum_is_away(night: Night) -> None:
    """With the settings that a run has by default."""
    with night.vellum.here(latency_ms=200):
        run = night.start()
        night.wait_for_calls(30)
        before = night.vellum.asked()
    time.sleep(60)
    with night.vellum.here(latency_ms=50):
        night.server.wait_for(run, "Completed")
        after = night.vellum.asked()
    night.check_published(run)
    assert night.server.flow_run(run)["run_count"] == 1
    # What it still answered while it was being stopped is in neither log.
    assert len({*before, *after}) >= SEEDS * CALLS - IN_FLIGHT
    # Only what it was asked and had not answered.
    assert len({*before} & {*after}) <= IN_FLIGHT


@pytest.mark.parametrize("in_a_task_run", [1, 8])
def test_a_cancelled_run_continues_in_the_middle_of_its_conversations(
    night: Night, in_a_task_run: int
) -> None:
    with night.vellum.here(latency_ms=300):
        run = night.start(in_a_task_run=in_a_task_run)
        night.wait_for_calls(40)
        night.server.cancel(run)
        night.server.wait_for(run, "Cancelled")
        before = night.vellum.asked()
        assert len(before) < SEEDS * CALLS
        night.server.retry(run)
        night.server.wait_for(run, "Completed")
        after = night.vellum.asked()[len(before) :]
    night.check_published(run)
    assert len({*before, *after}) == SEEDS * CALLS
    # Only the calls in flight; a conversation that restarted would repeat all of its calls.
    assert len({*before} & {*after}) <= IN_FLIGHT
