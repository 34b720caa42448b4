"""Chatbots, scorers and rules of users, which raise anything and change anything."""

import asyncio
import locale
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import botocore.exceptions
import httpx
import openai
import pytest
import requests
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from duologue import foreign_code
from duologue.conversation.messages import Message, Role
from duologue.errors import FatalError, RateLimitedError, TransientError
from duologue.evaluation.scorers import NoScore, own_scores
from duologue.foreign_code import call_foreign_here
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Reply, TurnContext
from duologue.seeds import Seed
from duologue.settings.participants import CallSettings, ParticipantSettings
from duologue.settings.rules import RuleSettings
from duologue.validation.loading import load_rules
from duologue.validation.rule import Expectations

SEED = Seed(seed_id="s1", message="Hi")
HISTORY = [Message(role=Role.USER, text="Hi")]
CALL = CallSettings(max_attempts=2, first_wait_seconds=0.001, longest_wait_seconds=0.002)

RAISED = {
    "raise asyncio.CancelledError('leaked')": "CancelledError: leaked",
    "asyncio.current_task().cancel(); await asyncio.sleep(0)": "CancelledError",
    "raise SystemExit(3)": "SystemExit: 3",
    "next(iter([]))": "RuntimeError: coroutine raised StopIteration",
    "raise GeneratorExit": "GeneratorExit",
    "raise KeyError('plan')": "KeyError: 'plan'",
    "raise BaseExceptionGroup('all', [SystemExit(1), ValueError('x')])": "SystemExit: 1",
    "raise Odd": "Odd",
    "raise Odder": "Odder",
    "[task.cancel() for task in asyncio.all_tasks()]; await asyncio.sleep(0)": "CancelledError",
}
"""What an async function does, and how the error is named."""
RAISED_IN_THREAD = {
    "raise asyncio.CancelledError": "CancelledError",
    "raise SystemExit(3)": "SystemExit: 3",
    "import _thread; _thread.exit()": "SystemExit",
    "next(iter([]))": "StopIteration",
    "raise GeneratorExit": "GeneratorExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
}
PRELUDE = """
import asyncio
class Odd(Exception):
    def __str__(self):
        raise ValueError
class Odder(Exception):
    def __str__(self):
        raise KeyboardInterrupt
"""


async def asked(call: CallSettings = CALL) -> Reply:
    settings = ParticipantSettings.parsed("python:bots:reply")
    async with open_participants([settings], call, max_concurrency=2) as [bot]:
        return await bot.reply(HISTORY, TurnContext(SEED))


@pytest.mark.parametrize(
    ("kind", "body", "named"),
    [
        *(("async def", body, named) for body, named in RAISED.items()),
        *(("def", body, named) for body, named in RAISED_IN_THREAD.items()),
    ],
)
async def test_whatever_a_chatbot_raises_fails_its_seed_with_the_errors_name(
    module: Any, kind: str, body: str, named: str
) -> None:
    module("bots", f"{PRELUDE}\n{kind} reply(chat_history):\n    {body}")
    with pytest.raises(FatalError, match=f"python:bots:reply raised {named}$"):
        await asked()


async def test_our_own_cancellation_still_ends_a_chatbot(module: Any) -> None:
    module(
        "bots",
        """
        import asyncio
        cleaned_up = []
        async def reply(chat_history):
            try:
                await asyncio.sleep(60)
            finally:
                cleaned_up.append(True)
        """,
    )
    asking = asyncio.create_task(asked())
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert sys.modules["bots"].cleaned_up == [True]


async def test_a_timeout_of_ours_is_no_cancellation_of_theirs(module: Any) -> None:
    module("bots", "import asyncio\nasync def reply(chat_history): await asyncio.sleep(60)")
    call = CallSettings(timeout_seconds=0.02, max_attempts=1)
    with pytest.raises(TransientError, match="did not reply within"):
        await asked(call)


async def test_a_function_that_never_yields_fails_its_seed_and_the_others_go_on(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_code, "CLEANUP_SECONDS", 0.2)
    module(
        "bots",
        """
        import asyncio, time
        blocking, calls = True, 0
        async def reply(chat_history):
            global calls
            calls += 1
            if blocking:
                time.sleep(3600)
            await asyncio.sleep(0)
            return "done"
        """,
    )
    call = CallSettings(timeout_seconds=0.1, max_attempts=3, first_wait_seconds=0.001)
    with pytest.raises(FatalError, match=r"python:bots:reply did not reply within .*: it blocks"):
        await asked(call)
    bots: Any = sys.modules["bots"]
    assert bots.calls == 1
    bots.blocking = False
    assert (await asked()).text == "done"


