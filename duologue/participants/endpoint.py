"""A participant that is a URL: a chatbot that takes JSON by POST, and returns JSON or text."""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import jmespath
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import SecretStr

from duologue.conversation.messages import Message
from duologue.errors import FatalError, TransientError, UsageError
from duologue.own_code import allowed_code
from duologue.participants.budget import Spending
from duologue.participants.calling import Caller
from duologue.participants.concurrency import Account
from duologue.participants.error_context import ErrorContext, Remedies
from duologue.participants.http_failures import status_failure
from duologue.participants.protocol import Reply, TurnContext, usable_text
from duologue.participants.templates import filled_body, subject_of, values_for
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
        self._caller = Caller(settings.reference, call, account, spending)
        self._remedies = _remedies(settings)
        self._secrets = _secret_headers(settings)

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        settings = self._settings
        values = values_for(settings, chat_history, context)
        body = filled_body(settings.endpoint.body, values, subject_of(settings))
        private = [*(message.text for message in chat_history), *context.seed.context.values()]
        wording = ErrorContext(
            settings.reference,
            urlsplit(settings.reference).netloc,
            tuple(self._secrets.values()),
            private,
            self._remedies,
        )
        return await self._caller.reply(
            lambda _: self._answer(body),
            lambda response: self._reply(response, wording),
            (httpx.HTTPError, httpx.InvalidURL, OSError),
            lambda error: TransientError(wording.connection_failed(error)),
        )

    async def _answer(self, body: Any) -> httpx.Response:
        secrets = {name: value.get_secret_value() for name, value in self._secrets.items()}
        return await self._client.post(
            self._settings.reference,
            json=body,
            headers={**self._settings.endpoint.headers, **secrets},
        )

    def _reply(self, response: httpx.Response, wording: ErrorContext) -> Reply:
        if not response.is_success:
            raise status_failure(response.status_code, response.text, response.headers, wording)
        answer = _json_or_text(response)
        path = self._settings.output_path
        said = jmespath.search(path, answer) if path else answer
        if not isinstance(said, str):
            there = ", ".join(answer) if isinstance(answer, Mapping) else type(answer).__name__
            raise FatalError(
                f"{wording.participant}: the answer has no text at output_path {path!r}; it holds "
                f"{wording.quoted(there)}. Set output_path to where the reply is, as in "
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
        wording.refuse_secrets(text)
        return Reply(text, state=None if state is None else str(state))


def _remedies(settings: ParticipantSettings) -> Remedies:
    names = ", ".join(settings.endpoint.headers_from_environment.values())
    return Remedies(
        denied=(
            "Check the environment variables of endpoint.headers_from_environment "
            f"({names or 'there are none'})"
        ),
        not_found="Check the URL; it is called with POST",
        redirected="give the URL that the chatbot is really at",
        refused="Check endpoint.body against what the chatbot expects",
    )


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
