"""A participant that is a Workflow Deployment on Vellum, and the one HTTP client a run needs."""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import JsonValue, SecretStr
from vellum import (
    AsyncVellum,
    ExecuteWorkflowResponse,
    RejectedExecuteWorkflowWorkflowResultEvent,
    VellumEnvironment,
    WorkflowRequestChatHistoryInputRequest,
    WorkflowRequestInputRequest,
    WorkflowRequestStringInputRequest,
)
from vellum.client.core.request_options import RequestOptions
from vellum.utils.vellum_client import create_vellum_environment

from duologue.conversation.content import shown_text
from duologue.conversation.messages import Message, unwritable_reason
from duologue.errors import FatalError, RunStoppingError, UsageError
from duologue.participants.api_key import vellum_api_key
from duologue.participants.budget import Spending
from duologue.participants.calling import AddUsage, Caller
from duologue.participants.concurrency import Account, Accounts
from duologue.participants.error_context import ErrorContext, Remedies
from duologue.participants.protocol import Reply, TurnContext, usable_text
from duologue.participants.stateful import refuse_fresh_state, refuse_lost_state
from duologue.participants.vellum_errors import (
    SDK_ERRORS,
    deployment_remedies,
    lost_state,
    rejection,
    sdk_error,
)
from duologue.participants.vellum_inputs import (
    message_requests,
    trigger_message,
    typed_inputs,
    workflow_input,
)
from duologue.participants.vellum_marks import external_ids_of, metadata_of
from duologue.participants.vellum_stream import WITH_USAGE, result_of, result_of_trigger
from duologue.participants.workflow_output import reply_in
from duologue.settings.participants import CallSettings, ParticipantMode, ParticipantSettings
from duologue.storage.locations import without_credentials

NO_RETRIES: RequestOptions = {"max_retries": 0}
"""Of the SDK's: it knows neither a deadline nor the errors beyond HTTP. There is no timeout of the
SDK's either: that one starts again with every byte received, while the one in `with_retries` ends
the attempt."""

_REMEDIES = deployment_remedies("Workflow")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class VellumClient:
    """The SDK's client with its addresses and its key; for one event loop."""

    sdk: AsyncVellum
    base_url: str
    """Where Workflow Deployments are executed."""
    default_url: str
    """Where everything else is requested, such as Test Suites."""
    api_key: SecretStr
    """What no message may hold."""
    account: Account
    """Of the key: how many calls it allows in flight."""

    def error_context(
        self,
        participant: str,
        chat_history: Sequence[Message],
        inputs: Mapping[str, JsonValue],
        remedies: Remedies,
    ) -> ErrorContext:
        """Returns what messages about a call say, and what was sent, which they must hide."""
        private = [*(message.text for message in chat_history), *_texts([*inputs.values()])]
        return ErrorContext(participant, self.base_url, (self.api_key,), private, remedies)


@asynccontextmanager
async def vellum_client(
    max_concurrency: int, accounts: Accounts | None = None
) -> AsyncIterator[VellumClient]:
    """Opens the one client that all deployments of a run share.

    The key comes from VELLUM_API_KEY, the base URLs from the variables that Vellum's own tools
    read (VELLUM_API_URL and the more specific ones), a proxy from HTTPS_PROXY and NO_PROXY.

    Args:
        max_concurrency: how many connections it opens at most, and so how many calls it makes at
            once. A call that waits for a connection is already using up its time.
        accounts: of the run; None if nobody reports what they allow.

    Raises:
        UsageError: the key is missing or malformed, or a base URL is invalid.
    """
    api_key = vellum_api_key()
    environment = _environment()
    async with _http_client(environment.predict, max_concurrency) as http_client:
        sdk = AsyncVellum(
            api_key=api_key.get_secret_value(), environment=environment, httpx_client=http_client
        )
        account = (accounts or Accounts()).named(environment.predict)
        yield VellumClient(sdk, environment.predict, environment.default, api_key, account)


WITHOUT_OUTPUT_BEFORE_STOP = 3
"""Executions without the output, and none with it, after which its name counts as wrong. One or
two may come from a branch of the Workflow that ends elsewhere."""


