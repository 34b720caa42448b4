"""The Prefect server of a single run, for where none is configured.

The server is a process of its own: this file, run as a script, which imports Prefect and nothing
of Duologue.
"""

import atexit
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

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


@contextmanager
def temporary_server() -> Iterator[Callable[[], None]]:
    """Starts a server for the flow that runs in the block, unless one is configured.

    Prefect would start one on its own, but only when the flow begins. This one starts while the
    flow is imported, so a run begins seconds earlier. It stays until this process ends; by then
    Prefect has sent it all events and logs.

    Yields:
        Waits until the server is ready, or checks the one that is configured; call it before the
        flow. Raises UsageError if the server does not start, or cannot be used.

    Raises:
        UsageError: Prefect does not accept its settings.
    """
    # Here, because the server's own process imports nothing of Duologue.
    from duologue.cli.child_process import ChildProcess, kill_group
    from duologue.cli.prefect_server import check_server, check_settings, start_failure
    from duologue.errors import UsageError

    if not os.environ.get("PREFECT_API_URL", "").strip():
        os.environ.pop("PREFECT_API_URL", None)  # Prefect takes a blank for a URL
    else:
        check_settings()
        yield check_server
        return
    port = _free_port()
    with TemporaryFile() as errors, ExitStack() as until_ready:
        # Started before Prefect is imported here, which takes a second; it reads the same settings.
        server = ChildProcess.start(
            __file__,
            str(port),
            environment={**os.environ, **SETTINGS},
            output=subprocess.DEVNULL,
            errors=errors,
        )
        # Until it is ready there is nothing that it would record, and it does not end in order.
        until_ready.callback(kill_group, server.popen.pid)

        def wait() -> None:
            if not listens_in_time(server.popen, port):
                errors.seek(0)
                raise UsageError(start_failure(errors.read().decode(errors="replace")))
            until_ready.pop_all()
            atexit.register(server.stop)

        check_settings()
        if not _is_wanted():
            yield check_server
            return
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
            yield wait


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
    if not _is_wanted():
        return
    import uvicorn
    from prefect.server.api.server import create_app

    _create_database()
    # Ephemeral: without the UI, the scheduler, and other services that a single run does not need.
    app = create_app(ephemeral=True, final=True)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    _serve(*sys.argv[1:])
