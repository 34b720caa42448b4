"""Calling again: attempts, the waits between them, and the deadline for all of it."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from duologue.errors import RateLimitedError, TransientError
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Account, wait_seconds
from duologue.settings.participants import CallSettings

Answer = TypeVar("Answer")


async def with_retries(
    attempt: Callable[[], Awaitable[Answer]],
    call: CallSettings,
    asked: str,
    account: Account | None = None,
    spending: Spending | None = None,
) -> tuple[Answer, int]:
    """Calls until there is an answer, an error that another call cannot fix, or no time left.

    A call that the account refused with 429 is no attempt, and no call of the budget: it is made
    again when the account has a place for it. Time in that queue does not count either, as long as
    the account lets other calls through.

    Args:
        attempt: calls once. Only its TransientError leads to another call; whatever else it raises
            passes through, cancellation included.
        call: how long and how often.
        asked: who is called, for the errors.
        account: whose calls in flight are limited; None for an account of its own.
        spending: counts the calls, and refuses those beyond its budget; None for no budget.

    Returns:
        The answer, and how many attempts it took.

    Raises:
        BudgetExhaustedError: the budget is spent.
        TransientError: the last attempt's, with the number of attempts and the seconds they took.
    """
    loop = asyncio.get_running_loop()
    account = account or Account(asked)
    spending = spending or Spending()
    first = started = loop.time()
    refusals = 0

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
        started += await _placed(account, call, first)
        try:
            spending.begin_call()
            answer = await attempt_in_time()
            account.succeed()
            return answer, attempts - refusals
        except RateLimitedError as error:
            spending.take_back_call()
            account.refuse(error, call)
            refusals += 1
            _refuse_hopeless(account, call, first, error.retry_after_seconds or 0)
            wait = 0.0
        except TransientError as error:
            wait = _wait_seconds(attempts - refusals, error, call)
            seconds = loop.time() - started
            if attempts - refusals == call.max_attempts or seconds + wait >= call.deadline_seconds:
                raise _after_all(error, attempts - refusals, seconds) from None
        finally:
            account.leave()
        if wait:
            await asyncio.sleep(wait)
    raise AssertionError("there is always another attempt, or an error")


async def _placed(account: Account, call: CallSettings, first: float) -> float:
    """Waits for the account to have a place, and returns for how many seconds."""
    if account.try_enter():
        return 0.0
    loop = asyncio.get_running_loop()
    before = loop.time()
    await account.enter()
    try:
        _refuse_hopeless(account, call, first, 0)
    except RateLimitedError:
        account.leave()
        raise
    return loop.time() - before


def _refuse_hopeless(account: Account, call: CallSettings, first: float, more: float) -> None:
    """Gives up when the account has let no call through for as long as one reply may take.

    Args:
        account: that refuses calls.
        call: its deadline.
        first: when the reply was first requested.
        more: how many seconds the account wants the caller to wait.

    Raises:
        RateLimitedError: the account's last refusal, with what was tried.
    """
    seconds = asyncio.get_running_loop().time() - max(first, account.last_success)
    if account.last_refusal is not None and seconds + more >= call.deadline_seconds:
        raise RateLimitedError(
            f"{account.last_refusal} (gave up: {account.name} let no call through for "
            f"{seconds:.1f} s, and refused {account.refused})",
            account.last_refusal.retry_after_seconds,
        ) from None


def _wait_seconds(attempts: int, error: TransientError, call: CallSettings) -> float:
    """Backs off exponentially, and at least as long as the server requests.

    The server's wait is stretched by up to the first wait, so that the calls it turned away
    together do not come back together.
    """
    wait = wait_seconds(attempts, call)
    if error.retry_after_seconds is None:
        return wait
    asked = error.retry_after_seconds + random.uniform(0, call.first_wait_seconds)
    return max(wait, asked)


def _after_all(last: TransientError, attempts: int, seconds: float) -> TransientError:
    """Returns the last attempt's error, with the number of attempts and the time."""
    tried = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    said = f"{last} (gave up after {tried} in {seconds:.1f} s)"
    return type(last)(said, last.retry_after_seconds)
