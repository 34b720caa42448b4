"""A judge that is a metric on Vellum: the same metric that scores a Test Suite."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pydantic import JsonValue
from vellum import (
    ChatHistoryInput,
    ChatMessage,
    JsonInput,
    MetricDefinitionExecution,
    MetricDefinitionInput,
    NumberInput,
    StringInput,
)

from duologue.conversation.messages import Message
from duologue.errors import FatalError
from duologue.participants.budget import Spending
from duologue.participants.calling import AddUsage, Caller
from duologue.participants.error_context import ErrorContext
from duologue.participants.protocol import Reply, TurnContext, usable_text, verdict_text
from duologue.participants.vellum_deployment import (
    NO_RETRIES,
    VellumClient,
    release_of,
)
from duologue.participants.vellum_errors import SDK_ERRORS, metric_remedies, sdk_error
from duologue.participants.vellum_inputs import message_requests, type_of, typed_inputs
from duologue.settings.participants import CallSettings, ParticipantSettings


class VellumMetric:
    """Executes a metric once for each conversation; the answer is its outputs by name."""

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
        """Judges a conversation; see `Participant.reply`."""
        settings, client = self._settings, self._client
        further = typed_inputs(settings, self._types, context)
        wording = client.error_context(settings.reference, chat_history, further, metric_remedies())
        inputs = [
            *self._history(chat_history),
            *(_input(name, value, self._types.get(name)) for name, value in further.items()),
        ]

        async def execute(_: AddUsage) -> MetricDefinitionExecution:
            return await client.sdk.metric_definitions.execute_metric_definition(
                quote(settings.deployment, safe=""),
                inputs=inputs,
                request_options=NO_RETRIES,
                **release_of(settings),
            )

        return await self._caller.reply(
            execute,
            lambda executed: _reply(executed, wording),
            SDK_ERRORS,
            lambda error: sdk_error(error, wording),
        )

    def _history(self, chat_history: Sequence[Message]) -> list[MetricDefinitionInput]:
        name = self._settings.history_input
        if self._types and name not in self._types:
            return []  # many metrics take only texts
        messages = [ChatMessage(**one.model_dump()) for one in message_requests(chat_history)]
        return [ChatHistoryInput(name=name, value=messages)]


def _reply(executed: MetricDefinitionExecution, wording: ErrorContext) -> Reply:
    text = usable_text(_answer(executed, wording), wording.participant)
    wording.refuse_secrets(text)
    return Reply(text)


def _answer(executed: MetricDefinitionExecution, wording: ErrorContext) -> str:
    """Returns a metric's outputs as JSON, by name."""
    values: dict[str, Any] = {}
    for output in executed.outputs:
        said = output.model_dump(mode="json")
        if output.type == "ERROR":
            raise FatalError(
                f"{wording.participant}: the metric's output {output.name!r} is an error: "
                f"{wording.quoted(str(said['value']))}; correct the metric, or its inputs"
            )
        if said["value"] is not None:
            values[output.name] = said["value"]
    return verdict_text(values, wording.participant)


def _input(name: str, value: JsonValue, type_: str | None) -> MetricDefinitionInput:
    """Returns an input of a metric; without a type, as its JSON value suggests."""
    type_ = type_ or type_of(value)
    if type_ == "STRING":
        return StringInput(name=name, value=str(value))
    if type_ == "NUMBER" and isinstance(value, int | float):
        return NumberInput(name=name, value=value)
    if type_ == "CHAT_HISTORY" and isinstance(value, list):
        return ChatHistoryInput(name=name, value=[ChatMessage.model_validate(m) for m in value])
    return JsonInput(name=name, value=value)
