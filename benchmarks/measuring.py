"""What is measured of the work, within the process that does it.

Needs nothing but the standard library: other tools measure themselves with it, in environments
that lack Duologue.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

TURNS = 3
CALLS_PER_SEED = 2 * TURNS

Said = list[tuple[str, str]]
"""A conversation, as role (USER or ASSISTANT) and text of each message."""


@dataclass
class Measurement:
    """How a process simulated all seeds of a file."""

    began_at: float = 0
    """When the work began, in seconds since the epoch; start-up was over by then."""
    seconds: float = 0
    """How long the work took, by the clock on the wall."""
    cpu_seconds: float = 0
    """What this process computed during the work, without its children."""
    peak_mb: float = 0
    """The most memory this process held from its start to the end of the work."""
    valid: int = 0
    """Conversations that break no rule; of an evaluation, replies."""
    resume_seconds: float | None = None
    """How long the same run takes once more, with all its conversations kept; None where the way
    keeps nothing."""
    conversations: list[Said] = field(default_factory=list)
    """In the order of the seeds, for the comparing process to count what is valid; empty where
    the way itself tells."""

    def save(self, file: str) -> None:
        """Writes it for the process that compares."""
        Path(file).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, file: Path) -> "Measurement":
        """Reads what another process saved."""
        return cls(**json.loads(file.read_text()))


@contextmanager
def measured() -> Iterator[Measurement]:
    """Measures the work in its block; what came out of it is for the caller to fill in."""
    measurement = Measurement(began_at=time.time())
    began, cpu_before = time.monotonic(), time.process_time()
    yield measurement
    measurement.seconds = time.monotonic() - began
    measurement.cpu_seconds = time.process_time() - cpu_before
    measurement.peak_mb = _peak_mb()


def _peak_mb() -> float:
    # Not getrusage on Linux: there it holds, too, what the comparing process held when it started
    # this one.
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text()
        return int(re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.M)[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS
