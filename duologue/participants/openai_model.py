"""A participant that is a language model behind OpenAI's API, or a server with the same API."""

import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
    OpenAIError,
)
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from pydantic import SecretStr

from duologue.conversation.messages import Message
from duologue.conversation.usage import Usage
from duologue.errors import (
    FatalError,
    ParticipantError,
    RunStoppingError,
    TransientError,
    UsageError,
)
from duologue.participants.api_key import api_key
from duologue.participants.budget import Spending
from duologue.participants.calling import AddUsage, Caller
from duologue.participants.concurrency import Account, Accounts
from duologue.participants.error_context import ErrorContext, Remedies
from duologue.participants.http_failures import (
    answered,
    headers_of,
    is_out_of_credit,
    status_failure,
)
from duologue.participants.protocol import Reply, TurnContext, usable_text
from duologue.participants.templates import filled, messages_for_openai, subject_of, values_for
from duologue.settings.participants import CallSettings, ParticipantSettings
from duologue.storage.locations import without_credentials

DEFAULT_BASE_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent to a server of your own that wants no key."""

_REMEDIES = Remedies(
    denied="Check that OPENAI_API_KEY is valid and may use this model",
    not_found=(
        "There is no such model, or OPENAI_BASE_URL is not the API's address, which mostly ends in "
        "/v1; check both"
    ),
    redirected="set OPENAI_BASE_URL to the address itself",
    refused="Check the model's name, and the options that it accepts",
)

_THINKING = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
"""Some servers leave a model's reasoning in front of its reply."""


@dataclass(frozen=True, slots=True)
class ModelClient:
    """The SDK's client with its address and its key; for one event loop."""

    sdk: AsyncOpenAI
    base_url: str
    secrets: Sequence[SecretStr]
    """The key, which no message may hold; empty if the server wants none."""
    account: Account


@asynccontextmanager
async def model_client(max_concurrency: int, accounts: Accounts) -> AsyncIterator[ModelClient]:
    """Opens the one client that all `openai:` participants of a run share.

    The key comes from OPENAI_API_KEY, the address from OPENAI_BASE_URL.

    Raises:
        UsageError: the key is missing or malformed, or the address is not a URL.
    """
    base_url = _base_url()
    key = _api_key(base_url)
    # Redirects are not followed, so that the key stays with the server that it is for. No timeout
    # and no retries of the SDK's: `with_retries` has those, and knows the deadline.
    http_client = DefaultAsyncHttpxClient(
        follow_redirects=False,
        timeout=None,
        limits=_limits(max_concurrency),
    )
    async with AsyncOpenAI(
        api_key=key.get_secret_value() if key else NO_KEY,
        base_url=base_url,
        timeout=None,
        max_retries=0,
        http_client=http_client,
    ) as sdk:
        secrets = (key,) if key else ()
        yield ModelClient(sdk, base_url, secrets, accounts.named(base_url))


class OpenAIModel:
    """Requests one chat completion for each reply."""

    def __init__(
        self,
        client: ModelClient,
        settings: ParticipantSettings,
        call: CallSettings,
        spending: Spending,
    ) -> None:
        self._client = client
        self._settings = settings
        self._caller = Caller(settings.reference, call, client.account, spending)
        self._request: dict[str, Any] = {
            "model": settings.reference.partition(":")[2],
            # OpenAI's newer models refuse `max_tokens`, and many other servers know only that.
            (
                "max_completion_tokens" if client.base_url == DEFAULT_BASE_URL else "max_tokens"
            ): settings.max_tokens,
        }
        if settings.temperature is not None:
            self._request["temperature"] = settings.temperature

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        settings = self._settings
        prompt = _system_prompt(settings, chat_history, context)
        messages = messages_for_openai(chat_history)
        if prompt:
            messages.insert(0, {"role": "system", "content": prompt})
        private = [message["content"] for message in messages]
        client = self._client
        wording = ErrorContext(
            settings.reference, client.base_url, client.secrets, private, _REMEDIES
        )
        return await self._caller.reply(
            lambda add: self._completion(messages, add),
            lambda completion: self._reply(completion, wording),
            (OpenAIError, ValueError, OSError),
            lambda error: _failure(error, wording),
        )

    async def _completion(self, messages: list[dict[str, str]], add: AddUsage) -> ChatCompletion:
        completion: ChatCompletion = await self._client.sdk.chat.completions.create(
            messages=cast("list[ChatCompletionMessageParam]", messages), **self._request
        )
        if usage := _usage(completion, self._request["model"]):
            add(usage)
        return completion

    def _reply(self, completion: ChatCompletion, wording: ErrorContext) -> Reply:
        choices = getattr(completion, "choices", None)
        if not isinstance(choices, list) or not choices:
            raise TransientError(
                f"{wording.participant}: the answer from {wording.base_url} holds no reply; "
                "expected a chat completion with `choices`, as from OpenAI's API"
            )
        choice = choices[0]
        said = choice.message.content
        if isinstance(said, str):
            said = _THINKING.sub("", said, count=1) if _THINKING.match(said) else said
        said = said or choice.message.refusal
        if choice.finish_reason == "content_filter" and not said:
            raise FatalError(
                f"{wording.participant}: the reply was withheld by the server's content filter; "
                "change the seed, or the filter's settings"
            )
        if choice.finish_reason == "length" and not (said or "").strip():
            raise FatalError(
                f"{wording.participant}: the model used all of its {self._settings.max_tokens} "
                "tokens before it replied, probably on reasoning; set max_tokens higher"
            )
        text = usable_text(said, wording.participant)
        wording.refuse_secrets(text)
        return Reply(text)


