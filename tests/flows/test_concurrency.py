"""Running many coroutines on one event loop."""

import asyncio
from collections.abc import Sequence

import pytest

from duologue.tasks.concurrency import chunks, room_for, run_batches, shielded


@pytest.mark.parametrize(
    ("items", "size", "sizes"),
    [(0, 4, []), (10, 4, [4, 4, 2]), (10, 1, [1] * 10), (10, 100, [10])],
)
def test_chunks_keep_the_order(items: int, size: int, sizes: list[int]) -> None:
    found = chunks(range(items), size)
    assert [len(chunk) for chunk in found] == sizes
    assert [item for chunk in found for item in chunk] == list(range(items))


async def test_batches_start_in_order_once_there_is_room_for_all_their_jobs() -> None:
    batches = chunks(range(40), 4)
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

    await run_batches(run, batches, room)
    assert began == list(range(40))
    # Half as many again as are in flight, and the rest of a batch that begins.
    assert most == 6 + 3 + 3


async def test_the_first_error_cancels_the_others_and_is_raised_alone() -> None:
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
        await run_batches(run, [[item] for item in range(6)], asyncio.Semaphore(4))
    assert 4 not in began
    assert sorted(cancelled) == [item for item in began if item != 2] != []


async def test_what_is_shielded_ends_although_it_is_cancelled_twice() -> None:
    may_end, kept = asyncio.Event(), []

    async def keep() -> None:
        await may_end.wait()
        kept.append(True)

    keeping = asyncio.create_task(shielded(keep()))
    for _ in range(2):
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.sleep(0.01)
        assert not keeping.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert kept == [True]


async def test_what_is_shielded_returns_or_raises() -> None:
    async def keep() -> str:
        await asyncio.sleep(0)
        return "kept"

    async def fail() -> None:
        raise OSError("full")

    assert await shielded(keep()) == "kept"
    with pytest.raises(OSError, match="full"):
        await shielded(fail())
