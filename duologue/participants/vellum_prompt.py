"""A participant that is a Prompt Deployment on Vellum."""

import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Any

from vellum import (
    ChatHistoryInputRequest,
    ExecutePromptResponse,
    PromptDeploymentExpandMetaRequest,
    RejectedExecutePromptResponse,
    VellumError,
)

from duologue.conversation.content import split_content
from duologue.conversation.messages import Message
from duologue.conversation.usage import Usage, total
from duologue.errors import FatalError, ParticipantError, RunStoppingError, TransientError
from duologue.participants.budget import Spending
from duologue.participants.protocol import Reply, TurnContext, usable_text
from duologue.participants.retries import with_retries
from duologue.participants.vellum_deployment import (
    NO_RETRIES,
    VellumClient,
    fit_id,
    refuse_key,
    release_of,
    target_of,
)
from duologue.participants.vellum_errors import SDK_ERRORS, ErrorContext, sdk_error
from duologue.participants.vellum_inputs import message_requests, prompt_input, typed_inputs
from duologue.participants.vellum_marks import external_ids_of, metadata_of
from duologue.participants.vellum_stream import usage_of
from duologue.participants.workflow_output import reply_in
from duologue.settings.participants import CallSettings, ParticipantSettings

_WITH_USAGE = PromptDeploymentExpandMetaRequest(usage=True, cost=True, model_name=True)

_TRANSIENT_CODES = {
    "PROVIDER_ERROR",
    "REQUEST_TIMEOUT",
    "INTERNAL_SERVER_ERROR",
    "PROVIDER_QUOTA_EXCEEDED",
    "CHAT_QUOTA_EXCEEDED",
}
_RUN_STOPPING_CODES = {"PROVIDER_CREDENTIALS_UNAVAILABLE", "INTEGRATION_CREDENTIALS_UNAVAILABLE"}


class VellumPrompt:
    """Executes a Prompt Deployment once for each reply. Usage and cost come with the answer."""

    def __init__(
        self,
        client: VellumClient,
        settings: ParticipantSettings,
        call: CallSettings,
        spending: Spending | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._call = call
        self._spending = spending or Spending()
        self._types = settings.pinned.input_types if settings.pinned else {}

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        settings, types = self._settings, self._types
        further = typed_inputs(settings, types, context)
        texts = [message.text for message in chat_history]
        texts += [value for value in further.values() if isinstance(value, str)]
        wording = ErrorContext(
            settings.reference,
            self._client.base_url,
            self._client.api_key,
            private=texts,
            denied="may execute this Prompt Deployment",
            not_found=(
                "There is no such Prompt Deployment or release tag in the workspace of "
                "VELLUM_API_KEY; check both, and the key"
            ),
            refused="Check the names and types of the Prompt's variables",
        )
        history = message_requests(chat_history)
        request: dict[str, Any] = {
            **target_of(settings, "prompt"),
            **release_of(settings),
            "inputs": [
                ChatHistoryInputRequest(name=settings.history_input, value=history),
                *(prompt_input(name, value, types.get(name)) for name, value in further.items()),
            ],
            "metadata": metadata_of(context),
            "expand_meta": _WITH_USAGE,
            "request_options": NO_RETRIES,
        }
        used: list[Usage] = []
        external_ids = external_ids_of(context)

        def attempt() -> Awaitable[Reply]:
            request["external_id"] = next(external_ids)
            return self._attempt(request, wording, used)

        try:
            reply, attempts = await with_retries(
                attempt, self._call, settings.reference, self._client.account
            )
        except ParticipantError as error:
            error.usage = total(used)
            raise
        return replace(reply, attempts=attempts, usage=total(used))

    async def _attempt(
        self, request: dict[str, Any], wording: ErrorContext, used: list[Usage]
    ) -> Reply:
        self._spending.begin_call()
        started = time.monotonic()
        try:
            response = await self._client.sdk.execute_prompt(**request)
        except SDK_ERRORS as error:
            failure = sdk_error(error, wording)
        else:
            usage = usage_of(response.meta)
            used.append(usage)
            self._spending.add(usage)
            return self._reply(response, round((time.monotonic() - started) * 1000), wording)
        # Out of the except clause, so that the SDK's error is not chained to ours: its text
        # holds the whole body and, at times, the key.
        raise failure

    def _reply(
        self, response: ExecutePromptResponse, latency_ms: int, wording: ErrorContext
    ) -> Reply:
        if isinstance(response, RejectedExecutePromptResponse):
            raise _prompt_error(response.error, wording)
        # The thinking of a model is no part of its reply.
        said_aloud = (output for output in response.outputs if output.type != "THINKING")
        outputs = [output.model_dump(mode="json") for output in said_aloud]
        if error := next((one for one in outputs if one["type"] == "ERROR"), None):
            raise FatalError(
                f"{wording.participant}: the Prompt's output is an error: "
                f"{wording.quoted(str(error['value']))}; its execution on Vellum shows why"
            )
        if any(one["type"] == "JSON" for one in outputs):
            output = next(one for one in outputs if one["type"] == "JSON")
            said = reply_in(output["value"], "JSON", self._settings, wording.participant)
        else:
            said = split_content(None, {"type": "ARRAY", "value": outputs})
        content = said[1]
        text = usable_text(said[0], wording.participant, content)
        refuse_key(wording, text, content or "")
        execution_id = fit_id(response.execution_id, wording)
        return Reply(text, execution_id=execution_id, latency_ms=latency_ms, content=content)


def _prompt_error(error: VellumError, wording: ErrorContext) -> ParticipantError:
    said = (
        f"{wording.participant}: the Prompt was rejected with {wording.quoted(str(error.code))}: "
        f"{wording.quoted(error.message)}"
    )
    if error.code in _TRANSIENT_CODES:
        return TransientError(said)
    if error.code in _RUN_STOPPING_CODES:
        return RunStoppingError(f"{said}; add the credentials it needs to the Vellum workspace")
    return FatalError(f"{said}; its execution on Vellum shows why")
