"""`duologue serve` as people use it: its processes, its UI in a browser, and what stops it."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Browser

from duologue.project.files import SEEDS, Answers, write_project
from duologue.settings.run import BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER
from tests.support.prefect_processes import (
    BIN,
    PrefectServer,
    RunningProcess,
    copy_of_the_repository,
    free_port,
    prefect_server,
    run_prefect,
    running,
)

NIGHTLY = "generate-dataset/nightly"
OWN_PAIR = {
    "chatbot": "python:bots:reply",
    "simulated_user": "python:bots:ask",
    "turns": 1,
    "advanced": {"seed_retries": 0},
}


class Served:
    """A folder to serve, and the Prefect server that the command is to start on a free port."""

    def __init__(self, folder: Path, server: PrefectServer) -> None:
        self.folder = folder
        self.server = server
        server.environment |= {"PYTHONPATH": str(folder), "DUOLOGUE_ALLOWED_CODE": "bots"}

    @contextmanager
    def running(self, environment: Mapping[str, str] = {}) -> Iterator[RunningProcess]:
        """Runs the command until the block ends; enters it once everything has started."""
        log = self.server.folder / f"serve-{free_port()}.log"
        port = str(self.server.port)
        command: list[str | Path] = [BIN / "duologue", "serve", "--port", port]
        with running(command, self.folder, {**self.without_url(), **environment}, log) as process:
            self.server.wait_until(
                lambda: "Ctrl-C" in process.output or process.popen.poll() is not None,
                "it serves",
                timeout_seconds=600,
            )
            assert process.popen.poll() is None, process.output
            yield process

    def without_url(self) -> dict[str, str]:
        environment = self.server.environment
        return {name: value for name, value in environment.items() if name != "PREFECT_API_URL"}

    def processes(self) -> list[psutil.Process]:
        """Every process that has this server's environment."""
        home = self.server.environment["PREFECT_HOME"]
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PREFECT_HOME") == home:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def part(self, words: str) -> psutil.Process:
        """The process whose command line has these words."""
        return next(one for one in self.processes() if words in " ".join(one.cmdline()))

    def attempt(
        self, *options: str, environment: Mapping[str, str] = {}
    ) -> subprocess.CompletedProcess[str]:
        """Runs the command where it cannot serve."""
        return subprocess.run(
            [BIN / "duologue", "serve", "--port", str(self.server.port), *options],
            cwd=self.folder,
            env={**self.without_url(), **environment},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def run_that_waits(self) -> str:
        """Starts a run that simulates until the file `wait` is gone."""
        (self.folder / "wait").touch()
        run = self.server.start_run(NIGHTLY, OWN_PAIR)
        self.server.wait_for(run, "Running")
        return run


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "server").mkdir()
    server = PrefectServer(tmp_path / "server")
    yield Served(copy_of_the_repository(tmp_path / "repository"), server)
    server.close()


def test_a_stop_leaves_nothing_running_and_the_next_start_resumes(served: Served) -> None:
    server = served.server
    with served.running() as process:
        assert "Traceback" not in process.output
        run = served.run_that_waits()
        process.send(signal.SIGTERM)
        assert process.wait() == 0
    assert served.processes() == []
    (served.folder / "wait").unlink()
    with served.running() as process:
        nightly = server.deployment(NIGHTLY)
        assert (nightly["paused"], nightly["schedules"][0]["active"]) == (False, True)
        # The run that was stopped keeps no other from starting, and Retry completes it.
        server.wait_for(run, "Cancelled")
        server.retry(run)
        server.wait_for(run, "Completed")
        process.send(signal.SIGINT)
        assert process.wait() == 0
        assert "Stopped" in process.output
        assert "Traceback" not in process.output
    assert served.processes() == []


@pytest.mark.parametrize(
    ("words", "name"),
    [("worker start", "the worker for the work pool"), ("server start", "the Prefect server")],
)
def test_a_part_that_dies_ends_the_others_with_an_error(
    served: Served, words: str, name: str
) -> None:
    with served.running() as process:
        served.run_that_waits()
        served.part(words).kill()
        assert process.wait() == 1
        assert f"Error: {name}" in process.output
        assert "ended with exit code -9" in process.output
    assert served.processes() == []


def test_its_parts_end_when_it_is_killed(served: Served) -> None:
    with served.running() as process:
        process.kill()
        served.server.wait_until(lambda: served.processes() == [], "its parts have ended")


