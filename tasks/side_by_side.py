"""Running much at a time on one event loop, as the flows do it."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol, TypeGuard, TypeVar

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from duologue.errors import FatalError, RunStoppingError, TransientError
from duologue.progress import Progress, watch_progress

Item = TypeVar("Item")
Result = TypeVar("Result")

OF_THEIR_OWN = 200
"""So many jobs, at most, have a task run each. It costs some 10 ms of computing here and as much in
Prefect's server, which falls behind thousands of them; and nobody reads a list of so many."""

JOBS_IN_BATCH = 25
"""Beyond that so many share a task run: above 20, more make nothing faster."""

AHEAD = 0.5
"""So many more jobs than may be in flight are in task runs that have begun. While Prefect starts
one and records another, which takes it some 10 ms of computing each, as many as allowed go on."""

FATAL_BEFORE_STOP = 5
"""A run stops where the first jobs to end all fail fatally: five in a row and not one good one are
a wrong setting, and no accident of one seed's text."""


class Failure(Protocol):
    """A job that failed."""

    @property
    def error_class(self) -> str:
        """The error it ended with."""
        ...

    @property
    def reason(self) -> str:
        """That error's text."""
        ...


def in_batches(jobs: Sequence[Item], size: int | None) -> list[Sequence[Item]]:
    """Divides jobs among task runs, in order.

    Args:
        jobs: what is to be done.
        size: how many share a task run; None for as many as fit their number.
    """
    if size is None:
        size = 1 if len(jobs) <= OF_THEIR_OWN else JOBS_IN_BATCH
    remaining = iter(jobs)
    return list(iter(lambda: list(islice(remaining, size)), []))


async def side_by_side(
    run: Callable[[Item], Awaitable[Result]], items: Sequence[Item], at_a_time: int
) -> list[Result]:
    """Runs each item, beginning with the first, some at a time.

    Returns:
        What came of each, in the items' order.

    Raises:
        BaseException: the first that one of them raised; the others are cancelled then.
    """
    results: dict[int, Result] = {}
    remaining = iter(enumerate(items))

    async def work() -> None:
        for index, item in remaining:
            results[index] = await run(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_a_time, len(items))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [results[index] for index in range(len(items))]


async def to_its_end(keeping: Coroutine[Any, Any, Result]) -> Result:
    """Awaits what must not be left half done, also where it is cancelled once more meanwhile.

    A run that is cancelled from the UI ends by a signal: then asyncio cancels each of its tasks,
    and the task group, cancelled as well, cancels them a second time.
    """
    task = asyncio.create_task(keeping)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result


@contextmanager
def what_is_there_is_kept() -> Iterator[None]:
    """Spares what is in memory by now, mostly Prefect and the Vellum SDK, the garbage collector.

    To look through it again and again took a tenth of a run's computing.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def tell(progress: Progress, *, failed: bool) -> None:
    """Counts a job that is over, and tells whoever watches."""
    if failed:
        progress.failed += 1
    else:
        progress.succeeded += 1
    watch_progress.get()(progress)


def stop_if_hopeless(ended: Collection[object], of: int) -> None:
    """Stops a run as soon as its first jobs to end have all failed fatally.

    Args:
        ended: what became of the jobs that are over, good or a `Failure`.
        of: how many jobs there are.

    Raises:
        RunStoppingError: so it is.
    """
    if len(ended) != min(FATAL_BEFORE_STOP, of):
        return
    reasons = [job.reason for job in ended if _failed_fatally(job)]
    if len(reasons) == len(ended):
        raise RunStoppingError(
            f"the first {len(ended)} seeds all failed, so the run stopped; {reasons[0]}"
        )


def _failed_fatally(job: object) -> TypeGuard[Failure]:
    return getattr(job, "error_class", None) == FatalError.__name__


async def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Tells Prefect whether to try a task run again."""
    return isinstance(await state.aresult(raise_on_failure=False), TransientError)
