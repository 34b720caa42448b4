"""Calling functions that users wrote, which may raise anything and change anything."""

import asyncio
import inspect
import locale
import math
import os
import signal
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, SupportsFloat

from duologue.foreign_loop import ForeignCall, abandon

CLEANUP_SECONDS = 5
"""How long a function that is cancelled may take to end."""

BLOCKS = (
    "it blocks its event loop; await what takes long, or define it without `async`, so that it "
    "runs in a thread"
)
"""Why an async function could not be cancelled."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What a function raised; not necessarily an Exception."""

    error: BaseException


class DaemonThreads(Executor):
    """Threads that start as they are needed, and that the process does not wait for when it ends.

    A function that never returns holds up a ThreadPoolExecutor's process for ever.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._threads = 0
        self._idle = threading.Semaphore(0)
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Calls a function in one of the threads."""
        future: Future[Any] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:
                    future.set_exception(error)

        self._calls.put(call)
        if not self._idle.acquire(blocking=False) and self._threads < self._most:
            self._threads += 1
            name = f"{self._name}-{self._threads}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the threads when they have done what was submitted; waits for none of them."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call
            self._idle.release()


async def call_foreign(
    call: Callable[[], Any], is_async: bool, executor: Executor | None = None
) -> Any:
    """Calls a function to its end, and awaits what it returns if that can be awaited.

    An async function runs in a task of its own, so that it cannot cancel ours, and a cancellation
    that it or its libraries leak can be distinguished from ours. It runs on a loop of its own, so
    that it holds up nothing if it never yields.

    Args:
        call: the function, with its arguments.
        is_async: whether it runs on the event loop of all such functions. Others have a thread.
        executor: of these threads; None for asyncio's own.

    Returns:
        What the function returned, or what it `Raised`.

    Raises:
        asyncio.CancelledError: the caller was cancelled; its text is BLOCKS if the function did not
            notice, because it never yields.
    """
    if is_async:
        return await _on_own_loop(call)
    loop = asyncio.get_running_loop()
    returned = await loop.run_in_executor(executor, _called, call)
    if not isinstance(returned, Raised) and inspect.isawaitable(returned):
        return await _on_own_loop(lambda: returned)
    return returned


def call_foreign_here(call: Callable[[], Any]) -> Any:
    """Calls a function on this thread.

    Returns:
        What the function returned, or what it `Raised`.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed while the function ran.
    """
    return _called(call)


def is_async(function: Callable[..., Any]) -> bool:
    """Checks whether a function, or an object that can be called, is async."""
    return any(map(inspect.iscoroutinefunction, (function, type(function).__call__)))


def finite_number(value: Any) -> float | None:
    """Returns a value of a user's function as a number; None if it is not one, or not finite.

    The value's class may be the user's as well, and raise anything.
    """
    number = call_foreign_here(lambda: float(value) if isinstance(value, SupportsFloat) else None)
    return number if isinstance(number, float) and math.isfinite(number) else None


@contextmanager
def working_directory_kept() -> Iterator[None]:
    """Returns at the end to the working directory of the start."""
    folder = os.getcwd()
    try:
        yield
    finally:
        with suppress(OSError):  # it may be gone
            os.chdir(folder)


@contextmanager
def surroundings_restored() -> Iterator[None]:
    """Restores at the end what functions of users change for the whole process.

    That is the working directory, the locale, stdout and stderr, and the filters of warnings.
    """
    settings = locale.setlocale(locale.LC_ALL)
    streams = sys.stdout, sys.stderr
    with working_directory_kept(), warnings.catch_warnings():
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            with suppress(locale.Error):
                locale.setlocale(locale.LC_ALL, settings)


async def _on_own_loop(function: Callable[[], Awaitable[Any]]) -> Any:
    call = ForeignCall.started(lambda: _awaited(function))
    ended = asyncio.wrap_future(call.ended)
    try:
        await asyncio.wait([ended])
    except asyncio.CancelledError:  # we were cancelled
        noticed = call.cancel()
        # It may clean up, but a function that ignores its cancellation holds up nothing.
        await asyncio.wait([ended], timeout=CLEANUP_SECONDS)
        if not noticed.is_set():
            abandon(call.loop)
            raise asyncio.CancelledError(BLOCKS) from None
        raise
    # An error here: it was cancelled, but not by us.
    error = ended.exception()
    return ended.result() if error is None else Raised(error)


async def _awaited(call: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await call()
    except asyncio.CancelledError as error:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        return Raised(error)
    except BaseException as error:
        if _is_ctrl_c(error):
            raise
        return Raised(error)


def _called(call: Callable[[], Any]) -> Any:
    """Calls a function, and returns errors: a future never shows a StopIteration, for example."""
    try:
        return call()
    except BaseException as error:
        if _is_ctrl_c(error):
            raise
        return Raised(error)


def _is_ctrl_c(error: BaseException) -> bool:
    """Checks whether a KeyboardInterrupt comes from the keyboard, not from a function.

    Only the main thread gets it from the keyboard. asyncio's signal handler raises it there; while
    another handler is installed, there is no telling, and so it counts as the keyboard's.
    """
    if not isinstance(error, KeyboardInterrupt):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    raised_in = frame.tb_frame.f_globals.get("__name__") if frame is not None else None
    if raised_in in ("asyncio.runners", "duologue.interruption"):
        return True
    return signal.getsignal(signal.SIGINT) in (signal.default_int_handler, signal.SIG_DFL)
