"""How many calls an account allows in flight, found out from the calls it refuses.

An account that answers 429 holds the calls that it did not refuse, so their number is its limit.
From there the limit rises slowly: by one whenever every place was used several times without a
refusal. That is additive increase and, as every refusal takes one place away, a decrease by as many
places as were refused (Chiu and Jain 1989, "Analysis of the Increase and Decrease Algorithms").
"""

import asyncio
import math
import random
from collections import deque
from collections.abc import Iterable

from duologue.errors import RateLimitedError
from duologue.settings.options import Record
from duologue.settings.participants import CallSettings

SUCCESSES_BEFORE_MORE = 2
"""How often each place is used before there is one more; doubles when that one is refused."""
LONGEST_PATIENCE = 64
"""The most that this number doubles to."""


class AccountLimit(Record):
    """What an account that refused calls with 429 allowed in one run."""

    account: str
    """The address of its API, or the participant's reference."""
    calls_in_flight: int
    """About how many calls it allowed in flight, when the run ended."""
    most_tried: int
    """The most calls in flight at once, those that it refused included."""
    refused: int
    """Calls that it refused. They were made again."""

    def __str__(self) -> str:
        return (
            f"{self.account} allowed about {self.calls_in_flight} calls in flight, of up to "
            f"{self.most_tried} that were tried; it refused {self.refused} calls, which were made "
            "again"
        )


class Account:
    """The calls in flight of one account, such as an API key; for one event loop.

    As long as the account refuses nothing, it only counts.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.in_flight = 0
        self.most_in_flight = 0
        self.refused = 0
        """Calls that the account refused, with 429."""
        self.limit: float = math.inf
        """The most calls in flight; infinite as long as none was refused."""
        self.last_refusal: RateLimitedError | None = None
        self.last_success = -math.inf
        """When a call last succeeded, on the event loop's clock."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._paused_until = -math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self._refused_alone = 0
        self._successes = 0
        self._patience = SUCCESSES_BEFORE_MORE
        self._is_trying_one_more = False

    async def enter(self) -> None:
        """Waits for a place, first come first served, and takes it."""
        if self.try_enter():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def try_enter(self) -> bool:
        """Takes a place if one is free, and nobody waits for it."""
        if self._waiting or not self._has_room():
            return False
        self._take()
        return True

    def leave(self) -> None:
        """Gives the place back."""
        self.in_flight -= 1
        if self._waiting:
            self._admit()

    def succeed(self) -> None:
        """Notes that a call was let through, whatever came of it; it is still in flight."""
        self.last_success = asyncio.get_running_loop().time()
        self._refused_alone = 0
        if self.limit == math.inf or self.in_flight < self.limit:
            return
        self._successes += 1
        if self._successes >= self.limit * self._patience:
            if self._is_trying_one_more:  # and it was not refused
                self._patience = SUCCESSES_BEFORE_MORE
            self._successes = 0
            self._is_trying_one_more = True
            self.limit += 1
            self._admit()

    def refuse(self, refusal: RateLimitedError, call: CallSettings) -> None:
        """Notes that a call was refused; it is still in flight."""
        self.refused += 1
        self.last_refusal = refusal
        others = self.in_flight - 1
        if self._is_trying_one_more:
            self._patience = min(self._patience * 2, LONGEST_PATIENCE)
        self._is_trying_one_more = False
        self._successes = 0
        self.limit = max(1, min(self.limit, others))
        if refusal.retry_after_seconds is not None:
            self._pause(refusal.retry_after_seconds + random.uniform(0, call.first_wait_seconds))
        elif others == 0:
            # Not even one call is let through, so fewer in flight do not help.
            self._pause(wait_seconds(self._refused_alone + 1, call))
            self._refused_alone += 1

    def _has_room(self) -> bool:
        if self.in_flight >= self.limit:
            return False
        return self._paused_until == -math.inf or self._seconds_paused() <= 0

    def _take(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def _pause(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        self._paused_until = max(self._paused_until, until)

    def _seconds_paused(self) -> float:
        return self._paused_until - asyncio.get_running_loop().time()

    def _admit(self) -> None:
        """Gives free places to those who wait, now or when the pause is over."""
        while self._waiting and self._has_room():
            turn = self._waiting.popleft()
            if not turn.done():
                self._take()
                turn.set_result(None)
        if self._waiting and self._alarm is None and self._seconds_paused() > 0:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(self._seconds_paused(), self._end_pause)

    def _end_pause(self) -> None:
        self._alarm = None
        self._admit()


class Accounts:
    """The accounts that the calls of a run use."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}

    def named(self, name: str) -> Account:
        """Returns the account of this name; participants of one account share it."""
        return self._accounts.setdefault(name, Account(name))

    def limits(self) -> tuple[AccountLimit, ...]:
        """Reports what each account allowed that refused calls."""
        return tuple(
            AccountLimit(
                account=account.name,
                calls_in_flight=int(account.limit),
                most_tried=account.most_in_flight,
                refused=account.refused,
            )
            for account in self._accounts.values()
            if account.refused
        )


def of_all_processes(limits: Iterable[AccountLimit]) -> tuple[AccountLimit, ...]:
    """Combines what the shards of a run found out: the most that any of them was allowed."""
    by_account: dict[str, AccountLimit] = {}
    for one in limits:
        before = by_account.get(one.account, one)
        by_account[one.account] = AccountLimit(
            account=one.account,
            calls_in_flight=max(one.calls_in_flight, before.calls_in_flight),
            most_tried=max(one.most_tried, before.most_tried),
            refused=one.refused + (before.refused if before is not one else 0),
        )
    return tuple(by_account.values())


MOST_DOUBLINGS = 60
"""Of the first wait; beyond that a number of seconds would be too large for a float at last."""


def wait_seconds(failures: int, call: CallSettings) -> float:
    """Returns the wait after this many failures in a row: exponential, half of it random.

    The random half keeps calls that failed together from coming back together.
    """
    doubled = call.first_wait_seconds * 2.0 ** min(failures - 1, MOST_DOUBLINGS)
    half = min(doubled, call.longest_wait_seconds) / 2
    return half + random.uniform(0, half)
