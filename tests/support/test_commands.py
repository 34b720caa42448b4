"""A command that is forked off the warm process is as much a process of its own as any other."""

import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.support.commands import duologue, forked, run_script

SHOWS_ALL_IT_HAS = """
import json, os, sys
has = [__name__, sys.argv, sys.path[0], os.getcwd()]
print(json.dumps([*has, dict(os.environ), sys.stdin.read(), os.getpid()]))
print("Ünlike", file=sys.stderr)
"""


def script(folder: Path, content: str) -> Path:
    file = folder / "script.py"
    file.write_text(content)
    return file


def test_a_script_has_what_it_is_given_and_nothing_of_the_tests(tmp_path: Path) -> None:
    shows = script(tmp_path, SHOWS_ALL_IT_HAS)
    cwd = tmp_path / "elsewhere"
    cwd.mkdir()
    done = run_script(shows, "--é", cwd=cwd, environment={"PREFECT_HOME": "/x"}, answer="yes\n")
    *has, environment, answer, pid = json.loads(done.stdout)
    assert has == ["__main__", [str(shows), "--é"], str(tmp_path), str(cwd)]
    assert environment["PREFECT_HOME"] == "/x"
    assert "PATH" not in environment
    assert (answer, done.stderr) == ("yes\n", "Ünlike\n")
    assert pid != os.getpid()


@pytest.mark.parametrize(
    ("content", "exit_code", "told"),
    [
        ("", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('no')", 1, "no\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("import atexit; atexit.register(print, 'bye', file=__import__('sys').stderr)", 0, "bye\n"),
    ],
)
def test_it_ends_as_it_would_on_its_own(
    tmp_path: Path, content: str, exit_code: int, told: str
) -> None:
    done = run_script(script(tmp_path, content), cwd=tmp_path)
    assert done.returncode == exit_code
    assert done.stderr.endswith(told)
    assert bool(done.stderr) == bool(told)


def test_prefect_reads_its_settings_from_the_commands_own_environment(tmp_path: Path) -> None:
    shows = script(
        tmp_path,
        "import logging, prefect.settings as s\n"
        "print(s.PREFECT_API_URL.value(), s.PREFECT_HOME.value(), "
        "s.PREFECT_LOGGING_LEVEL.value(), logging.getLogger('prefect').level)",
    )
    environment = {
        "PREFECT_API_URL": "http://here/api",
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }
    done = run_script(shows, cwd=tmp_path, environment=environment)
    assert done.stdout.split() == ["http://here/api", str(tmp_path / "home"), "ERROR", "40"]
    done = run_script(shows, cwd=tmp_path, environment={"HOME": str(tmp_path / "other")})
    assert done.stdout.split() == ["None", str(tmp_path / "other" / ".prefect"), "INFO", "20"]


def test_settings_that_the_warm_process_has_read_are_those_of_the_command(tmp_path: Path) -> None:
    shows = script(
        tmp_path,
        "import prefect.settings as s\n"
        "print(s.PREFECT_API_URL.value(), s.PREFECT_LOGGING_LEVEL.value())",
    )
    environment = {"HOME": os.environ["HOME"], "PREFECT_API_URL": "http://here/api"}
    elsewhere = environment | {"PREFECT_API_URL": "http://there/api"}
    shown = [
        run_script(shows, cwd=tmp_path, environment=one).stdout.split()
        for one in (environment, elsewhere, elsewhere, environment)
    ]
    assert [url for url, _ in shown] == [
        "http://here/api",
        "http://there/api",
        "http://there/api",
        "http://here/api",
    ]
    (tmp_path / "prefect.toml").write_text('[logging]\nlevel = "ERROR"\n')
    done = run_script(shows, cwd=tmp_path, environment=environment)
    assert done.stdout.split() == ["http://here/api", "ERROR"]


def test_the_streams_have_the_encoding_that_is_asked_for(tmp_path: Path) -> None:
    prints = script(tmp_path, "print('\u00e9')")
    for encoding, written in (("cp1252", "\udce9\n"), ("utf-8", "\u00e9\n")):
        environment = {"PYTHONIOENCODING": encoding}
        assert run_script(prints, cwd=tmp_path, environment=environment).stdout == written


def test_a_command_whose_test_has_left_is_killed(tmp_path: Path) -> None:
    sleeps = script(
        tmp_path, "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(3600)\n"
    )
    with open(os.devnull, "w+") as nothing:
        connection = forked(
            {
                "command": [str(sleeps)],
                "cwd": str(tmp_path),
                "environment": {},
                "detached": False,
            },
            (nothing, nothing, nothing),
        )
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        pid = int((tmp_path / "pid").read_text())
        connection.close()
    while psutil.pid_exists(pid):
        time.sleep(0.01)
    assert not psutil.pid_exists(pid)


def test_duologue_is_the_program_that_is_installed(tmp_path: Path) -> None:
    done = duologue("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage: duologue [OPTIONS]" in done.stdout
