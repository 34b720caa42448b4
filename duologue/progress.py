"""How far a run has got, for whoever displays it."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol


class Growing(Protocol):
    """A conversation that is being simulated."""

    @property
    def messages(self) -> Sequence[Any]:
        """The messages so far; each has a role and a text."""
        ...


@dataclass(slots=True)
class Progress:
    """A counter of the jobs of one kind in a run."""

    name: str
    """What the run makes: a dataset's version, or an evaluation."""
    total: int
    doing: str
    """The verb, such as `simulating`."""
    of: str
    """The jobs, such as `conversations`."""
    succeeded: int = 0
    failed: int = 0
    growing: dict[str, Growing] = field(default_factory=dict)
    """The conversations in flight by id, in the order in which they started."""

    @property
    def percent(self) -> float:
        """The share of jobs that have succeeded or failed, from 0 to 100."""
        return 100 * (self.succeeded + self.failed) / self.total if self.total else 100.0


watch_progress: ContextVar[Callable[[Progress], None]] = ContextVar(
    "watch_progress", default=lambda progress: None
)
"""Called on the run's event loop before the first job, and after each. The command line draws its
progress bar with it: Prefect's server stores a flow's parameters, so a function cannot be one."""
