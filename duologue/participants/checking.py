"""Finding participants that cannot be used before Prefect and the Vellum SDK are imported."""

from collections.abc import Iterable

from duologue.own_code import import_module
from duologue.participants.api_key import vellum_api_key
from duologue.participants.python_function import load_function
from duologue.settings.participants import ParticipantKind, ParticipantSettings
from duologue.settings.run import BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER

BUNDLED = {BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER}
"""These are known to import. The Vellum SDK, which they need, is imported while Prefect starts."""


def check_participants(participants: Iterable[ParticipantSettings]) -> None:
    """Checks what can be checked without a call.

    Raises:
        UsageError: an API key is missing, or code that a reference names cannot be imported.
    """
    for settings in participants:
        if settings.kind is ParticipantKind.VELLUM:
            vellum_api_key()
        elif settings.kind is ParticipantKind.PYTHON:
            load_function(settings)
        elif settings.kind is ParticipantKind.LOCAL and settings.reference not in BUNDLED:
            module = settings.reference.split(":")[1]
            import_module(module, f"participant {settings.reference!r}")