def test_the_ui_works_on_any_port(served: Served, chromium: Browser, screenshots: Path) -> None:
    url = served.server.url
    with served.running(), chromium.new_page(viewport={"width": 1300, "height": 900}) as page:
        page.set_default_timeout(600_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.get_by_role("link", name="Deployments").first.click()
        page.get_by_role("link", name="nightly", exact=True).first.click()
        page.get_by_role("button", name="Run", exact=True).click()
        with page.expect_response("**/create_flow_run") as created:
            page.get_by_role("menuitem", name="Quick run").click()
        assert created.value.ok
        page.screenshot(path=screenshots / "started.png")
        served.server.wait_for(created.value.json()["id"], "Completed", timeout_seconds=600)
    calls = [one for one in asked if "/api/" in one and "127.0.0.1" in one]
    assert calls
    assert {httpx.URL(one).port for one in calls} == {served.server.port}


def test_it_uses_the_server_that_is_configured_in_a_folder_of_other_flows(
    served: Served, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    (folder / "flows").mkdir(parents=True)
    (folder / "workflows").mkdir()
    (folder / "tasks.py").write_text("raise ImportError('this is not Duologue')\n")
    for package in ("flows", "workflows"):
        (folder / package / "__init__.py").touch()
    (folder / "flows" / "conversations.py").write_text(
        "from duologue.flows.generate_dataset import generate_dataset as generate\n"
    )
    (folder / "seeds.csv").write_text("Where is my order?\n")
    (folder / "prefect.yaml").write_text(
        "deployments:\n"
        "- name: own\n"
        "  entrypoint: flows/conversations.py:generate\n"
        "  parameters: {seeds: seeds.csv, turns: 1}\n"
        "  work_pool: {name: own-pool}\n"
    )
    (tmp_path / "configured").mkdir()
    with prefect_server(tmp_path / "configured") as configured:
        served.folder = folder
        served.server.environment.pop("PYTHONPATH")
        with served.running({"PREFECT_API_URL": configured.api_url}) as process:
            assert f"Prefect server: {configured.api_url}" in process.output
            run = configured.start_run("generate-dataset/own")
            configured.wait_for(run, "Completed")
            process.send(signal.SIGTERM)
            assert process.wait() == 0
        assert served.processes() == []
        assert configured.deployment("generate-dataset/own")["work_pool_name"] == "own-pool"


def test_a_new_project_is_served_from_what_is_installed(served: Served, tmp_path: Path) -> None:
    served.folder = tmp_path / "new"
    write_project(served.folder, Answers(BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER, SEEDS))
    served.server.environment.pop("PYTHONPATH")
    with served.running():
        run = served.server.start_run(NIGHTLY, {"turns": 1})
        served.server.wait_for(run, "Completed")
    (manifest,) = (served.folder / "datasets").glob("*/*/manifest.json")
    assert json.loads(manifest.read_text())["counts"]["valid"] == 3


def test_it_leaves_a_server_running_that_it_found(served: Served) -> None:
    served.server.start()
    with served.running() as process:
        assert "a server that was running there" in process.output
        process.send(signal.SIGTERM)
        assert process.wait() == 0
    assert not served.server.deployment(NIGHTLY)["paused"]


def test_a_work_pool_of_another_type_is_refused(served: Served) -> None:
    served.server.start()
    create = ("work-pool", "create", "duologue", "--type", "docker")
    run_prefect(served.server, *create, cwd=served.folder)
    done = served.attempt()
    assert done.returncode == 2, done.stderr
    assert "the work pool 'duologue' on this Prefect server has the type docker" in done.stderr


GENERATE = "flows/generate_dataset.py:generate_dataset"
NIGHT = "deployments:\n- name: night\n  work_pool: {name: duologue}\n  entrypoint: "


@pytest.mark.parametrize(
    ("yaml", "shown"),
    [
        (None, "prefect.yaml: No such file"),
        ("deployments: [", "prefect.yaml is not YAML"),
        ("deployments: []", "prefect.yaml describes no deployments"),
        ("just words", "prefect.yaml describes no deployments"),
        ("deployments:\n- name: night", "deployment 1 lacks a name or an entrypoint"),
        ("deployments:\n- {name: night, entrypoint: a.py:b}", "'night' names no work pool"),
        (f"{NIGHT}flows/missing.py:night", "'flows/missing.py:night' cannot be loaded"),
        (f"{NIGHT}flows/generate_dataset.py:night", "cannot be loaded"),
        (f"{NIGHT}{GENERATE}\n  parameters: {{sedes: a.csv}}", "sedes"),
        (f"{NIGHT}{GENERATE}\n  parameters: {{turns: 0}}", "turns"),
        (f"{NIGHT}{GENERATE}\n  schedules: [{{cron: at two}}]", "at two"),
        (f"{NIGHT}{GENERATE}\n  schedules: [{{corn: 0 2 * * *}}]", "corn"),
    ],
)
def test_what_cannot_be_served_is_one_sentence_before_anything_starts(
    served: Served, yaml: str | None, shown: str
) -> None:
    file = served.folder / "prefect.yaml"
    file.unlink() if yaml is None else file.write_text(yaml)
    database = Path(served.server.environment["PREFECT_HOME"], "prefect.db")
    before = database.read_bytes()
    done = served.attempt()
    assert done.returncode == 2, done.stderr
    assert shown in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert database.read_bytes() == before, "no server had it"


def test_a_port_that_is_in_use_is_an_error(served: Served) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", served.server.port))
        other.listen()
        done = served.attempt()
    assert done.returncode == 2
    assert f"port {served.server.port} of 127.0.0.1 is in use" in done.stderr
