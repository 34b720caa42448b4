"""A participant that is any Python function, so that a chatbot need not be on Vellum."""

import asyncio
import inspect
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

from duologue.conversation.messages import Message
from duologue.errors import DuologueError, FatalError, TransientError, UsageError
from duologue.own_code import import_function
from duologue.participants.budget import Spending
from duologue.participants.protocol import Reply, TurnContext, further_inputs, usable_text
from duologue.participants.retries import with_retries
from duologue.settings.participants import CallSettings, ParticipantSettings

CONVERSATION_ID = "conversation_id"
"""The parameter of a function that is given the conversation's id."""


class PythonFunction:
    """Calls `reply(chat_history)`, async or not, with the messages as a list.

    Further inputs are passed by keyword, and so is the conversation's id if the function has a
    parameter `conversation_id`. The function may raise TransientError to be called again, or
    FatalError not to be; ConnectionError and TimeoutError count as the first, every other exception
    as the second.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        settings: ParticipantSettings,
        call: CallSettings,
        executor: Executor,
        spending: Spending | None = None,
    ) -> None:
        self._function = function
        self._settings = settings
        self._call = call
        self._executor = executor
        self._spending = spending or Spending()
        self._wants_conversation_id = _wants_conversation_id(function)
        # An object with an async `__call__` is asynchronous as well.
        self._is_async = any(map(inspect.iscoroutinefunction, (function, type(function).__call__)))

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        reply, attempts = await with_retries(
            lambda: self._attempt(chat_history, context), self._call, self._settings.spelling
        )
        return replace(reply, attempts=attempts)

    async def _attempt(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        inputs = further_inputs(self._settings, context)
        if self._wants_conversation_id:
            inputs.setdefault(CONVERSATION_ID, context.conversation_id)
        self._spending.begin_call()
        started = time.monotonic()
        try:
            said = await self._said(list(chat_history), inputs)
        except DuologueError:
            raise
        except (ConnectionError, TimeoutError) as error:
            raise TransientError(f"{self._settings.spelling} raised {_named(error)}") from error
        except Exception as error:
            raise FatalError(f"{self._settings.spelling} raised {_named(error)}") from error
        text = usable_text(said, self._settings.spelling)
        return Reply(text, latency_ms=round((time.monotonic() - started) * 1000))

    async def _said(self, chat_history: list[Message], inputs: dict[str, Any]) -> object:
        call = partial(self._function, chat_history, **inputs)
        if self._is_async:
            return await call()
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


def load_function(settings: ParticipantSettings) -> Callable[..., Any]:
    """Imports the function that a `python:` spelling names.

    Raises:
        UsageError: no such module or name, or it cannot be called with a chat history and the
            further inputs.
    """
    subject = f"participant {settings.spelling!r}"
    expected = "`async def reply(chat_history) -> str` (or without async)"
    function = import_function(settings.spelling, subject, expected)
    inputs = dict.fromkeys([*settings.static_inputs, *settings.seed_inputs])
    if _wants_conversation_id(function):
        inputs.setdefault(CONVERSATION_ID)
    try:
        inspect.signature(function).bind([], **inputs)
    except TypeError as error:
        raise UsageError(
            f"{subject}: cannot be called as {settings.spelling.split(':')[2]}(chat_history"
            f"{''.join(f', {name}=…' for name in inputs)}): {error}"
        ) from None
    return function


def _wants_conversation_id(function: Callable[..., Any]) -> bool:
    parameter = inspect.signature(function).parameters.get(CONVERSATION_ID)
    by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return parameter is not None and parameter.kind in by_keyword


def _named(error: BaseException) -> str:
    """The error's class and the start of its text, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(": ")
