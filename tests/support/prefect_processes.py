"""Prefect as it runs in production: a server, workers and flow runs as processes of their own.

    with prefect_server(tmp_path) as server, worker(server, cwd=repository) as one:
        run = server.start_run("generate-dataset/nightly", {"turns": 1})
        server.wait_for(run, "Completed")

What every process prints goes to a file in the server's folder; where waiting is in vain, the
failure shows the end of each.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from duologue.cli.temporary_server import EMPTY_DATABASE

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

BOTS = """
import asyncio
from pathlib import Path
async def reply(chat_history):
    while Path("wait").exists():
        await asyncio.sleep(0.1)
    if Path("broken").exists() and "refund" in chat_history[0].text:
        raise RuntimeError("scripted to fail")
    with open("calls.log", "a") as log:
        print(chat_history[0].text, file=log)
    return f"Reply {len(chat_history)} about {sum(map(ord, chat_history[0].text))}."
async def ask(chat_history):
    return f"And what of point {len(chat_history)} in {sum(map(ord, chat_history[0].text))}?"
"""
"""A chatbot and a simulated user that can be told to wait or to fail, and that count."""

SECONDS_TO_START = 600
SECONDS_TO_WAIT = 600
SECONDS_TO_STOP = 600
SECONDS_BETWEEN_LOOKS = 0.2
LINES_SHOWN = 40


@dataclass(frozen=True)
class RunningProcess:
    """A process that a test started and may kill."""

    popen: subprocess.Popen[bytes]
    log: Path
    """What it prints, on either stream."""

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def wait(self, timeout_seconds: float = SECONDS_TO_WAIT) -> int:
        """Waits for its end and gives its exit code."""
        return self.popen.wait(timeout_seconds)

    def kill(self) -> None:
        """Kills it alone; what it started goes on."""
        self.popen.kill()
        self.popen.wait()

    def kill_with_children(self) -> None:
        """Kills it and all that it started, as when the machine goes down."""
        self._kill_all([psutil.Process(self.pid), *self.children()])

    def kill_children(self) -> None:
        """Kills all that it started, and leaves it running: a worker's flow runs."""
        self._kill_all(self.children())

    def children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.pid).children(recursive=True)
        return found

    def stop(self) -> None:
        """Ends it as a service manager does: politely, then not."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self.kill()

    @staticmethod
    def _kill_all(processes: Sequence[psutil.Process]) -> None:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=SECONDS_TO_STOP)


@contextmanager
def running(
    command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str], log: Path
) -> Iterator[RunningProcess]:
    """Runs a command in the background, with its output appended to `log`, and ends it."""
    process = _started(command, cwd, environment, log)
    try:
        yield process
    finally:
        process.stop()


def _create_database(file: Path) -> None:
    """Creates Prefect's SQLite database as migrations would, which take 3 s of computing."""
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as database:
        database.executescript(EMPTY_DATABASE.read_text())


