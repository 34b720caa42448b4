"""A participant that is a URL: a chatbot that takes JSON by POST, and returns JSON or text."""

import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import jmespath
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import SecretStr

from duologue.conversation.messages import Message
from duologue.errors import (
    FatalError,
    ParticipantError,
    RateLimitedError,
    RunStoppingError,
    TransientError,
    UsageError,
)
from duologue.own_code import allowed_code
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Account
from duologue.participants.http_failures import (
    TOO_MANY_REQUESTS,
    is_transient_status,
    retry_after_seconds,
)
from duologue.participants.protocol import Reply, TurnContext, usable_text
from duologue.participants.retries import with_retries
from duologue.participants.templates import filled_body, subject_of, values_for
from duologue.participants.vellum_errors import ErrorContext
from duologue.settings.participants import CallSettings, ParticipantSettings

ALLOWED_HOSTS = "DUOLOGUE_ALLOWED_HOSTS"
"""The worker's variable with the hosts that a Prefect deployment may send secret headers to."""


@asynccontextmanager
async def endpoint_client(max_concurrency: int) -> AsyncIterator[httpx.AsyncClient]:
    """Opens the one HTTP client that all URLs of a run share. It follows no redirects."""
    async with HttpxAiohttpClient(
        follow_redirects=False,
        timeout=None,
        limits=httpx.Limits(max_connections=max_concurrency),
    ) as client:
        yield client


class EndpointBot:
    """Posts one JSON body for each reply."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: ParticipantSettings,
        call: CallSettings,
        spending: Spending,
        account: Account,
    ) -> None:
        self._client = client
        self._settings = settings
        self._call = call
        self._spending = spending
        self._account = account
        self._secrets = _secret_headers(settings)

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        settings = self._settings
        values = values_for(settings, chat_history, context)
        body = filled_body(settings.endpoint.body, values, subject_of(settings))
        private = [*(message.text for message in chat_history), *context.seed.context.values()]
        key = max((one.get_secret_value() for one in self._secrets.values()), key=len, default="")
        wording = ErrorContext(
            settings.reference, settings.reference, SecretStr(key), private=private
        )
        reply, attempts = await with_retries(
            lambda: self._attempt(body, wording), self._call, settings.reference, self._account
        )
        return replace(reply, attempts=attempts)

    async def _attempt(self, body: Any, wording: ErrorContext) -> Reply:
        self._spending.begin_call()
        started = time.monotonic()
        secrets = {name: value.get_secret_value() for name, value in self._secrets.items()}
        try:
            response = await self._client.post(
                self._settings.reference,
                json=body,
                headers={**self._settings.endpoint.headers, **secrets},
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            why = f"{type(error).__name__}: {self._shown(str(error), wording)}".rstrip(": ")
            failure: ParticipantError = TransientError(f"{wording.participant}: failed ({why})")
        else:
            latency_ms = round((time.monotonic() - started) * 1000)
            if response.is_success:
                return self._reply(response, latency_ms, wording)
            failure = self._failure(response, wording)
        # Out of the except clause: the library's error holds the request with its headers.
        raise failure

    def _reply(self, response: httpx.Response, latency_ms: int, wording: ErrorContext) -> Reply:
        answer = _json_or_text(response)
        path = self._settings.output_path
        said = jmespath.search(path, answer) if path else answer
        if not isinstance(said, str):
            there = ", ".join(answer) if isinstance(answer, Mapping) else type(answer).__name__
            raise FatalError(
                f"{wording.participant}: the answer has no text at output_path {path!r}; it holds "
                f"{self._shown(there, wording)}. Set output_path to where the reply is, as in "
                "choices[0].message.content"
            )
        session = self._settings.endpoint.session_path
        state = jmespath.search(session, answer) if session else None
        if session and not isinstance(state, str | int):
            raise FatalError(
                f"{wording.participant}: the answer has no session id at endpoint.session_path "
                f"{session!r}; set it to where the id is, or leave it empty"
            )
        text = usable_text(said, wording.participant)
        if any(secret.get_secret_value() in text for secret in self._secrets.values()):
            raise FatalError(
                f"{wording.participant}: the reply holds the value of a secret header, which no "
                "dataset may; find out how the chatbot comes to know it"
            )
        return Reply(text, latency_ms=latency_ms, state=None if state is None else str(state))

    def _failure(self, response: httpx.Response, wording: ErrorContext) -> ParticipantError:
        status = response.status_code
        said = f"{wording.participant} answered {_named(status)}: "
        said += self._shown(response.text, wording) or "(nothing)"
        if 300 <= status < 400:
            target = urlsplit(response.headers.get("location", ""))
            return RunStoppingError(
                f"{wording.participant} answered {_named(status)} with a redirect to "
                f"{target.hostname or 'another path'}, which is not followed, because the headers "
                "would go with it; give the URL that the chatbot is really at"
            )
        if status in (401, 403):
            names = ", ".join(self._settings.endpoint.headers_from_environment.values())
            return RunStoppingError(
                f"{said}. Check the environment variables of endpoint.headers_from_environment "
                f"({names or 'there are none'})"
            )
        if status in (404, 405):
            return RunStoppingError(f"{said}. Check the URL; it is called with POST")
        seconds = retry_after_seconds(response.headers)
        if status == TOO_MANY_REQUESTS:
            return RateLimitedError(said, seconds)
        if is_transient_status(status):
            return TransientError(said, seconds)
        return FatalError(f"{said}. Check endpoint.body against what the chatbot expects")

    def _shown(self, text: str, wording: ErrorContext) -> str:
        for secret in self._secrets.values():
            text = text.replace(secret.get_secret_value(), "[hidden]")
        return wording.quoted(text)


def _secret_headers(settings: ParticipantSettings) -> dict[str, SecretStr]:
    names = settings.endpoint.headers_from_environment
    host = urlsplit(settings.reference).hostname or ""
    allowed = [one.strip() for one in os.environ.get(ALLOWED_HOSTS, "").split(",")]
    if names and allowed_code.get() is not None and host not in allowed:
        raise UsageError(
            f"participant {settings.reference!r}: a Prefect deployment sends secret headers only "
            f"to the hosts that its worker allows, and {host!r} is not one of them; add it to "
            f"{ALLOWED_HOSTS} in the environment that the worker is started with"
        )
    secrets = {}
    for header, variable in names.items():
        value = os.environ.get(variable, "").strip()
        if not value or not value.isascii() or not value.isprintable():
            raise UsageError(
                f"participant {settings.reference!r}: the environment variable {variable}, for the "
                f"header {header}, {'is not set' if not value else 'cannot be a header'}; set it "
                "to the header's whole value"
            )
        secrets[header] = SecretStr(value)
    return secrets


def _json_or_text(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        return response.text


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
