"""Vellum's API key, which is read here alone. Light to import, unlike the Vellum SDK."""

import os
import re

from pydantic import SecretStr

from duologue.errors import UsageError


def vellum_api_key() -> SecretStr:
    """Reads the key from VELLUM_API_KEY, as a value that no traceback shows.

    Raises:
        UsageError: it is missing or malformed.
    """
    key = SecretStr(os.environ.get("VELLUM_API_KEY", "").strip())
    if not key.get_secret_value():
        raise UsageError(
            "VELLUM_API_KEY is not set, and Vellum cannot be called without it; set it to an API "
            "key of your Vellum workspace"
        )
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        raise UsageError(
            "VELLUM_API_KEY holds spaces, control characters or letters beyond ASCII, which no "
            "API key does; copy the key from Vellum again"
        )
    return key
