"""Errors of calls to Vellum, converted to Duologue's: what went wrong, and what to do about it."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import httpx
import pydantic
from vellum.client.core.api_error import ApiError

from duologue.errors import (
    FatalError,
    LostStateError,
    ParticipantError,
    RunStoppingError,
    TransientError,
)
from duologue.participants.error_context import ErrorContext, Remedies
from duologue.participants.http_failures import answered, status_failure
from duologue.participants.protocol import TurnContext

Answer = TypeVar("Answer")

SDK_ERRORS = (
    ApiError,
    pydantic.ValidationError,
    UnicodeDecodeError,
    httpx.HTTPError,
    # The httpx transport maps most of aiohttp's errors to httpx's, but not all.
    aiohttp.ClientError,
    OSError,
)
"""What a call through the SDK raises when it fails."""

_TRANSIENT_CODES = {
    "INTERNAL_SERVER_ERROR",
    "LLM_PROVIDER",
    "PROVIDER_ERROR",
    "PROVIDER_QUOTA_EXCEEDED",
    "CHAT_QUOTA_EXCEEDED",
    "REQUEST_TIMEOUT",
    "WORKFLOW_TIMEOUT",
    "NODE_TIMEOUT",
    # Covers any error inside a node. An API that did not answer the node is worth another attempt;
    # a mistake in the node's code is not, and costs a few wasted calls.
    "NODE_EXECUTION",
}
"""Of Workflows and Prompts. A cancelled execution is not among them: somebody may have meant it."""
_RUN_STOPPING_CODES = {"PROVIDER_CREDENTIALS_UNAVAILABLE", "INTEGRATION_CREDENTIALS_UNAVAILABLE"}


def vellum_remedies(denied: str, not_found: str, refused: str) -> Remedies:
    """Says what to do about the refused calls of one kind.

    Args:
        denied: what the key needs permission for, as in `may execute this Workflow Deployment`.
        not_found: what to do if Vellum does not know what was named.
        refused: what to do about a request that Vellum rejected as invalid.
    """
    return Remedies(
        denied=f"Check that VELLUM_API_KEY is valid and {denied}",
        not_found=not_found,
        redirected="the base URL is wrong: check VELLUM_API_URL and VELLUM_PREDICT_API_URL",
        refused=refused,
    )


def deployment_remedies(kind: str, denied: str | None = None) -> Remedies:
    """Says what to do about the refused calls of a deployment.

    Args:
        kind: `Workflow` or `Prompt`.
        denied: as in `vellum_remedies`; None for executing it.
    """
    return vellum_remedies(
        denied or f"may execute this {kind} Deployment",
        f"There is no such {kind} Deployment or release tag in the workspace of VELLUM_API_KEY; "
        "check both, and the key",
        f"Check the names and types of the {kind}'s inputs",
    )


def rejection(kind: str, code: str, message: str, wording: ErrorContext) -> ParticipantError:
    """Classifies the error of an execution that was rejected.

    Args:
        kind: `Workflow` or `Prompt`.
        code: the error's code.
        message: the error's text.
        wording: of the message.
    """
    said = (
        f"{wording.participant}: the {kind} was rejected with {wording.quoted(code)}: "
        f"{wording.quoted(message)}"
    )
    if code in _TRANSIENT_CODES:
        return TransientError(said)
    if code in _RUN_STOPPING_CODES:
        return RunStoppingError(f"{said}; add the credentials it needs to the Vellum workspace")
    return FatalError(f"{said}; its execution on Vellum shows where")


async def converted(request: Callable[[], Awaitable[Answer]], wording: ErrorContext) -> Answer:
    """Makes a request through the SDK.

    Raises:
        ParticipantError: it failed with one of SDK_ERRORS.
    """
    try:
        return await request()
    except SDK_ERRORS as error:
        failure = sdk_error(error, wording)
    # Out of the except clause, so that the SDK's error is not chained to ours: its text holds the
    # whole body and, at times, the key.
    raise failure


def sdk_error(error: Exception, wording: ErrorContext) -> ParticipantError:
    """Classifies one of SDK_ERRORS."""
    if isinstance(error, ApiError):
        return _status_error(error, wording)
    if isinstance(error, pydantic.ValidationError | UnicodeDecodeError):
        return TransientError(
            f"{wording.participant}: the answer from {wording.base_url} is not what Vellum's API "
            f"promises ({_what_is_malformed(error)}); if it stays so, upgrade vellum-ai, or see "
            "what answers at that address"
        )
    return _connection_error(error, wording)


def lost_state(
    error: Exception, context: TurnContext, wording: ErrorContext
) -> ParticipantError | None:
    """Recognizes that Vellum does not know the execution to continue from; None for other errors.

    No source says how Vellum reports this. Taken for it is a 400 or a 404 whose body speaks of an
    execution, in answer to a call that named one.
    """
    if context.previous_execution_id is None or not isinstance(error, ApiError):
        return None
    body = json.dumps(error.body).lower()
    if error.status_code not in (400, 404) or "execution" not in body:
        return None
    return LostStateError(
        f"{wording.participant}: Vellum no longer knows the execution "
        f"{context.previous_execution_id}, which conversation {context.conversation_id} was to "
        "continue from; the conversation has to start again from its seed message"
    )


def was_turned_away(error: Exception) -> bool:
    """Checks whether a request that failed with one of SDK_ERRORS certainly had no effect.

    It had none if there was no connection to send it over, or if the server had no capacity for it:
    429 and 503. After any other failure it may have had its effect.
    """
    if isinstance(error, ApiError):
        return error.status_code in (429, 503)
    return isinstance(error.__cause__ or error, aiohttp.ClientConnectorError)


def _status_error(error: ApiError, wording: ErrorContext) -> ParticipantError:
    status = error.status_code or 0
    body = error.body if isinstance(error.body, str) else json.dumps(error.body, ensure_ascii=False)
    if status < 300:
        said = answered(status, body, wording)
        return TransientError(f"{said}. Expected JSON, as from Vellum's API")
    return status_failure(status, body, error.headers or {}, wording)


def _connection_error(error: Exception, wording: ErrorContext) -> ParticipantError:
    # httpx's error is too coarse, and sometimes wrong; the transport keeps aiohttp's own.
    cause = error.__cause__ or error
    failed = wording.connection_failed(cause)
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return RunStoppingError(
            f"{failed}. Its TLS certificate is not trusted: check the base URL, or name your own "
            "authority's certificate in SSL_CERT_FILE"
        )
    return TransientError(failed)


def _what_is_malformed(error: pydantic.ValidationError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    # Every alternative of a union has its own error; the deepest comes from the intended one.
    deepest = max(error.errors(include_input=False, include_url=False), key=lambda e: len(e["loc"]))
    # Names in capitals are those of the alternatives, the SDK's classes.
    path = [str(part) for part in deepest["loc"] if not str(part)[0].isupper()]
    return f"{'.'.join(path) or 'the body'}: {deepest['msg']}"
