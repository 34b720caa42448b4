"""API keys, which are read here alone. Light to import, unlike the SDKs."""

import os
import re

from pydantic import SecretStr

from duologue.errors import UsageError


def api_key(variable: str) -> SecretStr | None:
    """Reads an API key from an environment variable, as a value that no traceback shows.

    Returns:
        The key; None if the variable is empty or not set.

    Raises:
        UsageError: it is malformed.
    """
    key = SecretStr(os.environ.get(variable, "").strip())
    if not key.get_secret_value():
        return None
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        raise UsageError(
            f"{variable} holds spaces, control characters or letters beyond ASCII, which no API "
            "key does; copy the key again"
        )
    return key


def vellum_api_key() -> SecretStr:
    """Reads the key from VELLUM_API_KEY.

    Raises:
        UsageError: it is missing or malformed.
    """
    if key := api_key("VELLUM_API_KEY"):
        return key
    raise UsageError(
        "VELLUM_API_KEY is not set, and Vellum cannot be called without it; set it to an API key "
        "of your Vellum workspace"
    )