class VellumDeployment:
    """Executes a Workflow Deployment once for each reply."""

    def __init__(
        self,
        client: VellumClient,
        settings: ParticipantSettings,
        call: CallSettings,
        spending: Spending | None = None,
        record_usage: bool = False,
    ) -> None:
        self._client = client
        self._settings = settings
        self._caller = Caller(settings.reference, call, client.account, spending or Spending())
        self._record_usage = record_usage
        self._types = settings.pinned.input_types if settings.pinned else {}
        self._is_stateful = settings.mode is ParticipantMode.STATEFUL
        # An argument that is None would be sent as null; one that is left out is not sent.
        self._request: dict[str, Any] = {**release_of(settings), "request_options": NO_RETRIES}
        if settings.trigger is None:
            self._request |= target_of(settings, "workflow")
        self._without_output: int | None = 0
        """Executions without the output; None once one had it, so that its name is right."""

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        further = typed_inputs(self._settings, self._types, context)
        reference = self._settings.reference
        wording = self._client.error_context(reference, chat_history, further, _REMEDIES)
        request = {**self._request, "metadata": metadata_of(context)}
        if self._is_stateful:
            refuse_lost_state(chat_history, context, reference)
            if context.previous_execution_id is not None:
                request["previous_execution_id"] = context.previous_execution_id
        request["inputs"] = self._inputs(chat_history, further)
        external_ids = external_ids_of(context)

        def execute(add: AddUsage) -> Awaitable[ExecuteWorkflowResponse]:
            request["external_id"] = next(external_ids)
            return self._executed(request, wording, add)

        return await self._caller.reply(
            execute,
            lambda response: self._reply(response, context, wording),
            SDK_ERRORS,
            lambda error: lost_state(error, context, wording) or sdk_error(error, wording),
        )

    def _inputs(
        self, chat_history: Sequence[Message], further: dict[str, JsonValue]
    ) -> list[WorkflowRequestInputRequest] | dict[str, Any]:
        settings, types = self._settings, self._types
        if settings.trigger is not None:
            return {"message": trigger_message(chat_history[-1]), **further}
        latest: WorkflowRequestInputRequest
        if self._is_stateful:
            text = shown_text(chat_history[-1])
            latest = WorkflowRequestStringInputRequest(name=settings.message_input, value=text)
        else:
            latest = WorkflowRequestChatHistoryInputRequest(
                name=settings.history_input, value=message_requests(chat_history)
            )
        more = (workflow_input(name, value, types.get(name)) for name, value in further.items())
        return [latest, *more]

    async def _executed(
        self, request: dict[str, Any], wording: ErrorContext, add: AddUsage
    ) -> ExecuteWorkflowResponse:
        sdk = self._client.sdk
        if self._settings.trigger is not None:
            return await result_of_trigger(
                sdk.workflow_deployments.execute_stream(
                    quote(self._settings.deployment, safe=""),
                    trigger=self._settings.trigger,
                    **request,
                ),
                wording,
            )
        request = {**request, "inputs": _one_by_one(request["inputs"])}
        if not self._record_usage:
            return await sdk.execute_workflow(**request)
        events = sdk.execute_workflow_stream(**request, **WITH_USAGE)
        return await result_of(events, wording, add)

    def _reply(
        self, response: ExecuteWorkflowResponse, context: TurnContext, wording: ErrorContext
    ) -> Reply:
        if isinstance(response.data, RejectedExecuteWorkflowWorkflowResultEvent):
            error = response.data.error
            raise rejection("Workflow", error.code, error.message, wording)
        wanted = self._settings.output.replace("_", "-")
        found = {output.name.replace("_", "-"): output for output in response.data.outputs}
        if wanted not in found:
            there = ", ".join(output.name for output in response.data.outputs) or "none"
            message = (
                f"{wording.participant}: the Workflow has no output {self._settings.output!r}; its "
                f"outputs are: {wording.quoted(there)}. Set the participant's `output` to the one "
                "that holds the reply"
            )
            if self._without_output is not None:
                self._without_output += 1
                if self._without_output >= WITHOUT_OUTPUT_BEFORE_STOP:
                    raise RunStoppingError(message)
            raise FatalError(message)
        self._without_output = None
        output = found[wanted]
        content = None
        if output.type == "STRING" and self._settings.output_path is None:
            text = usable_text(output.value, wording.participant)
        else:
            value = output.model_dump(mode="json", exclude_none=True).get("value")
            if self._is_stateful:
                refuse_fresh_state(value, context, wording.participant)
            text, content = reply_in(value, output.type, self._settings, wording.participant)
        wording.refuse_secrets(text, content or "")
        execution_id = fit_id(response.execution_id, wording)
        if self._is_stateful and execution_id is None:
            raise FatalError(
                f"{wording.participant}: the answer has no execution id, and a stateful "
                "conversation continues from one; set the participant's mode to stateless, or "
                "check what answers at " + self._client.base_url
            )
        return Reply(text, execution_id=execution_id, content=content)


