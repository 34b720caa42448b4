"""Running much at a time on one event loop."""

import asyncio
from collections.abc import Sequence

import pytest

from duologue.tasks.side_by_side import batch_by_batch, in_batches, room_for, to_its_end


@pytest.mark.parametrize(
    ("jobs", "size", "sizes"),
    [
        (0, None, []),
        (1, None, [1]),
        (200, None, [1] * 200),
        (201, None, [25] * 8 + [1]),
        (10, 4, [4, 4, 2]),
        (10, 1, [1] * 10),
        (10, 100, [10]),
        (201, 1, [1] * 201),
    ],
)
def test_jobs_share_task_runs_in_order(jobs: int, size: int | None, sizes: list[int]) -> None:
    batches = in_batches(range(jobs), size)
    assert [len(batch) for batch in batches] == sizes
    assert [job for batch in batches for job in batch] == list(range(jobs))


async def test_batches_begin_in_order_as_soon_as_there_is_room_for_all_their_jobs() -> None:
    batches = in_batches(range(40), 4)
    room = room_for(batches, max_concurrency=6)
    began: list[int] = []
    under_way = most = 0

    async def run(batch: Sequence[int]) -> None:
        nonlocal under_way, most
        began.extend(batch)
        under_way += len(batch)
        most = max(most, under_way)
        for item in batch:
            await asyncio.sleep(0.001 * (item % 4))
            under_way -= 1
            room.release()

    await batch_by_batch(run, batches, room)
    assert began == list(range(40))
    # Half as many again as are in flight, and the rest of a batch that begins.
    assert most == 6 + 3 + 3


async def test_the_first_error_ends_the_others_and_is_raised_by_itself() -> None:
    began, cancelled = [], []

    async def run(batch: Sequence[int]) -> None:
        [item] = batch
        began.append(item)
        if item == 2:
            raise ValueError(item)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(item)
            raise

    with pytest.raises(ValueError, match="2"):
        await batch_by_batch(run, [[item] for item in range(6)], asyncio.Semaphore(4))
    assert 4 not in began
    assert sorted(cancelled) == [item for item in began if item != 2] != []


async def test_keeping_goes_on_to_its_end_although_it_is_cancelled_twice() -> None:
    may_end, kept = asyncio.Event(), []

    async def keep() -> None:
        await may_end.wait()
        kept.append(True)

    keeping = asyncio.create_task(to_its_end(keep()))
    for _ in range(2):
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.sleep(0.01)
        assert not keeping.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert kept == [True]


async def test_keeping_gives_what_comes_of_it() -> None:
    async def keep() -> str:
        await asyncio.sleep(0)
        return "kept"

    async def fail() -> None:
        raise OSError("full")

    assert await to_its_end(keep()) == "kept"
    with pytest.raises(OSError, match="full"):
        await to_its_end(fail())
