"""A participant that is any Python function, so that a chatbot need not be on Vellum."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

from duologue.conversation.messages import Message
from duologue.errors import (
    DuologueError,
    FatalError,
    RateLimitedError,
    TransientError,
    UsageError,
)
from duologue.foreign_code import Raised, call_foreign
from duologue.own_code import import_function
from duologue.participants.budget import Spending
from duologue.participants.calling import AddUsage, Caller
from duologue.participants.concurrency import Account
from duologue.participants.http_failures import (
    TOO_MANY_REQUESTS,
    headers_of,
    is_connection_error,
    is_out_of_credit,
    is_transient_status,
    retry_after_seconds,
    status_of,
)
from duologue.participants.protocol import (
    Reply,
    TurnContext,
    further_inputs,
    scenario_inputs,
    usable_text,
    verdict_text,
)
from duologue.seeds.scenario import USER_INPUTS
from duologue.settings.judges import JUDGE_COLUMNS, JudgeParticipant
from duologue.settings.participants import CallSettings, ParticipantSettings

CONVERSATION_ID = "conversation_id"
"""The parameter of a function that is given the conversation's id."""


class PythonFunction:
    """Calls `reply(chat_history)`, async or not, with the messages as a list.

    Further inputs are passed by keyword, and so is the conversation's id if the function has a
    parameter `conversation_id`. A simulated user also gets persona, goal, facts,
    expected_outcome and language as text, if it has such parameters; what the seed lacks is
    empty, or the parameter's default. The function may raise TransientError to be called again, or
    FatalError not to be. Timeouts, lost connections, and the statuses 408, 409, 425, 429 and 5xx
    count as the first, whatever library raised them; every other error counts as the second, also
    one that is not an Exception.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        settings: ParticipantSettings,
        call: CallSettings,
        executor: Executor,
        spending: Spending | None = None,
        account: Account | None = None,
    ) -> None:
        account = account or Account(settings.reference)
        self._caller = Caller(settings.reference, call, account, spending or Spending())
        self._function = function
        self._settings = settings
        self._executor = executor
        self._wants_conversation_id = _wants_conversation_id(function)
        self._scenario = _scenario_parameters(function) if settings.takes_scenario else {}
        # An object with an async `__call__` is asynchronous as well.
        self._is_async = any(map(inspect.iscoroutinefunction, (function, type(function).__call__)))

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        missing = {name: "" for name, has_default in self._scenario.items() if not has_default}
        scenario = scenario_inputs(self._settings, context, self._scenario)
        inputs = {**missing, **scenario, **further_inputs(self._settings, context)}
        if self._wants_conversation_id:
            inputs.setdefault(CONVERSATION_ID, context.conversation_id)

        def call(_: AddUsage) -> Awaitable[Any]:
            function = partial(self._function, list(chat_history), **inputs)
            return call_foreign(function, self._is_async, self._executor)

        return await self._caller.reply(call, self._reply)

    def _reply(self, said: Any) -> Reply:
        if isinstance(said, Raised):
            failure = _failure(said.error, self._settings.reference)
            raise failure from (None if failure is said.error else said.error)
        if inspect.isgenerator(said) or inspect.isasyncgen(said):
            raise FatalError(
                f"{self._settings.reference} replied with {type(said).__name__}, not text; a reply "
                "must be a string, so return the whole text instead of yielding parts of it"
            )
        if self._settings.is_judge and said is not None:
            said = verdict_text(said, self._settings.reference)
        return Reply(usable_text(said, self._settings.reference))


def load_function(settings: ParticipantSettings) -> Callable[..., Any]:
    """Imports the function that a `python:` reference names.

    Raises:
        UsageError: no such module or name, or it cannot be called with a chat history and the
            further inputs.
    """
    subject = f"participant {settings.reference!r}"
    expected = "`async def reply(chat_history) -> str` (or without async)"
    function = import_function(settings.reference, subject, expected)
    if isinstance(settings, JudgeParticipant):
        settings = settings.given(parameters_of(function))
    scenario = _scenario_parameters(function) if settings.takes_scenario else {}
    inputs = dict.fromkeys([*settings.static_inputs, *settings.seed_inputs, *scenario])
    if _wants_conversation_id(function):
        inputs.setdefault(CONVERSATION_ID)
    try:
        inspect.signature(function).bind([], **inputs)
    except TypeError as error:
        raise UsageError(
            f"{subject}: cannot be called as {settings.reference.split(':')[2]}(chat_history"
            f"{''.join(f', {name}=…' for name in inputs)}): {error}"
        ) from None
    return function


def parameters_of(function: Callable[..., Any]) -> Collection[str]:
    """Returns what a judge takes besides the messages; with `**`, all but the criteria."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):  # some builtin functions have no signature
        return ()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return [*(one.name for one in parameters), *(set(JUDGE_COLUMNS) - {"criteria"})]
    return [
        one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    ]


def _scenario_parameters(function: Callable[..., Any]) -> dict[str, bool]:
    """Returns which of the scenario's texts a function takes, and whether it has a default."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):  # some builtin functions have no signature
        return {}
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return dict.fromkeys(USER_INPUTS, True) | _scenario_defaults(parameters)
    return _scenario_defaults(parameters)


def _scenario_defaults(parameters: Iterable[inspect.Parameter]) -> dict[str, bool]:
    return {
        one.name: one.default is not one.empty
        for one in parameters
        if one.name in USER_INPUTS and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    }


def _failure(error: BaseException, reference: str) -> DuologueError:
    """Converts what a function raised to the error that says whether to call it again."""
    if isinstance(error, BaseExceptionGroup):
        failures = [_failure(one, reference) for one in error.exceptions]
        # One error that stays makes another call pointless.
        return next((one for one in failures if not isinstance(one, TransientError)), failures[0])
    said = f"{reference} raised {_named(error)}"
    if isinstance(error, TransientError):  # a class of the user's may lack what ours have
        return TransientError(said, getattr(error, "retry_after_seconds", None))
    if isinstance(error, DuologueError):
        return error
    status = status_of(error)
    if status is None:
        return TransientError(said) if is_connection_error(error) else FatalError(said)
    seconds = retry_after_seconds(headers_of(error))
    if status == TOO_MANY_REQUESTS:
        return FatalError(said) if is_out_of_credit(error) else RateLimitedError(said, seconds)
    return TransientError(said, seconds) if is_transient_status(status) else FatalError(said)


def _named(error: BaseException) -> str:
    """The error's class and the start of its text, on one line."""
    try:
        text = " ".join(str(error).split())
    except BaseException:  # its class is the user's as well
        text = ""
    return f"{type(error).__name__}: {text[:200]}".rstrip(": ")


def _wants_conversation_id(function: Callable[..., Any]) -> bool:
    try:
        parameter = inspect.signature(function).parameters.get(CONVERSATION_ID)
    except (TypeError, ValueError):  # some builtin functions have no signature
        return False
    by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return parameter is not None and parameter.kind in by_keyword
