"""Running much at a time on one event loop, as a flow does it."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

OF_THEIR_OWN = 200
"""So many jobs, at most, have a task run each. It costs some 10 ms of computing here and as much in
Prefect's server, which falls behind thousands of them; and nobody reads a list of so many."""

JOBS_IN_BATCH = 25
"""Beyond that so many share a task run: above 20, more make nothing faster."""


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