async def test_what_a_functions_own_task_raises_holds_up_nothing(module: Any) -> None:
    module(
        "bots",
        """
        import asyncio
        async def die(): raise SystemExit(3)
        async def reply(chat_history):
            task = asyncio.create_task(die())
            await asyncio.sleep(0.01)
            return "done"
        """,
    )
    assert (await asked()).text == "done"
    assert (await asked()).text == "done"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def reply(chat_history):\n    yield 'a'", "replied with generator"),
        ("async def reply(chat_history):\n    yield 'a'", "replied with async_generator"),
    ],
)
async def test_a_reply_in_parts_is_refused_with_what_to_return(
    module: Any, source: str, told: str
) -> None:
    module("bots", source)
    with pytest.raises(FatalError, match=f"{told}, not text; .* return the whole text"):
        await asked()


async def test_the_coroutine_that_a_function_returns_is_awaited(module: Any) -> None:
    module(
        "bots",
        """
        async def answer(chat_history): return "awaited"
        def reply(chat_history): return answer(chat_history)
        """,
    )
    assert (await asked()).text == "awaited"


async def test_surroundings_are_as_before_when_the_participants_are_closed(module: Any) -> None:
    module(
        "bots",
        """
        import locale, os, sys, warnings
        os.chdir("/")
        async def reply(chat_history):
            os.chdir("/")
            sys.stdout = sys.stderr = None
            warnings.simplefilter("error")
            locale.setlocale(locale.LC_ALL, "C")
            return "done"
        """,
    )
    before = _surroundings()
    assert (await asked()).text == "done"
    assert _surroundings() == before


def _surroundings() -> tuple[object, ...]:
    settings = locale.setlocale(locale.LC_ALL)
    return os.getcwd(), sys.stdout, sys.stderr, list(warnings.filters), settings


HANGING = """
import asyncio, time
from concurrent.futures import wait
from duologue.foreign_code import DaemonThreads
threads = DaemonThreads(2, "bots")
assert threads.submit(divmod, 7, 2).result() == (3, 1)
hanging = threads.submit(time.sleep, 3600)
assert isinstance(threads.submit(next, iter([])).exception(), StopIteration)
threads.shutdown()
print("the end")
"""


def test_a_function_that_never_returns_does_not_keep_the_process_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "the end\n", "")


class OwnError(TransientError):
    def __init__(self, code: int) -> None:
        self.code = code

    def __str__(self) -> str:
        return f"code {self.code}"


class LikeAnthropicError(Exception):
    """Has what anthropic's and openai's errors have."""

    def __init__(self, status: int) -> None:
        super().__init__("overloaded")
        self.status_code = status
        self.response = httpx.Response(status, headers={"Retry-After": "7"})


def _httpx(status: int) -> Exception:
    request = httpx.Request("POST", "http://bot")
    return httpx.HTTPStatusError(
        "said no",
        request=request,
        response=httpx.Response(status, headers={"retry-after": "7"}, request=request),
    )


def _requests(status: int) -> Exception:
    response = requests.Response()
    response.status_code = status
    response.headers["Retry-After"] = "7"
    return requests.HTTPError("said no", response=response)


def _aiohttp(status: int) -> Exception:
    headers: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
    info = aiohttp.RequestInfo(URL("http://bot"), "POST", headers, URL("http://bot"))
    return aiohttp.ClientResponseError(
        info, (), status=status, headers=CIMultiDict({"Retry-After": "7"})
    )


def _botocore(status: int, code: str = "Whatever") -> Exception:
    answer: Any = {
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {"retry-after": "7"}},
    }
    error: Exception = botocore.exceptions.ClientError(answer, "InvokeModel")
    return error


