"""Running many coroutines on one event loop."""

import asyncio
import gc
import math
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

OVERCOMMIT = 0.5
"""Start up to 50 % more jobs than may be in flight, so that the loop stays busy while Prefect
records: it computes some 10 ms for each task run that it starts or ends."""

GC_THRESHOLD = 10_000
"""New objects before the garbage collector runs; Python's default is 700. Costs a few MB."""


def chunks(items: Iterable[Item], size: int) -> list[Sequence[Item]]:
    """Splits items into lists of a size, in order; the last may be shorter."""
    remaining = iter(items)
    return list(iter(lambda: list(islice(remaining, size)), []))


async def run_all(run: Callable[[Item], Coroutine[Any, Any, None]], items: Iterable[Item]) -> None:
    """Runs all items concurrently.

    Raises:
        BaseException: the first that one of them raised; the others are cancelled.
    """
    with _first_error():
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(run(item))


async def run_batches(
    run: Callable[[Sequence[Item]], Coroutine[Any, Any, None]],
    batches: Iterable[Sequence[Item]],
    room: asyncio.Semaphore,
) -> None:
    """Runs batches concurrently; each starts once there is room for all of its jobs.

    Args:
        run: runs one batch, and releases the room job by job.
        batches: in the order in which they start.
        room: made by `room_for`.

    Raises:
        BaseException: the first that one of them raised; the others are cancelled.
    """
    with _first_error():
        async with asyncio.TaskGroup() as group:
            for batch in batches:
                for _ in batch:
                    await room.acquire()
                group.create_task(run(batch))


def room_for(batches: Sequence[Sequence[object]], max_concurrency: int) -> asyncio.Semaphore:
    """Limits the jobs that have started, in flight or not.

    A job holds its place from the start of its task run until it has ended, also while it waits
    for its retry: where all fail, no others start. A job that waits does not block a whole batch.
    """
    largest = max(map(len, batches), default=1)
    return asyncio.Semaphore(math.ceil(max_concurrency * (1 + OVERCOMMIT)) + largest - 1)


@contextmanager
def _first_error() -> Iterator[None]:
    try:
        yield
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def shielded(work: Coroutine[Any, Any, Result]) -> Result:
    """Awaits what must not be left half done, even if it is cancelled twice meanwhile.

    A run that is cancelled in the UI ends by a signal: asyncio then cancels each of its tasks, and
    the task group, cancelled as well, cancels them a second time.
    """
    task = asyncio.create_task(work)
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
def infrequent_garbage_collection() -> Iterator[None]:
    """Runs the garbage collector less often, and not over what is already in memory.

    That is mostly Prefect and the Vellum SDK. With its defaults the collector takes a tenth of a
    run's CPU and finds next to nothing.
    """
    thresholds = gc.get_threshold()
    gc.freeze()  # without a collection first, which takes a quarter of a second
    gc.set_threshold(GC_THRESHOLD, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
