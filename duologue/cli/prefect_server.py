"""Prefect servers that the command line starts: one for `duologue serve`, one for a single run."""

import atexit
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from duologue.errors import UsageError

SECONDS_TO_START = 120
"""It takes some three, on a busy machine many more."""

SECONDS_TO_STOP = 15


@dataclass(frozen=True)
class PrefectServer:
    """A server on the database of PREFECT_HOME, as a process that ends with this one.

    Ctrl-C in a terminal does not reach it: by it this process ends, and still has to tell the
    server how.
    """

    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, port: int, for_people: bool) -> "PrefectServer":
        """Starts it, which takes seconds.

        Args:
            port: of 127.0.0.1.
            for_people: whether it has the UI, and tells on standard error what goes wrong.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(port), "--ui" if for_people else "--no-ui"],
            stdin=subprocess.PIPE,  # never written to: it closes when this process has ended
            stdout=subprocess.DEVNULL,
            stderr=None if for_people else subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(port, process)

    @property
    def url(self) -> str:
        """Of the UI; the API's ends with /api."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Waits until it answers.

        Raises:
            UsageError: it does not, or has ended.
        """
        until = time.monotonic() + SECONDS_TO_START
        while not is_prefect(self.url):
            if self.process.poll() is not None or time.monotonic() > until:
                raise UsageError(
                    f"the Prefect server did not start on port {self.port}; "
                    f"`prefect server start --port {self.port}` shows why"
                )
            time.sleep(0.05)

    def end(self) -> None:
        """Ends it, and waits until it has."""
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def is_prefect(url: str) -> bool:
    """Tells whether a Prefect server answers there, in good health."""
    import httpx

    try:
        answer = httpx.get(f"{url}/api/health", timeout=5)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK and answer.text == "true"


@contextmanager
def temporary_server() -> Iterator[Callable[[], None]]:
    """Starts a server for the flow that runs in the block, unless one is configured.

    Prefect would start one by itself, but not before the flow begins, and import all of the server
    here for that. This one gets ready while the flow is imported: a run begins seconds earlier and
    takes 77 MB less. It stays until this process ends, by when Prefect has sent it all its events
    and logs.

    Yields:
        Waits until the server is ready; to be called before the flow is. Raises UsageError where
        the server does not start.
    """
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_SERVER_EPHEMERAL_ENABLED,
        temporary_settings,
    )

    if PREFECT_API_URL.value() or not PREFECT_SERVER_EPHEMERAL_ENABLED.value():
        yield lambda: None
        return
    server = PrefectServer.start(_free_port(), for_people=False)
    atexit.register(server.end)
    with temporary_settings({PREFECT_API_URL: f"{server.url}/api"}):
        yield server.wait_until_ready


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _serve(port: str, ui: str) -> None:
    """Is the server, in its own process."""
    Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", port, ui]
    runpy.run_module("prefect", run_name="__main__")


def _end_with_parent() -> None:
    sys.stdin.read()  # until there is nobody left who could write, however that came
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
