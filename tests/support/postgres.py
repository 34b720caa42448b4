"""A PostgreSQL server for a Prefect server, of the packages that the machine has."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.prefect_processes import free_port

INSTALL = "Debian and Ubuntu: apt-get install postgresql"
DEBIANS_BINARIES = Path("/usr/lib/postgresql")


@contextmanager
def postgres() -> Iterator[str]:
    """Runs a PostgreSQL of its own, and gives the URL for PREFECT_SERVER_DATABASE_CONNECTION_URL.

    Its folder is none of pytest's: those are for the tests' own user, who may be root, and too long
    for a socket's path.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder, _server_in(Path(folder)) as url:
        yield url


@contextmanager
def _server_in(folder: Path) -> Iterator[str]:
    binaries = _binaries()
    user = "postgres" if os.getuid() == 0 else None
    if user is not None:  # PostgreSQL refuses root, for which Debian's package makes a user
        shutil.chown(folder, user)
    data = folder / "data"
    port = free_port()

    def run(*command: str | Path) -> None:
        subprocess.run(
            command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, timeout=600
        )

    run(
        binaries / "initdb", "--pgdata", data, "--username", "prefect", "--auth", "trust",
        "--encoding", "UTF8", "--no-sync",
    )  # fmt: skip
    # What a crash of the machine would lose matters to nobody here.
    settings = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c full_page_writes=off"
    log = folder / "postgres.log"
    run(binaries / "pg_ctl", "start", "--wait", "--pgdata", data, "-o", settings, "--log", log)
    try:
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
    finally:
        run(binaries / "pg_ctl", "stop", "--wait", "--pgdata", data, "--mode", "immediate")


def _binaries() -> Path:
    """Finds the newest PostgreSQL; without one, CI fails and anybody else's test is skipped."""
    if on_path := shutil.which("pg_ctl"):
        return Path(on_path).parent
    versions = sorted(DEBIANS_BINARIES.glob("*/bin/pg_ctl"), key=lambda p: float(p.parts[-3]))
    if versions:
        return versions[-1].parent
    if "CI" in os.environ:
        pytest.fail(f"PostgreSQL is not installed ({INSTALL})")
    pytest.skip(f"PostgreSQL is not installed ({INSTALL})")
