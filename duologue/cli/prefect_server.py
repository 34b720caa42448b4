"""The Prefect server that a command uses: whether it can be, before anything is billed."""

import os
import re
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from duologue.errors import UsageError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SECONDS_TO_ANSWER = 15
MAX_RETRIES = 2
"""How many times Prefect repeats a request that a busy server refuses."""

_ERROR_LINE = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception): \S")

_EXAMPLE = "http://127.0.0.1:4200/api"
_SETTING = "set PREFECT_API_URL to the URL of a Prefect server's API, such as " + _EXAMPLE


def check_settings() -> None:
    """Checks that Prefect accepts its settings: environment variables, profile and files.

    Raises:
        UsageError: it does not.
    """
    from pydantic import ValidationError

    try:
        from prefect.settings import get_current_settings

        get_current_settings()
    except ValidationError as error:
        first = error.errors()[0]
        # Without the value, which may be a secret.
        raise UsageError(
            f"Prefect does not accept its setting {_setting_in(error.title, first)}: "
            f"{first['msg']}; correct it in the environment, the profile, or prefect.toml"
        ) from None
    except (ValueError, OSError) as error:  # also what is no TOML
        raise UsageError(
            f"Prefect cannot read its settings: {' '.join(str(error).split())}; correct the file, "
            "or set PREFECT_HOME to a folder without it"
        ) from None


def _setting_in(title: str, error: "ErrorDetails") -> str:
    """Names the variable that holds the wrong value; Prefect's own name for it if none does."""
    for name, value in os.environ.items():
        if name.startswith("PREFECT_") and value == str(error["input"]):
            return name
    return f"{title}.{'.'.join(map(str, error['loc']))}"


def check_server() -> None:
    """Checks that the configured Prefect server answers as one, and accepts the credentials.

    Raises:
        UsageError: none is configured, or it does not.
    """
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    from duologue.storage.locations import shown_cause, without_credentials

    url = (PREFECT_API_URL.value() or "").strip()
    if not url:
        raise UsageError(
            "no Prefect server is configured, and PREFECT_SERVER_ALLOW_EPHEMERAL_MODE is false, "
            f"so none is started; {_SETTING}, or allow a temporary server"
        )
    try:
        with (
            temporary_settings({PREFECT_CLIENT_MAX_RETRIES: MAX_RETRIES}),
            get_client({"timeout": SECONDS_TO_ANSWER}, sync_client=True) as client,
        ):
            client.read_flows(limit=1)
            client.raise_for_api_version_mismatch()
    except Exception as error:
        raise UsageError(
            f"the Prefect server {without_credentials(url)} {_problem(error)}"
        ) from shown_cause(error)


def _problem(error: Exception) -> str:
    """Describes what is wrong with a server, and what to do."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return _refusal(error.response.status_code)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return f"has no usable URL; {_SETTING}"
    if any(isinstance(one, ssl.SSLError) for one in _causes(error)):
        return (
            "has a certificate that is not accepted; name its authority in "
            "PREFECT_API_SSL_CERT_FILE, or correct PREFECT_API_URL"
        )
    if isinstance(error, httpx.TransportError):
        return (
            f"cannot be reached ({type(error).__name__}); start it, or {_SETTING}, or unset it "
            "for a temporary server"
        )
    if isinstance(error, RuntimeError) and "incompatible versions" in str(error):
        return f"does not fit this Prefect: {error} Install the server's version of Prefect"
    return f"does not answer as a Prefect server's API does ({type(error).__name__}); {_SETTING}"


def _refusal(status: int) -> str:
    if status in (401, 403):
        return (
            f"refuses the credentials (HTTP {status}); set PREFECT_API_KEY for Prefect Cloud, or "
            "PREFECT_API_AUTH_STRING for a server of your own"
        )
    if status >= 500 or status == 429:
        return f"is not ready (HTTP {status}); wait until it is, or choose another: {_SETTING}"
    return f"does not answer as a Prefect server's API does (HTTP {status}); {_SETTING}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def start_failure(output: str) -> str:
    """Describes why a temporary server did not start, from what it printed."""
    from prefect.settings import PREFECT_HOME

    from duologue.storage.locations import without_credentials

    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # The last line may only say that starting failed, below the error that it failed with.
    errors = [line for line in lines if _ERROR_LINE.match(line)]
    reason = [*lines, *errors][-1] if lines else "it printed no reason"
    newer = "Can't locate revision" in output
    if newer:
        reason = "its database was made by a newer Prefect"
    remedy = "upgrade Prefect, or set" if newer else "correct that, or set"
    return (
        f"the Prefect server did not start: {without_credentials(reason)}; {remedy} PREFECT_HOME "
        f"(now {PREFECT_HOME.value()}) to another folder that can be written"
    )
