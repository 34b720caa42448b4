"""The inputs of a deployment, converted to the types that it declares."""

import json
import math
from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue
from vellum import (
    ChatHistoryInputRequest,
    ChatMessageRequest,
    JsonInputRequest,
    PromptDeploymentInputRequest,
    StringInputRequest,
    WorkflowRequestChatHistoryInputRequest,
    WorkflowRequestInputRequest,
    WorkflowRequestJsonInputRequest,
    WorkflowRequestNumberInputRequest,
    WorkflowRequestStringInputRequest,
)

from duologue.conversation.messages import Message
from duologue.errors import FatalError
from duologue.participants.protocol import TurnContext, further_inputs, scenario_inputs
from duologue.settings.participants import ParticipantSettings

SUPPORTED_TYPES = ("STRING", "NUMBER", "JSON", "CHAT_HISTORY")


def converted(value: JsonValue, type_: str) -> JsonValue:
    """Converts a seed's text, or a static value, to a type of Vellum.

    Args:
        value: text from a seed column, or any JSON value.
        type_: one of SUPPORTED_TYPES.

    Raises:
        ValueError: it is no such value; the text says why.
    """
    return _CONVERTERS[type_](value)


def typed_inputs(
    settings: ParticipantSettings, types: Mapping[str, str], context: TurnContext
) -> dict[str, JsonValue]:
    """Returns a participant's inputs apart from the messages, by name, in their declared types.

    A simulated user also receives the seed's persona, goal, facts and so on, if it declares
    inputs with these names.

    Args:
        settings: of the participant.
        types: the declared types by name; inputs that are not among them stay as they are.
        context: which conversation and turn they are for.

    Raises:
        FatalError: a value is not of the declared type, or the seed has no such column.
    """
    declared = [name for name, type_ in types.items() if type_ in SUPPORTED_TYPES]
    scenario = scenario_inputs(settings, context, declared)
    inputs = {**scenario, **further_inputs(settings, context)}
    for name in inputs.keys() & types.keys():
        try:
            inputs[name] = converted(inputs[name], types[name])
        except ValueError as error:
            column = name if name in scenario else settings.seed_inputs.get(name)
            source = f"seed {context.seed.seed_id}, column {column!r}" if column else "static value"
            raise FatalError(
                f"{settings.reference}: its input {name!r} is of type {types[name]}, and the "
                f"{source} {error}"
            ) from None
    return inputs


def workflow_input(
    name: str, value: JsonValue, type_: str | None = None
) -> WorkflowRequestInputRequest:
    """Returns an input of a Workflow Deployment; without a type, as its JSON value suggests."""
    type_ = type_ or type_of(value)
    if type_ == "STRING":
        return WorkflowRequestStringInputRequest(name=name, value=str(value))
    if type_ == "NUMBER" and isinstance(value, int | float):
        return WorkflowRequestNumberInputRequest(name=name, value=value)
    if type_ == "CHAT_HISTORY" and isinstance(value, list):
        messages = [ChatMessageRequest.model_validate(message) for message in value]
        return WorkflowRequestChatHistoryInputRequest(name=name, value=messages)
    return WorkflowRequestJsonInputRequest(name=name, value=value)


def prompt_input(
    name: str, value: JsonValue, type_: str | None = None
) -> PromptDeploymentInputRequest:
    """Returns an input of a Prompt Deployment, which takes no NUMBER."""
    type_ = type_ or type_of(value)
    if type_ == "STRING":
        return StringInputRequest(name=name, value=str(value))
    if type_ == "CHAT_HISTORY" and isinstance(value, list):
        messages = [ChatMessageRequest.model_validate(message) for message in value]
        return ChatHistoryInputRequest(name=name, value=messages)
    return JsonInputRequest(name=name, value=value)


def type_of(value: JsonValue) -> str:
    """Returns the type that a JSON value suggests: text, a number, or else JSON."""
    if isinstance(value, str):
        return "STRING"
    return "NUMBER" if _is_number(value) else "JSON"


def trigger_message(message: Message) -> JsonValue:
    """Returns a message as a chat trigger takes it: text, or a list of content items."""
    if message.content is None:
        return message.text
    content = json.loads(message.content)
    items: JsonValue = content["value"] if content["type"] == "ARRAY" else [content]
    return items


def message_requests(chat_history: Sequence[Message]) -> list[ChatMessageRequest]:
    """Returns messages as the SDK sends them."""
    # Models, not dicts: the SDK takes 0.1 ms to serialise these, and 0.5 ms for the same as dicts.
    return [
        ChatMessageRequest(role=message.role.value, text=message.text)
        if message.content is None
        else _with_content(message)
        for message in chat_history
    ]


def _with_content(message: Message) -> ChatMessageRequest:
    content = json.loads(message.content or "null")
    values = {"role": message.role.value, "text": message.text or None, "content": content}
    return ChatMessageRequest.model_validate(values)


def _string(value: JsonValue) -> JsonValue:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                raise ValueError(f"is {_shown(value)}; expected a number, as in 12.5") from None
    if not _is_number(value):
        raise ValueError(f"is {_shown(value)}; expected a number, as in 12.5")
    return value


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _json(value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        return value
    try:
        parsed: JsonValue = json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError(
            f'is {_shown(value)}; expected JSON, as in {{"a": 1}} or "text" in quotes'
        ) from None
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _chat_history(value: JsonValue) -> JsonValue:
    expected = 'expected a JSON list of messages, as in [{"role": "USER", "text": "Hello"}]'
    try:
        messages = _json(value)
    except ValueError:
        messages = None
    if not isinstance(messages, list) or not all(map(_is_message, messages)):
        raise ValueError(f"is {_shown(value)}; {expected}")
    return messages


def _is_message(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and value.get("role") in ("USER", "ASSISTANT", "SYSTEM", "FUNCTION")
        and (isinstance(value.get("text"), str) or isinstance(value.get("content"), dict))
    )


def _shown(value: JsonValue) -> str:
    """Describes a value by its kind alone: seed columns may hold what must not be logged."""
    if isinstance(value, str):
        return "empty" if not value.strip() else f"a text of {len(value)} characters"
    return {dict: "an object", list: "a list", bool: "true or false"}.get(type(value), "null")


_CONVERTERS: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "STRING": _string,
    "NUMBER": _number,
    "JSON": _json,
    "CHAT_HISTORY": _chat_history,
}