def _system_prompt(
    settings: ParticipantSettings, chat_history: Sequence[Message], context: TurnContext
) -> str | None:
    template = settings.prompt
    if template is None:
        if context.side != "simulated_user":
            return None
        # One text with the Workflow on Vellum.
        from duologue.workflows.simulated_user_llm.prompt import SYSTEM_PROMPT

        template = SYSTEM_PROMPT
    values = values_for(settings, chat_history, context)
    return filled(template, values, subject_of(settings)).strip()


def _usage(completion: ChatCompletion, requested: str) -> Usage | None:
    usage = getattr(completion, "usage", None)
    if usage is None:
        return None
    model = completion.model if isinstance(completion.model, str) else None
    if model and model.startswith("/"):  # some servers report where they have the model's file
        model = requested
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        models=(model,) if model else (),
    )


def _failure(error: Exception, wording: ErrorContext) -> ParticipantError:
    if isinstance(error, APITimeoutError | APIConnectionError | OSError):
        return TransientError(wording.connection_failed(error.__cause__ or error))
    if isinstance(error, APIStatusError):
        return _status_failure(error, wording)
    if isinstance(error, APIError | ValueError):
        return TransientError(
            f"{wording.participant}: the answer from {wording.base_url} is not what OpenAI's API "
            f"promises ({wording.quoted(str(error))}); if it stays so, see what answers there"
        )
    return FatalError(f"{wording.participant}: {wording.quoted(str(error))}")


def _status_failure(error: APIStatusError, wording: ErrorContext) -> ParticipantError:
    body = str(error.body or error.message)
    said = answered(error.status_code, body, wording)
    if is_out_of_credit(error):
        return RunStoppingError(f"{said}. Add credit to the account of OPENAI_API_KEY")
    if error.code == "content_filter":
        return FatalError(f"{said}. Change the seed, or the filter's settings")
    return status_failure(error.status_code, body, headers_of(error), wording)


def _base_url() -> str:
    url = os.environ.get("OPENAI_BASE_URL", "").strip() or DEFAULT_BASE_URL
    try:
        parsed = httpx.URL(url)
        is_url = parsed.scheme in {"http", "https"} and parsed.host != "" and not parsed.userinfo
    except httpx.InvalidURL:
        is_url = False
    if not is_url:
        raise UsageError(
            f"OPENAI_BASE_URL is {without_credentials(url)!r}; expected a URL that starts with "
            "https:// or http://, without user name and password, as in https://api.openai.com/v1"
        )
    return url.rstrip("/")


def _api_key(base_url: str) -> SecretStr | None:
    key = api_key("OPENAI_API_KEY")
    if key is None and base_url == DEFAULT_BASE_URL:
        raise UsageError(
            "OPENAI_API_KEY is not set, and OpenAI cannot be called without it; set it to an API "
            "key, or OPENAI_BASE_URL to a server of your own"
        )
    return key


def _limits(max_concurrency: int) -> Any:
    import httpx2

    return httpx2.Limits(max_connections=max_concurrency, keepalive_expiry=60)
