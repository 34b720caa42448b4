"""A clock that is set while processes run that go by it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")


class Clock:
    """A clock that can be set, for processes that are started with its environment.

    Not libfaketime: its sleeps and its waits for a thread mistake the monotonic clock for the one
    that is set, so that `time.sleep` fails with EINVAL, and a thread waits for hours.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._library = folder / "jumping_clock.so"
        compile_it = [_compiler(), "-shared", "-fPIC", "-O2", "-o", str(self._library)]
        subprocess.run([*compile_it, str(SOURCE), "-ldl"], check=True)
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "DUOLOGUE_CLOCK": str(self._file)}

    def set(self, seconds_wrong: int) -> None:
        """At once, for all of them."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds_wrong}\n")
        new.replace(self._file)


def _compiler() -> str:
    """Finds a C compiler; without one, CI fails and anybody else's test is skipped."""
    if found := shutil.which("cc"):
        return found
    message = "these tests need a C compiler; install one, on Debian with `apt-get install gcc`"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)
