"""What failed calls over HTTP mean, whatever library made them, and which to make again."""

import math
import time
from collections.abc import Mapping
from email.utils import mktime_tz, parsedate_tz
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from duologue.errors import (
    FatalError,
    ParticipantError,
    RateLimitedError,
    RunStoppingError,
    TransientError,
)
from duologue.participants.error_context import ErrorContext

TOO_MANY_REQUESTS = 429

_TRANSIENT_STATUSES = {408, 409, 425, TOO_MANY_REQUESTS}
_TRANSIENT_CLASSES = {
    # httpx. `TransportError` also covers a URL that it cannot call, which stays wrong.
    "TimeoutException",
    "NetworkError",
    "RemoteProtocolError",
    "ProxyError",
    # requests and urllib3
    "Timeout",
    "ConnectionError",
    "ChunkedEncodingError",
    "TimeoutError",
    "ProtocolError",
    # aiohttp
    "ClientConnectionError",
    "ClientPayloadError",
    # openai and anthropic
    "APIConnectionError",
    # botocore
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "EndpointConnectionError",
    "ConnectionClosedError",
    # the standard library
    "RemoteDisconnected",
    "IncompleteRead",
}
"""Classes of errors, and so their subclasses, by name: the call may succeed next time."""
_THROTTLED_CODES = {"ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown"}
"""AWS's words for a 429; some come with the status 400."""


def answered(status: int, body: str, wording: ErrorContext) -> str:
    """Says how a call was answered."""
    said = wording.quoted(body) or "(nothing)"
    return f"{wording.participant}: {wording.base_url} answered {_named(status)}: {said}"


def status_failure(
    status: int, body: str, headers: Mapping[str, str], wording: ErrorContext
) -> ParticipantError:
    """Converts an answer with a status that is an error.

    Args:
        status: of HTTP.
        body: of the answer.
        headers: of the answer, by name, in lower or in upper case.
        wording: of the message.
    """
    said, remedies = answered(status, body, wording), wording.remedies
    if status in (401, 403):
        return RunStoppingError(f"{said}. {remedies.denied}")
    if status in (404, 405):
        return RunStoppingError(f"{said}. {remedies.not_found}")
    if 300 <= status < 400:
        # Vellum's and OpenAI's SDK and httpx have refused an address that cannot be parsed.
        target = urlsplit(_header(headers, "location")).hostname or "another path"
        return RunStoppingError(
            f"{said}. It redirects to {target}, which is not followed, because the key would go "
            f"with it; {remedies.redirected}"
        )
    if status == TOO_MANY_REQUESTS:
        return RateLimitedError(said, retry_after_seconds(headers))
    if is_transient_status(status):
        return TransientError(said, retry_after_seconds(headers))
    return FatalError(f"{said}. {remedies.refused}")


def is_transient_status(status: int) -> bool:
    """Checks whether a call that was answered with this status may succeed next time."""
    return status in _TRANSIENT_STATUSES or status >= 500


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Reads the header Retry-After: seconds, or a date. None if it is absent or neither.

    Args:
        headers: by name, in lower or in upper case.
    """
    value = _header(headers, "retry-after")
    try:
        seconds = float(value)
    except ValueError:
        date = parsedate_tz(value)
        if date is None:
            return None
        seconds = mktime_tz(date) - time.time()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def status_of(error: BaseException) -> int | None:
    """Finds the HTTP status in an error of httpx, requests, aiohttp, openai, anthropic, botocore…

    Returns:
        The status; None if the error has none, for example because there was no answer.
    """
    if not isinstance(error, Exception):  # a SystemExit has a code as well
        return None
    response = _attribute(error, "response")
    if isinstance(response, Mapping):  # botocore
        if _at(response, "Error", "Code") in _THROTTLED_CODES:
            return TOO_MANY_REQUESTS
        return _as_status(_at(response, "ResponseMetadata", "HTTPStatusCode"))
    places = (error, "status_code"), (error, "status"), (response, "status_code"), (error, "code")
    found = (_as_status(_attribute(value, name)) for value, name in places)
    return next((status for status in found if status is not None), None)


def headers_of(error: BaseException) -> Mapping[str, str]:
    """Finds the headers of the answer in such an error; empty if it has none."""
    response = _attribute(error, "response")
    if isinstance(response, Mapping):  # botocore
        headers = _at(response, "ResponseMetadata", "HTTPHeaders")
    else:
        headers = _attribute(response, "headers") or _attribute(error, "headers")
    return headers if isinstance(headers, Mapping) else {}


def is_out_of_credit(error: BaseException) -> bool:
    """Checks whether an account has nothing left to spend, which OpenAI reports as a 429 too."""
    return bool(_attribute(error, "code") == "insufficient_quota")


def is_connection_error(error: BaseException) -> bool:
    """Checks by the names of its classes whether an error is a timeout or a lost connection."""
    return any(one.__name__ in _TRANSIENT_CLASSES for one in type(error).__mro__)


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((text for name, text in headers.items() if name.lower() == wanted), "")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _attribute(value: object, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception:  # a property may raise anything
        return None


def _as_status(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return int(value) if 100 <= value <= 599 else None


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