def _started(
    command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str], log: Path
) -> RunningProcess:
    with log.open("ab") as output:
        popen = subprocess.Popen(
            command,
            cwd=cwd,
            # Prefect's `{{ $PWD }}` reads the variable that a shell sets.
            env={**environment, "PWD": str(cwd)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches the tests alone, and they end it.
            start_new_session=True,
            # A child of a shell's background job ignores Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    return RunningProcess(popen, log)


class PrefectServer:
    """A Prefect server on a port and a database that it keeps when it is killed and restarted."""

    def __init__(
        self, folder: Path, database_url: str | None = None, settings: Mapping[str, str] = {}
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_url = f"{self.url}/api"
        self.ui_url = self.url
        self.environment = {
            **without_prefect(os.environ),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "DO_NOT_TRACK": "1",
            "PREFECT_HOME": str(folder / "prefect-home"),
            "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(folder / "results"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        }
        """For the processes that are to use this server; without `PREFECT_` of our own."""
        self._settings = {
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            "PREFECT_UI_API_URL": self.api_url,
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            **({"PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url} if database_url else {}),
            **settings,
        }
        if database_url is None:
            _create_database(folder / "prefect-home" / "prefect.db")
        self._process: RunningProcess | None = None
        self._http = httpx.Client(base_url=self.api_url, timeout=SECONDS_TO_WAIT)

    @property
    def process(self) -> RunningProcess:
        assert self._process is not None, "the server was not started"
        return self._process

    def start(self) -> None:
        """Starts it, the first time or again, and waits until it answers.

        In the repository's folder, whose prefect.toml has the settings that production is told to
        use.
        """
        command = [sys.executable, "-m", "prefect", "server", "start"]
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        self._process = _started(
            [*command, *address],
            ROOT,
            {**self.environment, **self._settings},
            self.folder / "server.log",
        )
        self.wait_until(self._is_healthy, "the server answers", SECONDS_TO_START)

    def kill(self) -> None:
        """Takes it away at once; `start` brings it back with the same address and database."""
        self.process.kill_with_children()

    def close(self) -> None:
        """Ends the server and whatever still runs with its environment, orphans included."""
        self._http.close()
        if self._process is not None:
            self._process.stop()
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("PREFECT_HOME") == self.environment["PREFECT_HOME"]:
                    process.kill()

    def _is_healthy(self) -> bool:
        assert self.process.popen.poll() is None, f"the server ended\n{self.output()}"
        with suppress(httpx.TransportError):
            return self._http.get("/health").status_code == httpx.codes.OK
        return False

    def api(self, method: str, path: str, json: Any = None) -> Any:
        """Calls the REST API; gives the parsed answer, None where it is empty."""
        answer = self._http.request(method, path, json=json)
        while (
            answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        ):  # SQLite's "database is locked"
            time.sleep(SECONDS_BETWEEN_LOOKS)
            answer = self._http.request(method, path, json=json)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def deployment(self, name: str) -> dict[str, Any]:
        """Reads a Prefect deployment, named as `flow/deployment`."""
        found: dict[str, Any] = self.api("GET", f"/deployments/name/{name}")
        return found

    def start_run(self, deployment: str, parameters: Mapping[str, Any] | None = None) -> str:
        """Starts a run of a Prefect deployment now, as **Quick run** does; gives its id."""
        path = f"/deployments/{self.deployment(deployment)['id']}/create_flow_run"
        run_id: str = self.api("POST", path, {"parameters": dict(parameters or {})})["id"]
        return run_id

    def retry(self, flow_run_id: str) -> None:
        """Presses **Retry**, as Prefect's default UI sends it."""
        self.set_state(flow_run_id, "SCHEDULED", "AwaitingRetry", "Retry from the UI")

    def cancel(self, flow_run_id: str) -> None:
        """Presses **Cancel**."""
        self.set_state(flow_run_id, "CANCELLING", "Cancelling", "Cancelled from the UI")

    def set_state(self, flow_run_id: str, kind: str, name: str, message: str = "") -> None:
        """Proposes a state for a flow run with force, as the default UI does."""
        state = {"type": kind, "name": name, "message": message}
        answer = self.api(
            "POST", f"/flow_runs/{flow_run_id}/set_state", {"state": state, "force": True}
        )
        assert answer["status"] == "ACCEPT", answer

    def flow_run(self, flow_run_id: str) -> dict[str, Any]:
        """Reads a flow run."""
        found: dict[str, Any] = self.api("GET", f"/flow_runs/{flow_run_id}")
        return found

    def wait_for(
        self, flow_run_id: str, *names: str, timeout_seconds: float = SECONDS_TO_WAIT
    ) -> dict[str, Any]:
        """Waits until a flow run is in one of these states, by name; gives the flow run."""
        self.wait_until(
            lambda: self._state_of(flow_run_id)["name"] in names,
            f"flow run {flow_run_id} is {' or '.join(names)}",
            timeout_seconds,
            seen=lambda: str(self._state_of(flow_run_id)),
        )
        return self.flow_run(flow_run_id)

    def _state_of(self, flow_run_id: str) -> dict[str, Any]:
        return self.flow_run(flow_run_id)["state"] or {"name": None}

    def task_runs(self, flow_run_id: str) -> list[dict[str, Any]]:
        """Reads what the server has recorded so far of a flow run's task runs, oldest first."""
        of_run = {"flow_runs": {"id": {"any_": [flow_run_id]}}, "sort": "EXPECTED_START_TIME_ASC"}
        found: list[dict[str, Any]] = []
        while page := self.api("POST", "/task_runs/filter", {**of_run, "offset": len(found)}):
            found += page
        return found

    def logs(self, flow_run_id: str) -> str:
        """Reads what a flow run has logged to the server."""
        of_run = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(entry["message"] for entry in self.api("POST", "/logs/filter", of_run))

    def wait_until(
        self,
        condition: Callable[[], bool],
        expected: str,
        timeout_seconds: float = SECONDS_TO_WAIT,
        seen: Callable[[], str] = lambda: "",
    ) -> None:
        """Looks again and again until something holds; otherwise fails with all there is to see.

        Args:
            condition: what is waited for.
            expected: the same in words.
            timeout_seconds: generous; no test is about time.
            seen: what was there instead.
        """
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            assert time.monotonic() < deadline, (
                f"not after {timeout_seconds} s: {expected}\n{seen()}\n{self.output()}"
            )
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def output(self) -> str:
        """Gives the end of what each process of this server has printed."""
        return "\n".join(f"--- {log.name}\n{_end_of(log)}" for log in self.folder.glob("*.log"))


@contextmanager
def prefect_server(
    folder: Path, database_url: str | None = None, settings: Mapping[str, str] = {}
) -> Iterator[PrefectServer]:
    """Runs a Prefect server as a process of its own.

    Args:
        folder: an empty one, for its database, its results, and what is printed.
        database_url: for PostgreSQL; an SQLite file in the folder where None.
        settings: further environment variables of the server alone.
    """
    server = PrefectServer(folder, database_url, settings)
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextmanager
def worker(
    server: PrefectServer,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    pool: str = "duologue",
    limit: int | None = None,
) -> Iterator[RunningProcess]:
    """Runs a worker that starts the flow runs of a work pool as processes.

    Args:
        server: the one that it gets runs from.
        cwd: where it is started; a Prefect deployment's pull step may change to another folder.
        environment: added to the server's, for the flow runs.
        pool: the work pool; made where there is none.
        limit: how many flow runs it has concurrently; any number if None.
    """
    command = ["prefect", "worker", "start", "--pool", pool, "--type", "process"]
    if limit is not None:
        command += ["--limit", str(limit)]
    with running(
        [BIN / command[0], *command[1:]],
        cwd,
        {**server.environment, **(environment or {})},
        server.folder / f"worker-{free_port()}.log",
    ) as process:
        yield process


def run_prefect(
    server: PrefectServer, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> str:
    """Runs one `prefect` command to its end and gives what it printed; fails where it fails."""
    done = subprocess.run(
        [BIN / "prefect", "--no-prompt", *arguments],
        cwd=cwd,
        env={**server.environment, **(environment or {}), "PWD": str(cwd)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_TO_WAIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def without_prefect(environment: Mapping[str, str]) -> dict[str, str]:
    """Leaves out the Prefect settings of whoever runs the tests."""
    return {name: value for name, value in environment.items() if not name.startswith("PREFECT_")}


def copy_of_the_repository(folder: Path, *, evaluates: bool = False) -> Path:
    """So that no run writes into the tree that is tested.

    Args:
        folder: where to.
        evaluates: whether each version that is published starts an evaluation.
    """
    no_caches = shutil.ignore_patterns("__pycache__")
    for package in ("duologue", "flows", "tasks", "workflows"):
        shutil.copytree(ROOT / package, folder / package, ignore=no_caches)
    (folder / "datasets").mkdir()
    for file in ("prefect.yaml", "prefect.toml", "datasets/seed_user_messages.csv"):
        shutil.copy(ROOT / file, folder / file)
    if not evaluates:
        deployments = (folder / "prefect.yaml").read_text()
        assert "enabled: true" in deployments
        (folder / "prefect.yaml").write_text(deployments.replace("enabled: true", "enabled: false"))
    (folder / "bots.py").write_text(BOTS)
    return folder


def free_port() -> int:
    """Picks a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