def target_of(settings: ParticipantSettings, kind: str) -> dict[str, str]:
    """Names the deployment to execute, by its id or its name.

    Args:
        settings: of the participant.
        kind: `workflow` or `prompt`.
    """
    by = "id" if _UUID.fullmatch(settings.deployment) else "name"
    return {f"{kind}_deployment_{by}": settings.deployment}


def release_of(settings: ParticipantSettings) -> dict[str, str]:
    """Names the release to execute, if any: the pinned one, or else the one in the settings."""
    tag = settings.pinned.release_tag if settings.pinned else settings.release_tag
    return {"release_tag": tag} if tag else {}


def fit_id(execution_id: str, wording: ErrorContext) -> str | None:
    """Returns an execution's id; None for an id that cannot be Vellum's or holds the key."""
    if _UUID.fullmatch(execution_id) and not wording.holds_secret(execution_id):
        return execution_id
    is_fit = execution_id != "" and unwritable_reason(execution_id) is None
    return execution_id if is_fit and wording.quoted(execution_id) == execution_id else None


def _one_by_one(inputs: Sequence[WorkflowRequestInputRequest]) -> Iterator[Any]:
    """Yields inputs as the SDK encodes them fastest.

    It searches a list for dicts whose keys it must rename, which takes longer than to encode it;
    these are models, and have none. Each call needs an iterator of its own.
    """
    yield from inputs


def _texts(value: JsonValue) -> Iterator[str]:
    """Yields the texts in a JSON value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _environment() -> VellumEnvironment:
    environment = create_vellum_environment()
    urls = {
        "VELLUM_PREDICT_API_URL": environment.predict,
        "VELLUM_DEFAULT_API_URL": environment.default,
        "VELLUM_DOCUMENTS_API_URL": environment.documents,
    }
    for variable, url in urls.items():
        if not _is_http_url(url):
            raise UsageError(
                f"{variable if os.environ.get(variable) else 'VELLUM_API_URL'} is "
                f"{without_credentials(url)!r}; expected a URL that starts with https:// or "
                "http://, without user name and password, as in https://api.vellum.ai"
            )
    return environment


def _is_http_url(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    has_scheme_and_host = parsed.scheme in {"http", "https"} and parsed.host != ""
    # httpx and aiohttp would both turn credentials into a header, and then refuse to have two.
    is_bare = not parsed.userinfo and " " not in url
    return has_scheme_and_host and is_bare and (parsed.port or 443) < 65536


def _http_client(base_url: str, max_concurrency: int) -> httpx.AsyncClient:
    """Puts aiohttp below httpx, whose own pool takes ten times as long with 256 calls in flight."""
    context = httpx.create_ssl_context()

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=max_concurrency, ssl=context),
            # Not `trust_env`, which looks the proxy up in a thread for every call.
            proxy=_proxy(base_url),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    return _LeanClient(
        transport=AiohttpTransport(verify=context, client=session),
        # httpx has one of 5 s, which the SDK takes over, and many a reply takes longer.
        timeout=None,
    )


class _NoCookies(httpx.Cookies):
    """Takes none. To be asked to by a policy takes httpx a twentieth of a call's computing."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


class _LeanClient(httpx.AsyncClient):
    """Has no call tied by a cookie to the machine that answered the first one.

    And leaves no garbage: an httpx response and its stream refer to each other, so that the garbage
    collector has to find each of them, with the request and all else that hangs on it.
    """

    cookies = _NoCookies()  # type: ignore[override]  # nobody sets others

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        response = await super().send(request, **options)
        if response.is_closed:  # it was read to its end
            response.stream = httpx.ByteStream(response.content)
        return response


def _proxy(base_url: str) -> str | None:
    url = httpx.URL(base_url)
    return None if proxy_bypass(url.host) else getproxies().get(url.scheme)
