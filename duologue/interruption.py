"""Ctrl-C and SIGTERM: either ends a command in order, with one sentence and an exit code.

This file imports nothing slow, so that it is there before anything else.
"""

import functools
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_received: list[int] = []


def was_interrupted() -> bool:
    """Checks whether a signal came, whatever error a library made of it on the way."""
    return bool(_received)


def exit_code() -> int:
    """Returns the exit code of a program that was interrupted: 130 by Ctrl-C, 143 by SIGTERM."""
    return 128 + (signal.SIGTERM if signal.SIGTERM in _received else signal.SIGINT)


@contextmanager
def ends_at_once() -> Iterator[None]:
    """Lets Ctrl-C and SIGTERM end the block where it is.

    In asyncio Ctrl-C would end it at its next `await`, which an import, for example, has not.
    """
    if not _takes_signals():
        yield
        return
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    for number, handler in before:
        if handler != signal.SIG_IGN:  # as Ctrl-C is in a shell's background job
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def asyncio_takes_ctrl_c() -> Iterator[None]:
    """Lets Ctrl-C cancel what runs in asyncio, which it does only in place of Python's handler."""
    if not _takes_signals():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def with_sigterm_as_ctrl_c(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Wraps the function of a flow, for which Prefect installs a handler of its own.

    That one raises an error wherever the process happens to be, such as in the code of a chatbot,
    whose seed would fail instead of the run.
    """

    @functools.wraps(function)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _takes_signals():
            return await function(*args, **kwargs)
        before = signal.signal(signal.SIGTERM, _as_ctrl_c)
        try:
            return await function(*args, **kwargs)
        finally:
            signal.signal(signal.SIGTERM, before)

    return wrapped


def ignore_signals() -> None:
    """Lets nothing interrupt the end of the process, which stops what it started."""
    for number in (signal.SIGINT, signal.SIGTERM) if _takes_signals() else ():
        signal.signal(number, signal.SIG_IGN)


def _takes_signals() -> bool:
    """Reports whether this thread may say what signals do: only the main one may."""
    return threading.current_thread() is threading.main_thread()


def _interrupt(number: int, frame: Any) -> NoReturn:
    _received.append(number)
    raise KeyboardInterrupt


def _as_ctrl_c(number: int, frame: Any) -> None:
    _received.append(number)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
