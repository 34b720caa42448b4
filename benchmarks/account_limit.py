"""How much of an account's limit a run uses: `python -m benchmarks.account_limit`.

An account allows 4 calls in flight, and answers 429 without Retry-After to more; 32 conversations
want to call it, 40 times each. Prints how much of the 4 places was used, how many calls were
refused and lost, and what the bookkeeping takes of a call that nobody refuses.
"""

import asyncio
import random
import time

from duologue.errors import DuologueError, RateLimitedError
from duologue.participants.concurrency import Account
from duologue.participants.retries import with_retries
from duologue.settings.participants import CallSettings

ALLOWED, CONVERSATIONS, CALLS = 4, 32, 40
LATENCY_SECONDS = (0.03, 0.13)
REFUSAL_SECONDS = 0.005
FREE_CALLS = 20_000


class Server:
    """The account; notes for how long its places were taken."""

    def __init__(self) -> None:
        self.held = self.refused = self.answered = 0
        self.held_seconds = 0.0

    async def call(self) -> None:
        """One call."""
        if self.held >= ALLOWED:
            self.refused += 1
            await asyncio.sleep(REFUSAL_SECONDS)
            raise RateLimitedError("429")
        self.held += 1
        began = time.monotonic()
        await asyncio.sleep(random.uniform(*LATENCY_SECONDS))
        self.held_seconds += time.monotonic() - began
        self.held -= 1
        self.answered += 1


async def used_share() -> None:
    """Measures a run against the account."""
    server, account, call = Server(), Account("account"), CallSettings()
    lost = 0

    async def conversation() -> None:
        nonlocal lost
        for _ in range(CALLS):
            try:
                await with_retries(server.call, call, "account", account)
            except DuologueError:
                lost += 1

    began = time.monotonic()
    await asyncio.gather(*(conversation() for _ in range(CONVERSATIONS)))
    seconds = time.monotonic() - began
    share = server.held_seconds / (ALLOWED * seconds)
    print(
        f"{ALLOWED} of {CONVERSATIONS} allowed: {share:.0%} of the limit used, "
        f"{server.answered} answered, {server.refused} refused, {lost} lost, {seconds:.1f} s"
    )


async def free_call() -> None:
    """Measures a call that nobody refuses, which does nothing itself."""

    async def nothing() -> None:
        pass

    account, call = Account("account"), CallSettings()
    began = time.process_time()
    for _ in range(FREE_CALLS):
        await with_retries(nothing, call, "account", account)
    per_call = (time.process_time() - began) / FREE_CALLS
    print(f"a call that nobody refuses: {per_call * 1e6:.1f} µs of computing")


async def main() -> None:
    """Measures both."""
    await used_share()
    await free_call()


if __name__ == "__main__":
    asyncio.run(main())
