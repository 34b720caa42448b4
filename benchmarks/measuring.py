"""What the benchmarks have in common: the work, where it runs, and what is measured of it."""

import json
import os
import resource
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from duologue.cli.local_run import PREFECT_DEFAULTS

REPOSITORY = Path(__file__).parent.parent

TURNS = 3
CALLS_PER_SEED = 2 * TURNS


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

    def save(self, file: str) -> None:
        """Writes it for the process that compares."""
        Path(file).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, file: Path) -> "Measurement":
        """Reads what another process saved."""
        return cls(**json.loads(file.read_text()))


def environment(vellum_url: str, prefect_home: Path) -> dict[str, str]:
    """The environment that the command line makes, for somebody who is new to Prefect."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "VELLUM_"))}
    return {
        **inherited,
        **PREFECT_DEFAULTS,
        "PREFECT_HOME": str(prefect_home),
        "VELLUM_API_URL": vellum_url,
        "VELLUM_API_KEY": "any",
    }


def calls_of(vellum_url: str) -> int:
    """How many calls the stand-in was sent so far."""
    with urllib.request.urlopen(f"{vellum_url}/_control/totals") as answer:
        return int(json.load(answer)["requests"])


@contextmanager
def measured() -> Iterator[Measurement]:
    """Measures the work in its block; `valid` is for the caller to fill in."""
    measurement = Measurement(began_at=time.time())
    began, cpu_before = time.monotonic(), time.process_time()
    yield measurement
    measurement.seconds = time.monotonic() - began
    measurement.cpu_seconds = time.process_time() - cpu_before
    measurement.peak_mb = _peak_mb()


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, else kilobytes
