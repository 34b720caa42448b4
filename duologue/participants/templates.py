"""Prompts and bodies that are filled from a conversation and its seed, through sandboxed Jinja."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

from duologue.conversation.content import shown_text
from duologue.conversation.messages import Message, Role
from duologue.errors import FatalError, UsageError
from duologue.participants.protocol import TurnContext, further_inputs
from duologue.seeds import Seed
from duologue.seeds.scenario import USER_INPUTS
from duologue.settings.participants import ParticipantKind, ParticipantSettings

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False)
_ONLY_A_NAME = re.compile(r"\s*\{\{\s*([^\W\d]\w*)\s*\}\}\s*")

OPTIONAL = dict.fromkeys(USER_INPUTS, "")
"""What a template may name although the seed lacks it."""


def values_for(
    settings: ParticipantSettings, chat_history: Sequence[Message], context: TurnContext
) -> dict[str, Any]:
    """Returns what a template may name: the seed's columns, the inputs, and the conversation.

    Raises:
        FatalError: the seed lacks a column that `seed_inputs` names.
    """
    seed = context.seed
    return {
        **OPTIONAL,
        **seed.context,
        **seed.scenario.texts,
        "seed": seed.context,
        "message": seed.message,
        "seed_id": seed.seed_id,
        **further_inputs(settings, context),
        "conversation_id": context.conversation_id,
        "session": context.previous_state or "",
        "latest_message": shown_text(chat_history[-1]),
        "chat_history": [
            {"role": message.role.value, "text": shown_text(message)} for message in chat_history
        ],
        "messages": messages_for_openai(chat_history),
    }


def messages_for_openai(chat_history: Sequence[Message]) -> list[dict[str, str]]:
    """Returns messages in OpenAI's format."""
    return [
        {"role": message.role.value.lower(), "content": shown_text(message)}
        for message in chat_history
    ]


def filled(template: str, values: Mapping[str, Any], subject: str) -> str:
    """Fills a template.

    Args:
        template: its text.
        values: what it may name.
        subject: whose it is, for the errors.

    Raises:
        UsageError: it is not a template.
        FatalError: it names something that is not there, or fails.
    """
    try:
        return _compiled(template, subject).render(values)
    except UndefinedError as error:
        raise FatalError(
            f"{subject}: {error.message}; it can name {', '.join(sorted(values))}"
        ) from None
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise FatalError(
            f"{subject}: cannot be filled ({type(error).__name__}: {error}); correct the template"
        ) from None


def filled_body(body: JsonValue, values: Mapping[str, Any], subject: str) -> JsonValue:
    """Fills every text in a JSON value; a text that is only a name becomes that value.

    Raises:
        UsageError: one of them is not a template.
        FatalError: one of them names something that is not there, or fails.
    """
    if isinstance(body, dict):
        return {name: filled_body(value, values, subject) for name, value in body.items()}
    if isinstance(body, list):
        return [filled_body(value, values, subject) for value in body]
    if not isinstance(body, str):
        return body
    only = _ONLY_A_NAME.fullmatch(body)
    if only and only[1] in values:
        value: JsonValue = values[only[1]]
        return value
    return filled(body, values, subject)


def check_templates(participants: Sequence[ParticipantSettings], seeds: Sequence[Seed]) -> None:
    """Fills the participants' templates as for the first message of seeds, before any call.

    Seeds with the same columns count as one. A template that some seeds can fill is left to fail
    for the others alone.

    Raises:
        UsageError: a template is invalid, or cannot be filled for any seed.
    """
    distinct = {frozenset(seed.context): seed for seed in seeds}
    for settings in participants:
        errors = [_error(settings, seed) for seed in distinct.values()]
        if errors and all(errors):
            raise UsageError(errors[0] or "")


def subject_of(settings: ParticipantSettings) -> str:
    """Names a participant's template, for errors."""
    if settings.kind is ParticipantKind.ENDPOINT:
        return f"{settings.reference}: endpoint.body"
    return f"{settings.reference}: prompt_file {settings.prompt_file}"


def _error(settings: ParticipantSettings, seed: Seed) -> str | None:
    opening = [Message(role=Role.USER, text=seed.message)]
    try:
        values = values_for(settings, opening, TurnContext(seed))
        if settings.prompt is not None:
            filled(settings.prompt, values, subject_of(settings))
        if settings.kind is ParticipantKind.ENDPOINT:
            filled_body(settings.endpoint.body, values, subject_of(settings))
    except FatalError as error:
        return str(error)
    return None


@lru_cache(maxsize=64)
def _compiled(template: str, subject: str) -> Template:
    try:
        return _ENVIRONMENT.from_string(template)
    except TemplateSyntaxError as error:
        raise UsageError(
            f"{subject}: is not a Jinja template: {error.message}, in line {error.lineno}; correct "
            "it there"
        ) from None
