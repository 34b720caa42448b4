"""Reading a reply from a Workflow's output: text, a chat history, JSON, or other content."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import jmespath

from duologue.conversation.content import is_content, split_content
from duologue.errors import FatalError
from duologue.participants.protocol import usable_text, verdict_text
from duologue.settings.participants import ParticipantSettings

_CONTENT_TYPES = {"IMAGE", "DOCUMENT", "AUDIO", "VIDEO", "FUNCTION_CALL"}


def reply_in(
    value: Any, type_: str, settings: ParticipantSettings, participant: str
) -> tuple[str, str | None]:
    """Finds the reply in the value of an output.

    Args:
        value: as JSON has it.
        type_: its type in Vellum.
        settings: of the participant.
        participant: its reference, for the errors.

    Returns:
        The reply's text, and its content as JSON if it is more than text.

    Raises:
        EmptyReplyError: there is nothing in it.
        FatalError: the output holds no reply.
    """
    if value is None:
        text, content = usable_text(None, participant), None
    elif settings.is_judge:
        path = settings.output_path
        found = value if path is None else jmespath.search(path, value)
        text, content = verdict_text(found, participant), None
    elif type_ == "STRING" and settings.output_path is None:
        text, content = value, None
    elif type_ == "JSON" or settings.output_path is not None:
        text, content = _in_json(value, type_, settings, participant)
    elif type_ == "CHAT_HISTORY":
        text, content = _last_reply(value, settings, participant)
    elif type_ in _CONTENT_TYPES:
        text, content = split_content(None, {"type": type_, "value": value})
    else:
        raise FatalError(
            f"{participant}: the output {settings.output!r} is of type {type_}, and a reply is a "
            "STRING, a CHAT_HISTORY or JSON; set the participant's `output` to another output"
        )
    return usable_text(text, participant, content), content


def _in_json(
    value: Any, type_: str, settings: ParticipantSettings, participant: str
) -> tuple[str, str | None]:
    path = settings.output_path
    found = value if path is None else jmespath.search(path, value)
    if isinstance(found, str):
        return found, None
    if is_content(found):
        return split_content(None, found)
    if isinstance(found, list) and found and all(map(_is_message, found)):
        return _last_reply(found, settings, participant)
    if _is_message(found):
        return split_content(found.get("text"), found.get("content"))
    output = f"{participant}: the output {settings.output!r}, of type {type_},"
    if path is None:
        raise FatalError(
            f"{output} is {_kind(found)}; set the participant's `output_path` to where the reply "
            "is in it, as in answer.text"
        )
    if found is None:
        raise FatalError(
            f"{output} holds nothing at the output_path {path!r}; expected text or a chat history "
            "there: correct the path"
        )
    raise FatalError(
        f"{output} holds {_kind(found)} at the output_path {path!r}; expected text or a chat "
        "history there: correct the path"
    )


def _last_reply(
    messages: Sequence[Mapping[str, Any]], settings: ParticipantSettings, participant: str
) -> tuple[str, str | None]:
    """Reads the last ASSISTANT message. What its tools returned may come after it."""
    for message in reversed(messages):
        if message["role"] == "ASSISTANT":
            return split_content(message.get("text"), message.get("content"))
        if message["role"] == "USER":
            raise FatalError(
                f"{participant}: the last message in the output {settings.output!r} is the user's; "
                "expected the reply after it: let the Workflow add its reply to the chat history, "
                "or set the participant's `output` to the output that holds the reply"
            )
    usable_text(None, participant)
    raise AssertionError("nothing is no usable text")


def user_messages(value: Any) -> int | None:
    """Counts the USER messages of a chat history; None if the value is none."""
    if not isinstance(value, list) or not all(map(_is_message, value)):
        return None
    return len([message for message in value if message["role"] == "USER"])


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("role"), str)


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return f"an object with the fields {json.dumps(sorted(map(str, value))[:10])}"
    kinds = {list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")
