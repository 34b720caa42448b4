"""Writes versions and is cut short while at it. Run by test_cut_short.py, in a process of its own.

python -m tests.processes.writer_cut_short HOW OUTPUT
    kill, interrupt: forks a writer for each file operation, which is cut short at just that one
    kill_clearing_up: forks writers that are interrupted when the manifest is just there, each
        killed at another operation of clearing up
    kill_removing: for each file operation, copies OUTPUT/before to OUTPUT/0, OUTPUT/1, …, and forks
        a remover of all versions but the newest, which is killed at just that operation
    overtaken: writes and publishes a version; just before latest.json is replaced, another run
        writes and publishes a newer one, and removes all others
    nights:COUNT: writes and publishes COUNT versions, and removes all but the newest after each
    on_and_on: writes and publishes versions until it is killed
    limit:BYTES: writes one version while no file may grow beyond BYTES bytes
    once: writes and publishes one version
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

from duologue.errors import ExportError
from duologue.versions.history import remove_outdated
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder, new_version
from duologue.versions.writing import write_version
from tests.dataset.making import many

INTERRUPTED = 3
TEXT = random.Random(1).randbytes(200).hex()  # so that compression leaves something of it


def write_and_publish(output: str) -> None:
    """Writes one version of its own and publishes it."""
    version = new_version(datetime.now(UTC), str(uuid.uuid4()))
    publish_latest(write_version(DatasetFolder(output, "shop"), version, many(20, TEXT)))


def cut_short_at(operation: int, how: str, output: str) -> None:
    """Writes a version, and at this file operation is killed, or interrupted as by Ctrl-C.

    Python tells an audit hook of each file that is opened, renamed or removed, just before.
    """
    operations = count()
    written = False

    def cut_short(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal written
        on_output = any(str(argument).startswith(output) for argument in arguments)
        clearing_up = written and event.startswith(("os.", "shutil."))  # by names without a folder
        if not on_output and not clearing_up:
            return
        if how != "kill_clearing_up":
            if next(operations) == operation:
                end(how)
        elif written:
            now = next(operations)
            if now == 0:
                end("interrupt")
            if now == operation + 1:
                end("kill")
        written |= event == "os.rename" and str(arguments[1]).endswith("manifest.json")

    sys.addaudithook(cut_short)
    write_and_publish(output)


def kill_removing(output: str) -> int:
    """Says how many file operations the removal takes."""
    for operation in count():
        shutil.copytree(f"{output}/before", f"{output}/{operation}")
        remover = os.fork()
        if remover == 0:
            operations = count()

            def cut_short(
                event: str,
                arguments: tuple[object, ...],
                operations: Iterator[int] = operations,
                last: int = operation,
            ) -> None:
                if event.startswith(("open", "os.", "shutil.")) and next(operations) == last:
                    end("kill")

            sys.addaudithook(cut_short)
            remove_outdated(DatasetFolder(f"{output}/{operation}", "shop"), 1)
            os._exit(0)
        _, status = os.waitpid(remover, 0)
        if status == 0:
            return operation
    raise AssertionError


def write_overtaken(output: str) -> None:
    """Publishes a version that is outdated and removed the moment before."""
    overtaken = False

    def overtake(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal overtaken
        if event == "os.rename" and str(arguments[1]).endswith("latest.json") and not overtaken:
            overtaken = True
            # From the same second on, the later run's version is the one that is published.
            time.sleep(1)
            command = [sys.executable, "-m", "tests.processes.writer_cut_short", "nights:1", output]
            subprocess.run(command, check=True)

    sys.addaudithook(overtake)
    write_and_publish(output)


def end(how: str) -> None:
    """Ends this process in the requested way."""
    if how == "interrupt":
        raise KeyboardInterrupt
    os.kill(os.getpid(), signal.SIGKILL)


def at_every_operation(how: str, output: str) -> int:
    """Cuts a writer short at each operation, until one has fewer than that; says how many."""
    last = INTERRUPTED if how == "kill_clearing_up" else 0
    for operation in count():
        writer = os.fork()
        if writer == 0:
            try:
                cut_short_at(operation, how, output)
            except KeyboardInterrupt:
                os._exit(INTERRUPTED)
            os._exit(0)
        _, status = os.waitpid(writer, 0)
        if os.waitstatus_to_exitcode(status) == last:
            return operation
    raise AssertionError


if __name__ == "__main__":
    _, how, output = sys.argv
    if how in ("kill", "interrupt", "kill_clearing_up"):
        write_and_publish("memory://what is imported late is imported here")
        sys.stdout.write(str(at_every_operation(how, output)))
    elif how == "kill_removing":
        sys.stdout.write(str(kill_removing(output)))
    elif how == "overtaken":
        write_overtaken(output)
        (version,) = DatasetFolder(output, "shop").versions()
        sys.stdout.write(version)
    elif how.startswith("nights:"):
        for _night in range(int(how.removeprefix("nights:"))):
            write_and_publish(output)
            remove_outdated(DatasetFolder(output, "shop"), 1)
    elif how == "on_and_on":
        os.write(1, b"ready\n")
        while True:
            write_and_publish(output)
    else:
        if how.startswith("limit:"):
            most = int(how.removeprefix("limit:"))
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            write_and_publish(output)
        except ExportError as error:
            os.write(2, str(error).encode())
            os._exit(4)
