"""The Prefect server that the command line starts if none is configured."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from duologue.cli.temporary_server import EMPTY_DATABASE

DUOLOGUE = Path(sys.executable).parent / "duologue"
SECONDS = 600
BOTS = """
import time
def reply(chat_history):
    with open("calls.log", "a") as log:
        print(len(chat_history), file=log)
    time.sleep(0.1)
    return f"Reply {len(chat_history)} about {sum(map(ord, chat_history[0].text))}."
"""

INTERRUPTED_AT = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Watch())
from duologue.__main__ import main
main()
"""
"""Gets a signal as it imports a module."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "prefect"


@pytest.fixture
def generating(tmp_path: Path, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Simulates for a while, as a terminal runs it: in a process group of its own."""
    (tmp_path / "bots.py").write_text(BOTS)
    (tmp_path / "seeds.csv").write_text("".join(f"Question {n}?\n" for n in range(190)))
    process = _started(tmp_path, home, "--chatbot", "python:bots:reply", "--max-concurrency", "2")
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def _started(folder: Path, home: Path, *options: str) -> subprocess.Popen[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    return subprocess.Popen(
        [DUOLOGUE, "generate", "seeds.csv", *options],
        cwd=folder,
        env={**inherited, "PREFECT_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A child of a shell's background job ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _server_of(process: subprocess.Popen[str], folder: Path) -> psutil.Process:
    """Waits until conversations are simulated, and finds the server that records them."""
    _wait_until((folder / "calls.log").exists)
    (server,) = psutil.Process(process.pid).children()
    return server


def test_ctrl_c_in_a_terminal_leaves_the_server_to_record_how_the_run_ended(
    generating: subprocess.Popen[str], tmp_path: Path, home: Path
) -> None:
    server = _server_of(generating, tmp_path)
    os.killpg(generating.pid, signal.SIGINT)
    shown, _ = generating.communicate(timeout=SECONDS)
    assert generating.returncode == 130
    assert "Traceback" not in shown
    assert "To continue, repeat the command with --resume " in shown
    assert not server.is_running()
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        assert database.execute("SELECT state_type FROM flow_run").fetchall() == [("CRASHED",)]


def test_sigterm_ends_a_run_as_ctrl_c_does(
    generating: subprocess.Popen[str], tmp_path: Path, home: Path
) -> None:
    server = _server_of(generating, tmp_path)
    generating.terminate()
    shown, _ = generating.communicate(timeout=SECONDS)
    assert generating.returncode == 143
    assert "Traceback" not in shown
    assert "To continue, repeat the command with --resume " in shown
    assert not server.is_running()
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        assert database.execute("SELECT state_type FROM flow_run").fetchall() == [("CRASHED",)]


@pytest.mark.parametrize(
    ("module", "number", "exit_code"),
    [
        ("duologue.cli.generate", signal.SIGINT, 130),
        ("duologue.versions.writing", signal.SIGTERM, 143),
        ("prefect.settings", signal.SIGINT, 130),
        ("duologue.flows.generate_dataset", signal.SIGTERM, 143),
        ("fastapi.encoders", signal.SIGINT, 130),
    ],
)
def test_a_signal_while_something_is_imported_ends_the_command_with_a_sentence(
    tmp_path: Path, home: Path, module: str, number: int, exit_code: int
) -> None:
    (tmp_path / "seeds.csv").write_text("Question?\n")
    script = INTERRUPTED_AT.format(module=module, number=int(number))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-c", script, "generate", "seeds.csv"],
        cwd=tmp_path,
        env={**inherited, "PREFECT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == exit_code, done.stderr
    assert "Stopped before anything was " in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("datasets/*/2*"))


def test_a_signal_after_the_version_is_written_says_that_it_is(tmp_path: Path, home: Path) -> None:
    (tmp_path / "seeds.csv").write_text("Question?\n")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    unread, full = os.pipe()
    os.write(full, b" " * fcntl.fcntl(full, fcntl.F_GETPIPE_SZ))
    process = subprocess.Popen(
        [DUOLOGUE, "generate", "seeds.csv", "--format", "json"],
        cwd=tmp_path,
        env={**inherited, "PREFECT_HOME": str(home)},
        stdout=full,  # so it cannot end before somebody reads
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while not process.stderr.readline().startswith("Report: "):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS)
    os.close(unread)
    os.close(full)
    (version,) = (tmp_path / "datasets" / "seeds").glob("2*")
    assert process.returncode == 130, said
    assert said.endswith(f"Stopped; {version.name} is written already.\n"), said
    assert "Traceback" not in said


def test_it_ends_with_a_run_that_is_killed(
    generating: subprocess.Popen[str], tmp_path: Path
) -> None:
    server = _server_of(generating, tmp_path)
    generating.kill()
    _wait_until(lambda: not server.is_running())


def test_one_that_does_not_start_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("Question?\n")
    (tmp_path / "file").touch()
    process = _started(tmp_path, tmp_path / "file" / "prefect")
    shown, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert "Error: the Prefect server did not start: " in shown
    assert str(tmp_path / "file" / "prefect") in shown
    assert "Traceback" not in shown


def test_it_starts_before_the_checks_and_ends_if_they_fail(tmp_path: Path, home: Path) -> None:
    (tmp_path / "seeds.csv").write_text("Question?\n")
    (tmp_path / "my_rules.py").write_text(
        "import psutil\n"
        "for child in psutil.Process().children():\n"
        "    print(child.pid, file=open('children', 'a'))\n"
        "raise ValueError('scripted to fail')\n"
    )
    rule = 'rules.own_rules=["python:my_rules:rule"]'
    process = _started(tmp_path, home, "--set", rule)
    shown, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert "my_rules" in shown
    (server,) = (tmp_path / "children").read_text().split()
    assert not psutil.pid_exists(int(server))


def test_the_database_of_a_newer_prefect_is_reported(tmp_path: Path, home: Path) -> None:
    (tmp_path / "seeds.csv").write_text("Question?\n")
    home.mkdir()
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        database.executescript(EMPTY_DATABASE.read_text())
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        database.commit()
    process = _started(tmp_path, home)
    shown, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert "its database was made by a newer Prefect; upgrade Prefect, or set PREFECT_HOME" in shown
    assert "Traceback" not in shown


def test_it_records_every_task_run_and_leaves_block_types_to_a_server_with_a_ui(
    tmp_path: Path, home: Path
) -> None:
    (tmp_path / "seeds.csv").write_text("".join(f"Question {n}?\n" for n in range(12)))
    shown, _ = _started(tmp_path, home, "--turns", "1").communicate(timeout=SECONDS)
    assert "Report: " in shown
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        assert database.execute("SELECT state_type FROM flow_run").fetchall() == [("COMPLETED",)]
        task_runs = database.execute("SELECT name, state_type FROM task_run").fetchall()
    assert len([name for name, _ in task_runs if name.startswith("simulate-")]) == 12
    assert {state for _, state in task_runs} == {"COMPLETED"}
    # Prefect would note there which block types the database has.
    assert not (home / "memo_store.toml").exists()


def test_it_is_not_used_where_a_file_of_prefects_names_a_server(
    tmp_path: Path, home: Path, prefect_server: str
) -> None:
    (tmp_path / "prefect.toml").write_text(f'[api]\nurl = "{prefect_server}"\n')
    (tmp_path / "seeds.csv").write_text("Question?\n")
    shown, _ = _started(tmp_path, home, "--turns", "1").communicate(timeout=SECONDS)
    assert "Report: " in shown
    assert not (home / "prefect.db").exists()


def test_its_new_database_is_what_prefects_migrations_make(tmp_path: Path) -> None:
    schemas = []
    for folder in (tmp_path / "migrated", tmp_path / "created"):
        folder.mkdir()
        if folder.name == "created":
            with closing(sqlite3.connect(folder / "prefect.db")) as database:
                database.executescript(EMPTY_DATABASE.read_text())
        migrate = (
            "import asyncio; from prefect.server.database import provide_database_interface as db; "
            "asyncio.run(db().create_db())"
        )
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        subprocess.run(
            [sys.executable, "-c", migrate],
            env={**inherited, "PREFECT_HOME": str(folder)},
            check=True,
        )
        with closing(sqlite3.connect(folder / "prefect.db")) as database:
            lines = "\n".join(database.iterdump()).splitlines()
        # SQLite keeps constraints and indexes in the order in which they were made.
        schemas.append(Counter(line.strip().rstrip(",") for line in lines))
    assert schemas[0] == schemas[1]
