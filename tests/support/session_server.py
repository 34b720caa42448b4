"""A Prefect server for each process that runs tests, until the session of pytest ends.

A server that several processes share computes as much as all of them, and makes each wait; its
SQLite database then refuses requests, too.

It is the server that `duologue generate` starts where none is configured: real, but without what
only deployments need (the UI, the scheduler, and the services that look for late runs), so the
tests' CPU goes to the tests. Full servers run in `tests/processes`.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

from duologue.cli import temporary_server
from duologue.cli.local_run import PREFECT_DEFAULTS
from tests.support.commands import SOCKET, forked
from tests.support.prefect_processes import free_port, without_prefect

SECONDS_TO_START = 600
"""Generous: the machine may be busy."""


@contextlib.contextmanager
def use_session_server() -> Iterator[str]:
    """Has Prefect in this process use its server, and a folder for results next to it.

    Yields:
        The URL of the server's API.
    """
    url = session_server()
    results = _folder() / "prefect-results"
    with temporary_settings({PREFECT_API_URL: url, PREFECT_RESULTS_LOCAL_STORAGE_PATH: results}):
        yield url
        # What is still to be sent is sent while the server is there and pytest listens to logs.
        with contextlib.suppress(RuntimeError):  # it was never started
            APILogWorker.instance().drain()
        EventsWorker.drain_all()


def session_server() -> str:
    """Starts this process's server unless it runs already; returns its API's URL."""
    known = _folder() / "prefect-url"
    if not known.exists():
        known.write_text(_start(_folder()))
    return known.read_text()


def _folder() -> Path:
    """Returns this process's folder, which the session removes."""
    process = os.environ.get("PYTEST_XDIST_WORKER", "only")
    folder = Path(os.environ[SOCKET]).parent / f"prefect-{process}"
    folder.mkdir(exist_ok=True)
    return folder


def _start(folder: Path) -> str:
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **without_prefect(os.environ),
        **PREFECT_DEFAULTS,
        **temporary_server.SETTINGS,
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(folder / "prefect-home"),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # No automation is there for an event to trigger.
        "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    }
    log = folder / "prefect-server.log"
    with open(os.devnull) as nothing, log.open("w") as output:
        forked(
            {
                "command": [temporary_server.__file__, str(port)],
                "cwd": str(folder),
                "environment": environment,
                "detached": True,
            },
            (nothing, output, output),
        ).close()
    deadline = time.monotonic() + SECONDS_TO_START
    while not _listens(port):
        assert time.monotonic() < deadline, f"the server did not start\n{log.read_text()}"
        time.sleep(0.05)
    return url


def _listens(port: int) -> bool:
    """Checks whether it accepts connections, which it does once it is ready."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
