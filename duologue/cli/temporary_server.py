"""The Prefect server of a single run, for where none is configured.

The server is a process of its own: this file, run as a script, which imports Prefect and nothing
of Duologue.
"""

import atexit
import gc
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from duologue.cli.child_process import ChildProcess

SECONDS_TO_START = 600
"""It takes about three, and many more on a busy machine or a slow disk."""

EMPTY_DATABASE = Path(__file__).with_name("prefect_database.sql")
"""Prefect's database as the migrations of the oldest supported Prefect leave it, without rows.

A new SQLite database starts from it, because the first 100 migrations take 3 s of computing. Newer
Prefects add their own migrations to it, as they do to every older database. `make lock` writes it.
"""

SETTINGS = {
    # Nobody opens this server's UI, so it needs no list of block types. A server that does have a
    # UI registers them when it starts; the record of what was registered must not claim otherwise.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
}


@dataclass(frozen=True)
class ServerStart:
    """A temporary server that was started, and may not be ready yet."""

    child: "ChildProcess | None"
    """None if the environment names a server."""
    port: int
    errors: IO[bytes]
    """What the child printed."""
    until_ready: ExitStack
    """Kills the child."""

    @contextmanager
    def use(self) -> Iterator[Callable[[], None]]:
        """Lets the flow in the block use the server, or the one that Prefect's settings name.

        Yields:
            Waits until the server is ready, or checks the one that is configured; call it before
            the flow. Raises UsageError if the server does not start, or cannot be used.

        Raises:
            UsageError: Prefect does not accept its settings.
        """
        from duologue.cli.prefect_server import check_server, check_settings

        check_settings()
        if self.child is None or not _is_wanted():
            yield check_server
            return
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with (
            temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{self.port}/api"}),
            closing(HTTPConnection("127.0.0.1", self.port)) as connection,
        ):
            yield partial(self._wait, self.child, connection)

    def _wait(self, child: "ChildProcess", connection: HTTPConnection) -> None:
        from duologue.cli.prefect_server import start_failure
        from duologue.errors import UsageError

        if not listens_in_time(child.popen, self.port):
            self.errors.seek(0)
            raise UsageError(start_failure(self.errors.read().decode(errors="replace")))
        self.until_ready.pop_all()
        atexit.register(child.stop)
        # Nobody waits for the answer. The server takes 0.3 s for its first one, in which this
        # process can still import.
        connection.request("GET", "/api/admin/version")


@contextmanager
def temporary_server() -> Iterator[ServerStart]:
    """Starts a server for the flow that runs in the block, unless the environment names one.

    Prefect would start one on its own, but only when the flow begins. This one starts while the
    command still checks and imports, so a run begins seconds earlier. Nothing of Prefect is
    imported here. The server stays until this process ends; by then Prefect has sent it all events
    and logs.

    Yields:
        The server; if the block ends before it was used and ready, it is killed.
    """
    # Here, because the server's own process imports nothing of Duologue.
    from duologue.cli.child_process import ChildProcess, kill_group

    with TemporaryFile() as errors, ExitStack() as until_ready:
        if os.environ.get("PREFECT_API_URL", "").strip():
            yield ServerStart(None, 0, errors, until_ready)
            return
        os.environ.pop("PREFECT_API_URL", None)  # Prefect takes a blank for a URL
        port = _free_port()
        child = ChildProcess.start(
            __file__,
            str(port),
            environment={**os.environ, **SETTINGS},
            output=subprocess.DEVNULL,
            errors=errors,
        )
        # Until it is ready there is nothing that it would record, and it does not end in order.
        until_ready.callback(kill_group, child.popen.pid)
        yield ServerStart(child, port, errors, until_ready)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _is_wanted() -> bool:
    """Checks whether a profile or file of Prefect's names no server and allows a temporary one."""
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_ENABLED

    return not PREFECT_API_URL.value() and PREFECT_SERVER_EPHEMERAL_ENABLED.value()


def listens_in_time(server: subprocess.Popen[bytes], port: int) -> bool:
    """Waits until a Prefect server accepts connections, which it does once it is ready.

    Returns:
        Whether it does; False if it has ended, or takes too long.
    """
    deadline = time.monotonic() + SECONDS_TO_START
    while not _listens(port):
        if server.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _create_database() -> None:
    """Creates Prefect's default database from EMPTY_DATABASE, unless it exists."""
    from prefect.settings import PREFECT_HOME, PREFECT_SERVER_DATABASE_CONNECTION_URL

    file = PREFECT_HOME.value() / "prefect.db"
    if file.exists() or PREFECT_SERVER_DATABASE_CONNECTION_URL.value() != (
        f"sqlite+aiosqlite:///{file}"
    ):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent) as folder:
        new = Path(folder, file.name)
        with closing(sqlite3.connect(new)) as database:
            database.executescript(EMPTY_DATABASE.read_text())
        # A whole file or none, and never in place of another run's.
        with suppress(FileExistsError):
            os.link(new, file)


def _serve(port: str) -> None:
    """Runs the server, in its own process."""
    gc.disable()  # else it looks through all imports for garbage, which takes 0.5 s
    gc.disable()  # else all that is imported is searched for garbage, which takes 0.5 s
    if not _is_wanted():
        return
    import uvicorn
    from prefect.server.api.server import create_app

    _create_database()
    # Ephemeral: without the UI, the scheduler, and other services that a single run does not need.
    app = create_app(ephemeral=True, final=True)
    gc.freeze()
    gc.enable()
    gc.freeze()
    gc.enable()
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    _serve(*sys.argv[1:])
