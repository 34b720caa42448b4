"""How far a run is, for whoever watches it."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """What a run does many times: how often in all, and how often it is over."""

    name: str
    """Of what the run makes: a dataset's version, or an evaluation."""
    total: int
    doing: str
    """As in `simulating`."""
    of: str
    """As in `conversations`."""
    succeeded: int = 0
    failed: int = 0

    @property
    def percent(self) -> float:
        """How many of them are over, from 0 to 100."""
        return 100 * (self.succeeded + self.failed) / self.total if self.total else 100.0


watch_progress: ContextVar[Callable[[Progress], None]] = ContextVar(
    "watch_progress", default=lambda progress: None
)
"""Called on the run's event loop before the first, and whenever one of them is over. The command
line draws its bar with it: a flow's parameters are stored by Prefect's server, so that no function
can be passed."""
