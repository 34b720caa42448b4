"""Asking again: which errors, how long, how often."""

import asyncio
import pickle
from collections.abc import Awaitable, Callable

import pytest
from pydantic import ValidationError

from duologue.errors import FatalError, TransientError
from duologue.participants.retries import with_retries
from duologue.settings.participants import CallSettings

QUICK = CallSettings(
    timeout_seconds=60, deadline_seconds=60, first_wait_seconds=0.01, longest_wait_seconds=0.02
)


class Attempts:
    """Raises or returns one outcome after the other, and remembers when it was asked."""

    def __init__(self, *outcomes: str | Exception) -> None:
        self._outcomes = list(outcomes)
        self.at: list[float] = []

    async def __call__(self) -> str:
        self.at.append(asyncio.get_running_loop().time())
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def count(self) -> int:
        return len(self.at)


def hanging(asked: list[str]) -> Callable[[], Awaitable[str]]:
    """An attempt that never ends on its own; it notes its start and its cancellation."""

    async def attempt() -> str:
        asked.append("asked")
        try:
            await asyncio.Event().wait()
        finally:
            asked.append("cancelled")
        raise AssertionError("nobody sets it")

    return attempt


async def test_a_first_answer_is_returned_as_one_attempt() -> None:
    assert await with_retries(Attempts("Hello"), QUICK, "bot") == ("Hello", 1)


async def test_transient_errors_are_tried_again_and_counted() -> None:
    attempts = Attempts(TransientError("one"), TransientError("two"), "Hello")

    assert await with_retries(attempts, QUICK, "bot") == ("Hello", 3)

    assert attempts.count == 3


@pytest.mark.parametrize("error", [FatalError("no such input"), KeyError("a mistake")])
async def test_any_other_error_passes_through_at_once(error: Exception) -> None:
    attempts = Attempts(error, "Hello")

    with pytest.raises(type(error)) as raised:
        await with_retries(attempts, QUICK, "bot")

    assert raised.value is error
    assert attempts.count == 1


async def test_the_last_error_says_how_often_it_was_tried() -> None:
    attempts = Attempts(TransientError("one"), TransientError("two"), TransientError("three", 0.0))
    call = QUICK.model_copy(update={"max_attempts": 3})

    with pytest.raises(TransientError, match=r"^three \(gave up after 3 attempts in .* s\)$") as e:
        await with_retries(attempts, call, "bot")

    assert attempts.count == 3
    assert e.value.retry_after_seconds == 0.0
    assert str(pickle.loads(pickle.dumps(e.value))) == str(e.value)


@pytest.mark.parametrize("asked", [None, 0.0])
async def test_waits_grow_from_half_the_first_wait_on(asked: float | None) -> None:
    attempts = Attempts(*(TransientError("busy", asked) for _ in range(3)), "Hello")
    call = QUICK.model_copy(update={"first_wait_seconds": 0.1, "longest_wait_seconds": 0.3})

    await with_retries(attempts, call, "bot")

    first, second, third, fourth = attempts.at
    assert second - first >= 0.05
    assert third - second >= 0.1
    assert fourth - third >= 0.15


async def test_calls_turned_away_together_do_not_come_back_together() -> None:
    calls = [Attempts(TransientError("busy", 0.05), "Hello") for _ in range(30)]
    call = QUICK.model_copy(update={"first_wait_seconds": 0.4})

    await asyncio.gather(*(with_retries(attempts, call, "bot") for attempts in calls))

    came_back = [attempts.at[1] for attempts in calls]
    assert max(came_back) - min(came_back) > 0.1


async def test_what_the_server_asks_to_wait_is_waited() -> None:
    attempts = Attempts(TransientError("busy", retry_after_seconds=0.3), "Hello")

    await with_retries(attempts, QUICK, "bot")

    assert attempts.at[1] - attempts.at[0] >= 0.3


async def test_a_wait_beyond_the_deadline_does_not_start() -> None:
    attempts = Attempts(TransientError("busy", retry_after_seconds=3600), "Hello")

    with pytest.raises(TransientError, match=r"busy .*after 1 attempt in") as raised:
        await with_retries(attempts, QUICK, "bot")

    assert attempts.count == 1
    assert raised.value.retry_after_seconds == 3600


async def test_an_attempt_that_hangs_is_cut_and_tried_again() -> None:
    asked: list[str] = []
    call = QUICK.model_copy(update={"timeout_seconds": 0.1, "max_attempts": 2})

    with pytest.raises(TransientError, match=r"bot did not reply within 0.1 s .*2 attempts"):
        await with_retries(hanging(asked), call, "bot")

    assert asked == ["asked", "cancelled", "asked", "cancelled"]


async def test_the_deadline_cuts_an_attempt_short() -> None:
    asked: list[str] = []
    call = QUICK.model_copy(update={"timeout_seconds": 3600, "deadline_seconds": 0.2})

    with pytest.raises(TransientError, match=r"did not reply within 0.2 s .*1 attempt in"):
        await with_retries(hanging(asked), call, "bot")

    assert asked == ["asked", "cancelled"]


async def test_a_timeout_of_the_participant_itself_is_its_own_matter() -> None:
    attempts = Attempts(TimeoutError("its own"), "Hello")

    with pytest.raises(TimeoutError, match="its own"):
        await with_retries(attempts, QUICK, "bot")


async def test_cancellation_passes_through_at_once() -> None:
    asked: list[str] = []
    task = asyncio.create_task(with_retries(hanging(asked), QUICK, "bot"))
    await asyncio.sleep(0.05)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked == ["asked", "cancelled"]


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout_seconds": 0},
        {"deadline_seconds": -1},
        {"deadline_seconds": float("inf")},
        {"max_attempts": 0},
        {"patience": 3},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        CallSettings.model_validate(settings)
