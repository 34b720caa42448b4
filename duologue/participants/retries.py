"""Asking again: attempts, the waits between them, and the deadline for all of it."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from duologue.errors import TransientError
from duologue.settings.participants import CallSettings

Answer = TypeVar("Answer")

MOST_DOUBLINGS = 60
"""Of the first wait; beyond that a number of seconds would be too large for a float at last."""


async def with_retries(
    attempt: Callable[[], Awaitable[Answer]], call: CallSettings, asked: str
) -> tuple[Answer, int]:
    """Asks until there is an answer, an error that asking again cannot mend, or no time left.

    Args:
        attempt: asks once. Only its TransientError is tried again; whatever else it raises passes
            through, cancellation included.
        call: how long and how often.
        asked: who is asked, for the errors.

    Returns:
        The answer, and how many attempts it took.

    Raises:
        TransientError: the last attempt's, saying also how many there were in how many seconds.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def attempt_in_time() -> Answer:
        seconds = min(call.timeout_seconds, started + call.deadline_seconds - loop.time())
        try:
            async with asyncio.timeout(seconds) as limit:
                return await attempt()
        except TimeoutError:
            if not limit.expired():
                raise
            raise TransientError(f"{asked} did not reply within {round(seconds, 1):g} s") from None

    # No retry library: one that was tried left a hundred objects to the garbage collector for each
    # call, and took longer than the rest of what is done here for it.
    for attempts in itertools.count(1):
        try:
            return await attempt_in_time(), attempts
        except TransientError as error:
            wait_seconds = _wait_seconds(attempts, error, call)
            seconds = loop.time() - started
            if attempts == call.max_attempts or seconds + wait_seconds >= call.deadline_seconds:
                raise _after_all(error, attempts, seconds) from None
        await asyncio.sleep(wait_seconds)
    raise AssertionError("there is always another attempt, or an error")


def _wait_seconds(attempts: int, error: TransientError, call: CallSettings) -> float:
    """Backs off exponentially, and at least as long as the server asked.

    Half of a wait is random, so that the calls a server turned away together do not come back
    together; for the same reason what the server asked for is stretched by up to the first wait.
    """
    doubled = call.first_wait_seconds * 2.0 ** min(attempts - 1, MOST_DOUBLINGS)
    half = min(doubled, call.longest_wait_seconds) / 2
    wait_seconds = half + random.uniform(0, half)
    if error.retry_after_seconds is None:
        return wait_seconds
    asked = error.retry_after_seconds + random.uniform(0, call.first_wait_seconds)
    return max(wait_seconds, asked)


def _after_all(last: TransientError, attempts: int, seconds: float) -> TransientError:
    """The last attempt's error, with what was tried in vain."""
    tried = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    said = f"{last} (gave up after {tried} in {seconds:.1f} s)"
    return type(last)(said, last.retry_after_seconds)
