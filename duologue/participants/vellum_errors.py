"""Errors of calls to Vellum, converted to Duologue's: what went wrong, and what to do about it.

Text of a server or a library is quoted on one line, cut, and without the key or the conversation:
messages end up in logs.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote, quote_plus

import aiohttp
import httpx
import pydantic
from pydantic import SecretStr
from vellum import WorkflowEventError
from vellum.client.core.api_error import ApiError

from duologue.errors import (
    FatalError,
    LostStateError,
    ParticipantError,
    RateLimitedError,
    RunStoppingError,
    TransientError,
)
from duologue.participants.http_failures import (
    TOO_MANY_REQUESTS,
    is_transient_status,
    retry_after_seconds,
)
from duologue.participants.protocol import TurnContext

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

_QUOTED_CHARACTERS = 200
_SHORTEST_HIDDEN_TEXT = 8
"""A shorter text gives nothing away, and would be found inside other words."""

_TRANSIENT_CODES = {
    "INTERNAL_SERVER_ERROR",
    "LLM_PROVIDER",
    "PROVIDER_QUOTA_EXCEEDED",
    "WORKFLOW_TIMEOUT",
    "NODE_TIMEOUT",
    # Covers any error inside a node. An API that did not answer the node is worth another attempt;
    # a mistake in the node's code is not, and costs a few wasted calls.
    "NODE_EXECUTION",
}
"""A cancelled execution is not among them: somebody may have meant it."""
_RUN_STOPPING_CODES = {"PROVIDER_CREDENTIALS_UNAVAILABLE", "INTEGRATION_CREDENTIALS_UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """What a message about a failed call says, and what it must hide."""

    participant: str
    base_url: str
    api_key: SecretStr
    private: Sequence[str] = field(repr=False)
    """Texts of the conversation and its seed that were sent."""
    denied: str = "may execute this Workflow Deployment"
    """What the key needs permission for, if it was refused."""
    not_found: str = (
        "There is no such Workflow Deployment or release tag in the workspace of VELLUM_API_KEY; "
        "check both, and the key"
    )
    refused: str = "Check the names and types of the Workflow's inputs"
    """What to do about a request that Vellum rejected as invalid."""

    def quoted(self, said: str) -> str:
        """Returns text of others on one line, cut, without the key or the conversation."""
        texts = [text for text in self.private if len(text) >= _SHORTEST_HIDDEN_TEXT]
        for text in sorted([self.api_key.get_secret_value(), *texts], key=len, reverse=True):
            # No encoding is shorter than its text.
            for spelt in _spellings(text) if len(text) <= len(said) else ():
                said = said.replace(spelt, "[hidden]")
        # Characters that cannot be printed could forge a log line, or control a terminal.
        line = "".join(
            letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
            for letter in " ".join(said.split())
        )
        return line if len(line) <= _QUOTED_CHARACTERS else f"{line[:_QUOTED_CHARACTERS]}…"


def _spellings(text: str) -> set[str]:
    """The encodings of a text in JSON, in JSON within JSON, in Python, in a page and in a URL."""
    in_json = json.dumps(text)[1:-1]
    return {
        text,
        in_json,
        json.dumps(in_json)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        repr(text.encode(errors="replace"))[2:-1],
        html.escape(text),
        html.escape(text, quote=False),
        quote(text, errors="replace"),
        quote(text, safe="", errors="replace"),
        quote_plus(text, errors="replace"),
    }


def workflow_error(error: WorkflowEventError, wording: ErrorContext) -> ParticipantError:
    """Classifies the error of a Workflow that ran and was rejected."""
    said = (
        f"{wording.participant}: the Workflow was rejected with {wording.quoted(error.code)}: "
        f"{wording.quoted(error.message)}"
    )
    if error.code in _TRANSIENT_CODES:
        return TransientError(said)
    if error.code in _RUN_STOPPING_CODES:
        return RunStoppingError(f"{said}; add the credentials it needs to the Vellum workspace")
    return FatalError(f"{said}; its execution on Vellum shows where")


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
    answered = f"{wording.participant}: {wording.base_url} answered {_named(status)}: "
    answered += wording.quoted(body) or "(nothing)"
    if status in (401, 403):
        return RunStoppingError(
            f"{answered}. Check that VELLUM_API_KEY is valid and {wording.denied}"
        )
    if status == 404:
        return RunStoppingError(f"{answered}. {wording.not_found}")
    if 300 <= status < 400:
        return RunStoppingError(
            f"{answered}. A redirect means that the base URL is wrong; check VELLUM_API_URL and "
            "VELLUM_PREDICT_API_URL"
        )
    if status == TOO_MANY_REQUESTS:
        return RateLimitedError(answered, retry_after_seconds(error.headers or {}))
    if is_transient_status(status):
        return TransientError(answered, retry_after_seconds(error.headers or {}))
    if status < 300:
        return TransientError(f"{answered}. Expected JSON, as from Vellum's API")
    return FatalError(f"{answered}. {wording.refused}")


def _connection_error(error: Exception, wording: ErrorContext) -> ParticipantError:
    # httpx's error is too coarse, and sometimes wrong; the transport keeps aiohttp's own.
    cause = error.__cause__ or error
    why = f"{type(cause).__name__}: {wording.quoted(str(cause))}".rstrip(": ")
    failed = f"{wording.participant}: the connection to {wording.base_url} failed ({why})"
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


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
