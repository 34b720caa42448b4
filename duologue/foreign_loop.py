"""The event loop of users' async functions, in a thread of its own, because they may block it.

A function that never yields would hold up everything on the main loop: the deadlines, Prefect's
heartbeats, Ctrl-C.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

_lock = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []
"""The loop in use; empty before the first call, and after one that blocks it."""


@dataclass(frozen=True, slots=True)
class ForeignCall:
    """An async function that runs on that loop."""

    loop: asyncio.AbstractEventLoop
    ended: "Future[Any]"
    _tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    @classmethod
    def started(cls, function: Callable[[], Awaitable[Any]]) -> "ForeignCall":
        """Calls a function, in the context of the caller.

        Args:
            function: what it returns is awaited; it raises nothing but CancelledError.
        """
        call = cls(_loop(), Future())
        call.loop.call_soon_threadsafe(call._start, function)
        return call

    def _start(self, function: Callable[[], Awaitable[Any]]) -> None:
        task = asyncio.ensure_future(function(), loop=self.loop)
        self._tasks.append(task)
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Future[Any]") -> None:
        if task.cancelled():
            self.ended.set_exception(asyncio.CancelledError())
        else:
            self.ended.set_result(task.result())

    def cancel(self) -> threading.Event:
        """Cancels the function; gives what is set once its loop has noticed."""
        noticed = threading.Event()

        def cancel() -> None:
            for task in self._tasks:
                task.cancel()
            noticed.set()

        self.loop.call_soon_threadsafe(cancel)
        return noticed


def abandon(loop: asyncio.AbstractEventLoop) -> None:
    """Lets further calls have a new loop; this one is blocked for good."""
    with _lock:
        if loop in _loops:
            _loops.remove(loop)


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if not _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=_run, args=(loop,), name="own-code", daemon=True).start()
            _loops.append(loop)
        return _loops[0]


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    while True:
        try:
            loop.run_forever()
        except BaseException:  # such as SystemExit in a task that a function started
            continue
