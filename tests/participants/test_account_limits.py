"""An account that allows fewer calls in flight than a run makes."""

import asyncio

import pytest

from duologue.errors import BudgetExhaustedError, RateLimitedError, TransientError
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Account, AccountLimit, Accounts, of_all_processes
from duologue.participants.retries import with_retries
from duologue.settings.participants import CallSettings
from duologue.settings.run import Budget

CALL = CallSettings(
    max_attempts=1, first_wait_seconds=0.001, longest_wait_seconds=0.01, deadline_seconds=30
)


class Server:
    """Holds as many calls as it allows, and refuses the others."""

    def __init__(self, allows: int, retry_after_seconds: float | None = None) -> None:
        self.allows = allows
        self.held = 0
        self.most_held = 0
        self.answered = 0
        self.refused = 0
        self._retry_after_seconds = retry_after_seconds

    async def call(self) -> str:
        await asyncio.sleep(0)
        if self.held >= self.allows:
            self.refused += 1
            raise RateLimitedError("429", self._retry_after_seconds)
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        for _ in range(20):
            await asyncio.sleep(0)
        self.held -= 1
        self.answered += 1
        return "ok"


async def conversation(server: Server, account: Account, calls: int) -> list[int]:
    return [(await with_retries(server.call, CALL, "bot", account))[1] for _ in range(calls)]


async def test_nothing_is_lost_and_a_refusal_is_no_attempt() -> None:
    server, account = Server(allows=4), Account("bot")
    attempts = await asyncio.gather(*(conversation(server, account, 8) for _ in range(32)))
    assert server.answered == 32 * 8
    assert attempts == [[1] * 8] * 32, "although max_attempts is 1"
    assert server.most_held == 4
    assert server.refused < 32 * 8, "few calls are refused once the limit is known"
    assert account.in_flight == 0
    assert account.limit in (3, 4, 5)


async def test_both_participants_of_an_account_share_its_places() -> None:
    server, accounts = Server(allows=3), Accounts()
    sides = [accounts.named("api.example.com"), accounts.named("api.example.com")]
    await asyncio.gather(*(conversation(server, side, 4) for side in sides * 5))
    assert sides[0] is sides[1]
    [limit] = accounts.limits()
    assert (limit.account, limit.refused) == ("api.example.com", server.refused)
    assert limit.calls_in_flight in (2, 3, 4)
    assert limit.most_tried == 10
    assert str(limit).startswith("api.example.com allowed about ")


def test_what_shards_were_allowed_is_combined_by_account() -> None:
    def of(account: str, calls: int, refused: int) -> AccountLimit:
        return AccountLimit(
            account=account, calls_in_flight=calls, most_tried=calls + 2, refused=refused
        )

    assert of_all_processes([of("a", 3, 5), of("b", 9, 1), of("a", 4, 7)]) == (
        of("a", 4, 12),
        of("b", 9, 1),
    )


async def test_the_limit_rises_again_when_the_account_allows_more() -> None:
    server, account = Server(allows=2), Account("bot")
    await asyncio.gather(*(conversation(server, account, 4) for _ in range(16)))
    server.allows = 16
    await asyncio.gather(*(conversation(server, account, 60) for _ in range(16)))
    assert server.most_held > 4
    assert server.answered == 16 * 64


async def test_an_account_that_refuses_nothing_is_not_limited() -> None:
    server, account = Server(allows=100), Account("bot")
    await asyncio.gather(*(conversation(server, account, 3) for _ in range(100)))
    assert server.most_held == 100
    accounts = Accounts()
    accounts.named("bot").succeed()
    assert accounts.limits() == ()


async def test_a_refused_call_is_none_of_the_budget() -> None:
    server, account, spending = Server(allows=4), Account("bot"), Spending(Budget(max_calls=64))

    async def one() -> None:
        await with_retries(server.call, CALL, "bot", account, spending)

    await asyncio.gather(*(one() for _ in range(64)))
    assert server.refused > 0
    assert (server.answered, spending.calls) == (64, 64)
    with pytest.raises(BudgetExhaustedError, match="max_calls is 64"):
        await one()
    assert server.answered == 64
    assert account.in_flight == 0


async def test_nobody_calls_before_the_server_wants_it() -> None:
    """It wants no call for an hour, and then it would be called."""
    server, account = Server(allows=1, retry_after_seconds=3600), Account("bot")
    call = CALL.model_copy(update={"deadline_seconds": 7200})

    async def one() -> None:
        await with_retries(server.call, call, "bot", account)

    asking = [asyncio.create_task(one()) for _ in range(2)]
    while not (server.answered and server.refused):
        await asyncio.sleep(0)
    asking += [asyncio.create_task(one()) for _ in range(10)]
    for _ in range(1000):
        await asyncio.sleep(0)
    assert (server.answered, server.refused) == (1, 1)
    assert [task.done() for task in asking].count(True) == 1
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    assert account.in_flight == 0


async def test_an_account_that_lets_nothing_through_ends_in_one_sentence() -> None:
    server, account = Server(allows=0), Account("bot.example.com")
    call = CALL.model_copy(update={"deadline_seconds": 0.05})
    outcomes = await asyncio.gather(
        *(with_retries(server.call, call, "bot", account) for _ in range(10)),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} == {RateLimitedError}
    assert "bot.example.com let no call through for" in str(outcomes[0])
    assert account.in_flight == 0


async def test_a_longer_wait_than_the_deadline_is_not_waited_for() -> None:
    server = Server(allows=0, retry_after_seconds=3600)
    with pytest.raises(RateLimitedError, match="let no call through"):
        await with_retries(server.call, CALL, "bot", Account("bot"))
    assert server.refused == 1


async def test_a_place_is_given_back_by_a_caller_that_is_cancelled_or_fails() -> None:
    account = Account("bot")
    account.limit = 1
    await account.enter()
    waiting = [asyncio.create_task(account.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    account.leave()
    waiting[1].cancel()  # it has just been given the place
    await asyncio.wait(waiting, timeout=600)
    assert waiting[2].done()
    assert account.in_flight == 1
    account.leave()

    async def fails() -> str:
        raise TransientError("down")

    with pytest.raises(TransientError, match="1 attempt"):
        await with_retries(fails, CALL, "bot", account)
    assert account.in_flight == 0