@pytest.mark.parametrize("make", [_httpx, _requests, _aiohttp, _botocore, LikeAnthropicError])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FatalError),
        (401, FatalError),
        (404, FatalError),
        (408, TransientError),
        (429, RateLimitedError),
        (500, TransientError),
        (529, TransientError),
    ],
)
async def test_a_status_says_whether_a_function_is_called_again(
    module: Any, make: Callable[[int], Exception], status: int, kind: type[Exception]
) -> None:
    error = await _raised_by_bot(module, make(status))
    assert type(error) is kind
    if isinstance(error, TransientError):
        assert error.retry_after_seconds == 7


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
        requests.ConnectionError("refused"),
        requests.ReadTimeout("slow"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ServerTimeoutError("slow"),
        aiohttp.ClientPayloadError("cut"),
        openai.APITimeoutError(request=None),  # type: ignore[arg-type]
        openai.APIConnectionError(request=None),  # type: ignore[arg-type]
        botocore.exceptions.ReadTimeoutError(endpoint_url="http://bot"),
        botocore.exceptions.EndpointConnectionError(endpoint_url="http://bot"),
        ConnectionResetError("reset"),
        ExceptionGroup("all", [ConnectionError("reset"), TimeoutError()]),
        OwnError(3),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_lost_connection_is_tried_again(module: Any, error: Exception) -> None:
    assert type(await _raised_by_bot(module, error)) is TransientError


@pytest.mark.parametrize(
    "error",
    [
        httpx.UnsupportedProtocol("no scheme"),
        requests.exceptions.MissingSchema("no scheme"),
        aiohttp.InvalidURL("nowhere"),
        ExceptionGroup("all", [ConnectionError("reset"), ValueError("x")]),
        SystemExit(503),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_another_call_cannot_fix_is_not_tried_again(
    module: Any, error: BaseException
) -> None:
    assert type(await _raised_by_bot(module, error)) is FatalError


async def test_throttling_by_aws_counts_as_429_whatever_its_status(module: Any) -> None:
    error = await _raised_by_bot(module, _botocore(400, "ThrottlingException"))
    assert type(error) is RateLimitedError


async def _raised_by_bot(module: Any, error: BaseException) -> BaseException:
    module("bots", "ERROR = None\nasync def reply(chat_history): raise ERROR")
    settings = ParticipantSettings.parsed("python:bots:reply")
    call = CallSettings(max_attempts=1, deadline_seconds=6)
    async with open_participants([settings], call, max_concurrency=2) as [bot]:
        sys.modules["bots"].ERROR = error  # type: ignore[attr-defined]
        with pytest.raises((FatalError, TransientError)) as caught:
            await bot.reply(HISTORY, TurnContext(SEED))
    return caught.value


def _scorer(error: BaseException, is_async: bool) -> Callable[..., Any]:
    def scorer(*arguments: object) -> float:
        if arguments[0] == "bad":
            raise error
        return 1.0

    async def async_scorer(*arguments: object) -> float:
        return scorer(*arguments)

    return async_scorer if is_async else scorer


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
@pytest.mark.parametrize(
    "error", [SystemExit(2), asyncio.CancelledError(), GeneratorExit(), KeyError("x")], ids=repr
)
async def test_whatever_a_scorer_raises_costs_that_score_alone(
    error: BaseException, is_async: bool
) -> None:
    replies = [("good", None, HISTORY), ("bad", None, HISTORY), ("good", None, HISTORY)]
    scores = await own_scores(_scorer(error, is_async), replies, 2, 60)
    assert scores == [1.0, NoScore(type(error).__name__), 1.0]


async def test_a_bare_next_in_a_scorer_hangs_nothing() -> None:
    def scorer(reply: str, reference: str | None, chat_history: object) -> float:
        return float(next(iter([])))

    assert await own_scores(scorer, [("x", None, HISTORY)], 1, 60) == [NoScore("StopIteration")]


@pytest.mark.parametrize("body", ["raise SystemExit", "next(iter([]))", "raise GeneratorExit"])
def test_whatever_a_rule_raises_is_one_finding(module: Any, body: str) -> None:
    module("rules", f"def odd(messages, expected):\n    {body}")
    rule = load_rules(RuleSettings(own_rules=("python:rules:odd",)))[-1]
    [finding] = rule.check(HISTORY, Expectations())
    assert "the rule itself failed" in finding.detail


def test_a_keyboard_interrupt_from_the_keyboard_passes_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pressed() -> None:
        raise KeyboardInterrupt

    # A shell starts what it runs in the background with the signal ignored.
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):  # pytest leaves Python's own handler installed
        call_foreign_here(pressed)


async def test_a_run_writes_its_version_where_it_was_asked_to(module: Any, tmp_path: Path) -> None:
    from duologue.plans.generation import plan_generation

    module("bots", "async def reply(chat_history): return 'x'")
    plan = plan_generation(seeds="seeds.csv", output="datasets", name="moved")
    os.chdir("/")
    assert str(plan.dataset.folder) == str(tmp_path / "datasets" / "moved")
