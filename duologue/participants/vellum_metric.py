"""A judge that is a metric on Vellum: the same metric that scores a Test Suite."""

import time
from collections.abc import Sequence
from dataclasses import replace
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
from duologue.participants.protocol import Reply, TurnContext, usable_text, verdict_text
from duologue.participants.retries import with_retries
from duologue.participants.vellum_deployment import (
    NO_RETRIES,
    VellumClient,
    refuse_key,
    release_of,
)
from duologue.participants.vellum_errors import SDK_ERRORS, ErrorContext, sdk_error
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
        self._call = call
        self._spending = spending or Spending()
        self._types = settings.pinned.input_types if settings.pinned else {}

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Judges a conversation; see `Participant.reply`."""
        settings = self._settings
        further = typed_inputs(settings, self._types, context)
        texts = [message.text for message in chat_history]
        texts += [value for value in further.values() if isinstance(value, str)]
        wording = ErrorContext(
            settings.reference,
            self._client.base_url,
            self._client.api_key,
            private=texts,
            denied="may execute this metric",
            not_found=(
                "There is no such metric or release tag in the workspace of VELLUM_API_KEY; check "
                "both, and the key"
            ),
            refused="Check the names and types of the metric's inputs",
        )
        inputs = [
            *self._history(chat_history),
            *(_input(name, value, self._types.get(name)) for name, value in further.items()),
        ]
        reply, attempts = await with_retries(
            lambda: self._attempt(inputs, wording),
            self._call,
            settings.reference,
            self._client.account,
        )
        return replace(reply, attempts=attempts)

    def _history(self, chat_history: Sequence[Message]) -> list[MetricDefinitionInput]:
        name = self._settings.history_input
        if self._types and name not in self._types:
            return []  # many metrics take only texts
        messages = [ChatMessage(**one.model_dump()) for one in message_requests(chat_history)]
        return [ChatHistoryInput(name=name, value=messages)]

    async def _attempt(
        self, inputs: Sequence[MetricDefinitionInput], wording: ErrorContext
    ) -> Reply:
        self._spending.begin_call()
        started = time.monotonic()
        try:
            executed = await self._client.sdk.metric_definitions.execute_metric_definition(
                quote(self._settings.deployment, safe=""),
                inputs=inputs,
                request_options=NO_RETRIES,
                **release_of(self._settings),
            )
        except SDK_ERRORS as error:
            failure = sdk_error(error, wording)
        else:
            latency_ms = round((time.monotonic() - started) * 1000)
            text = usable_text(_answer(executed, wording), wording.participant)
            refuse_key(wording, text)
            return Reply(text, latency_ms=latency_ms)
        # Out of the except clause, so that the SDK's error is not chained to ours: its text
        # holds the whole body and, at times, the key.
        raise failure


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
