"""Running `duologue` without starting a new Python each time.

To start Python and import Prefect, pyarrow and the Vellum SDK takes seconds of CPU; to fork a
process that has done so takes hundredths. A command that is run this way is a process of its own
all the same: with its own arguments, working directory, environment, standard streams and exit
code.

    done = duologue("generate", "seeds.csv", cwd=tmp_path, environment=environment)

A test of what a command imports, or of how it reacts to signals and limits, starts a new Python
instead.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.support import warm_process
from tests.support.warm_process import Request

BIN = Path(sys.executable).parent

SOCKET = "DUOLOGUE_TESTS_WARM_PROCESS"
"""The environment variable that leads the processes of a session to the warm process's socket."""

SECONDS_TO_RUN = 600
"""Generous: no test is about time, and the machine may be busy."""


def duologue(
    *arguments: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    answer: str = "",
) -> subprocess.CompletedProcess[str]:
    """Runs the command `duologue` to its end.

    Args:
        arguments: what follows `duologue`.
        cwd: the working directory.
        environment: the whole of it; that of the tests if None.
        answer: what the person types.
    """
    return run_script(BIN / "duologue", *arguments, cwd=cwd, environment=environment, answer=answer)


def duologue_in_new_python(
    *arguments: str | Path, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs the command `duologue` in a Python that has imported nothing yet."""
    return subprocess.run(
        [BIN / "duologue", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_RUN,
        check=False,
    )


def run_script(
    script: Path,
    *arguments: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    answer: str = "",
) -> subprocess.CompletedProcess[str]:
    """Runs any Python script, like `duologue`."""
    with _text_file(answer) as typed, _text_file() as output, _text_file() as errors:
        request: Request = {
            "command": [str(script), *map(str, arguments)],
            "cwd": str(cwd),
            "environment": dict(os.environ if environment is None else environment),
            "detached": False,
        }
        with forked(request, (typed, output, errors)) as connection:
            exit_code = exit_code_of(connection)
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(
            request["command"], exit_code, output.read(), errors.read()
        )


FORKING = f"""#!{sys.executable} -I
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.support.commands import BIN, exit_code_of, forked
request = dict(
    command=[str(BIN / "duologue"), *sys.argv[1:]],
    cwd=os.getcwd(),
    environment=dict(os.environ),
    detached=False,
)
with forked(request, (sys.stdin, sys.stdout, sys.stderr)) as connection:
    code = exit_code_of(connection)
sys.exit(code if code >= 0 else 128 - code)
"""


def write_forking(program: Path) -> None:
    """Writes a program that is `duologue`, forked off the warm process, for what a shell runs."""
    program.parent.mkdir()
    program.write_text(FORKING)
    program.chmod(0o755)


def _text_file(content: str = "") -> IO[str]:
    # The caller closes it. Bytes that are not UTF-8 can be read from it, as PYTHONIOENCODING asks.
    file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    file.write(content)
    file.seek(0)
    return file


def forked(request: Request, streams: Sequence[IO[Any]]) -> socket.socket:
    """Forks a process off the warm one.

    Args:
        request: what it runs.
        streams: its standard input, output and error: files that have descriptors.

    Returns:
        The connection that the exit code comes by. To close it kills the process, unless it is
        detached.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(os.environ[SOCKET])
    with _text_file(json.dumps(request)) as content:
        files = [content.fileno(), *(stream.fileno() for stream in streams)]
        socket.send_fds(connection, [b"run"], files)
    return connection


def exit_code_of(connection: socket.socket) -> int:
    """Waits for a process's end and returns its exit code, negative for a signal."""
    connection.settimeout(SECONDS_TO_RUN)
    answer = connection.recv(16)
    assert answer, "the warm process ended"
    return int(answer)


@contextlib.contextmanager
def warm_process_running() -> Iterator[None]:
    """Runs the warm process for this process and all that it starts.

    It imports nothing until it is asked to run something. It ends when this process does, however
    that ends, and kills what it forked.
    """
    with tempfile.TemporaryDirectory(
        prefix="duologue-tests-", ignore_cleanup_errors=True
    ) as folder:
        path = Path(folder, "socket")
        command = [sys.executable, warm_process.__file__, str(path)]
        # In an empty folder, for Prefect to find no settings there.
        cwd = Path(folder, "empty")
        cwd.mkdir()
        with subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.PIPE, start_new_session=True
        ) as process:
            while not path.exists():
                assert process.poll() is None, "the warm process did not start"
                time.sleep(0.01)
            os.environ[SOCKET] = str(path)
            yield
            del os.environ[SOCKET]
