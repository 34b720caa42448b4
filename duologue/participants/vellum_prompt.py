"""A participant that is a Prompt Deployment on Vellum."""

from collections.abc import Sequence
from typing import Any

from vellum import (
    ChatHistoryInputRequest,
    ExecutePromptResponse,
    PromptDeploymentExpandMetaRequest,
    RejectedExecutePromptResponse,
)

from duologue.conversation.content import split_content
from duologue.conversation.messages import Message
from duologue.errors import FatalError
from duologue.participants.budget import Spending
from duologue.participants.calling import AddUsage, Caller
from duologue.participants.error_context import ErrorContext
from duologue.participants.protocol import Reply, TurnContext, usable_text
from duologue.participants.vellum_deployment import (
    NO_RETRIES,
    VellumClient,
    fit_id,
    release_of,
    target_of,
)
from duologue.participants.vellum_errors import (
    SDK_ERRORS,
    deployment_remedies,
    rejection,
    sdk_error,
)
from duologue.participants.vellum_inputs import message_requests, prompt_input, typed_inputs
from duologue.participants.vellum_marks import external_ids_of, metadata_of
from duologue.participants.vellum_stream import usage_of
from duologue.participants.workflow_output import reply_in
from duologue.settings.participants import CallSettings, ParticipantSettings

_WITH_USAGE = PromptDeploymentExpandMetaRequest(usage=True, cost=True, model_name=True)

_REMEDIES = deployment_remedies("Prompt")


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
        self._caller = Caller(settings.reference, call, client.account, spending or Spending())
        self._types = settings.pinned.input_types if settings.pinned else {}

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        settings, types = self._settings, self._types
        further = typed_inputs(settings, types, context)
        client = self._client
        wording = client.error_context(settings.reference, chat_history, further, _REMEDIES)
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
        external_ids = external_ids_of(context)

        async def execute(add: AddUsage) -> ExecutePromptResponse:
            request["external_id"] = next(external_ids)
            response = await client.sdk.execute_prompt(**request)
            add(usage_of(response.meta))
            return response

        return await self._caller.reply(
            execute,
            lambda response: self._reply(response, wording),
            SDK_ERRORS,
            lambda error: sdk_error(error, wording),
        )

    def _reply(self, response: ExecutePromptResponse, wording: ErrorContext) -> Reply:
        if isinstance(response, RejectedExecutePromptResponse):
            rejected = response.error
            raise rejection("Prompt", str(rejected.code), rejected.message, wording)
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
        wording.refuse_secrets(text, content or "")
        execution_id = fit_id(response.execution_id, wording)
        return Reply(text, execution_id=execution_id, content=content)
