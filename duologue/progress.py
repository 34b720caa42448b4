"""How far a run is, for whoever watches it."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """Conversations of a run: all of them, and how many are over."""

    version: str
    """The dataset's version that the run makes."""
    total: int
    simulated: int = 0
    failed: int = 0

    @property
    def percent(self) -> float:
        """How many of the conversations are over, from 0 to 100."""
        return 100 * (self.simulated + self.failed) / self.total if self.total else 100.0


watch_progress: ContextVar[Callable[[Progress], None]] = ContextVar(
    "watch_progress", default=lambda progress: None
)
"""Called on the run's event loop whenever a conversation is over. The command line draws its bar
with it: a flow's parameters are stored by Prefect's server, so that no function can be passed."""
