"""Processes that the command line starts, and that end when it ends, however it ends.

A child is this file, run as a script: it watches a pipe from its parent, and runs a module or
another file under that watch. As a script it imports nothing of Duologue, so that it starts fast.
"""

import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

SECONDS_TO_STOP = 20
"""A worker first waits for its flow runs to report that they were stopped."""


@dataclass(frozen=True)
class ChildProcess:
    """A process that was started here, in a process group of its own.

    Ctrl-C in a terminal does not reach the group: this process catches it and decides what to stop,
    and in which order.
    """

    popen: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls,
        *command: str,
        environment: Mapping[str, str] | None = None,
        output: int | IO[bytes] | None = None,
        errors: int | IO[bytes] | None = None,
    ) -> "ChildProcess":
        """Starts a child.

        Args:
            command: a module, such as `prefect`, or a Python file, then its arguments.
            environment: the child's; this process's if None.
            output: where its standard output goes, as for `subprocess.Popen`.
            errors: where its standard error goes.
        """
        return cls(
            subprocess.Popen(
                # -P: nothing in the working directory, such as the user's tasks.py, shadows a
                # module that Prefect imports.
                [sys.executable, "-P", __file__, *command],
                env=environment,
                stdin=subprocess.PIPE,  # never written to: it closes when this process ends
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        )

    @property
    def has_ended(self) -> bool:
        """Whether the child itself ended; what it started may still run."""
        return self.popen.poll() is not None

    def stop(self) -> None:
        """Ends the child and everything it started, and waits until they have ended."""
        _signal_group(self.popen.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(SECONDS_TO_STOP)
        kill_group(self.popen.pid)
        self.popen.wait()


def kill_group(leader: int) -> None:
    """Kills a process group, if it still exists."""
    _signal_group(leader, signal.SIGKILL)


def _signal_group(leader: int, number: signal.Signals) -> None:
    # PermissionError: macOS's answer where only processes are left that have ended.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _end_with_parent() -> None:
    """Waits for the parent's end, then ends this process group."""
    os.read(sys.stdin.fileno(), 1)  # returns once nobody is left who could write
    _signal_group(os.getpgrp(), signal.SIGTERM)
    time.sleep(SECONDS_TO_STOP)
    kill_group(os.getpgrp())


def _run(target: str, *arguments: str) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = [target, *arguments]
    if Path(target).suffix == ".py":
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run(*sys.argv[1:])
