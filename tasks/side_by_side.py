"""Running much at a time on one event loop, as the flows do it."""

import asyncio
import gc
import math
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Sequence
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
"""So many more jobs than may be in flight have begun and are not over, before more begin. While
Prefect starts a task run and records another, which takes it some 10 ms of computing each, as many
as allowed go on."""

NEW_OBJECTS = 10_000
"""So many more objects come before the garbage collector looks at them, which takes a run some MB
of memory; 700 is Python's default."""

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
    run: Callable[[Item], Coroutine[Any, Any, None]], items: Iterable[Item]
) -> None:
    """Runs all items at the same time.

    Raises:
        BaseException: the first that one of them raised; the others are cancelled then.
    """
    with _first_error():
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(run(item))


async def batch_by_batch(
    run: Callable[[Sequence[Item]], Coroutine[Any, Any, None]],
    batches: Iterable[Sequence[Item]],
    room: asyncio.Semaphore,
) -> None:
    """Runs batches at the same time, each from when there is room for all of its jobs.

    Args:
        run: what is run for a batch. It gives the room back, job by job.
        batches: in the order in which they begin.
        room: from `room_for`.

    Raises:
        BaseException: the first that one of them raised; the others are cancelled then.
    """
    with _first_error():
        async with asyncio.TaskGroup() as group:
            for batch in batches:
                for _ in batch:
                    await room.acquire()
                group.create_task(run(batch))


def room_for(batches: Sequence[Sequence[object]], max_concurrency: int) -> asyncio.Semaphore:
    """Makes room for the jobs that have begun, in flight or not.

    A job takes it from when its task run begins until it is over, so also while it waits for its
    retry: where all fail, no others begin. One that waits holds up no batch.
    """
    largest = max(map(len, batches), default=1)
    return asyncio.Semaphore(math.ceil(max_concurrency * (1 + AHEAD)) + largest - 1)


@contextmanager
def _first_error() -> Iterator[None]:
    try:
        yield
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


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
def little_garbage_collection() -> Iterator[None]:
    """Lets the garbage collector look seldom, and not at what is in memory by now.

    That is mostly Prefect and the Vellum SDK. By its defaults it takes a tenth of a run's computing
    to look again and again through what a run holds, and finds next to nothing.
    """
    thresholds = gc.get_threshold()
    gc.freeze()  # without a collection before, which takes a quarter of a second
    gc.set_threshold(NEW_OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def tell(progress: Progress, *, failed: bool) -> None:
    """Counts a job that is over, and tells whoever watches."""
    if failed:
        progress.failed += 1
    else:
        progress.succeeded += 1
    watch_progress.get()(progress)


def stop_if_hopeless(ended: Collection[object], of: int, what: str) -> None:
    """Stops a run as soon as its first jobs to end have all failed fatally.

    Args:
        ended: what became of the jobs that are over, good or a `Failure`.
        of: how many jobs there are.
        what: what they are, in the plural.

    Raises:
        RunStoppingError: so it is.
    """
    if len(ended) != min(FATAL_BEFORE_STOP, of):
        return
    reasons = [job.reason for job in ended if _failed_fatally(job)]
    if len(reasons) == len(ended):
        raise RunStoppingError(
            f"the first {len(ended)} {what} all failed, so the run stopped; {reasons[0]}"
        )


def _failed_fatally(job: object) -> TypeGuard[Failure]:
    return getattr(job, "error_class", None) == FatalError.__name__


async def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Tells Prefect whether to try a task run again."""
    return isinstance(await state.aresult(raise_on_failure=False), TransientError)
