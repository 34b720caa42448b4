"""Which conversations a judge is asked about."""

import hashlib
from collections.abc import Iterable

from duologue.settings.judges import JudgeSettings
from duologue.settings.rules import Severity
from duologue.validation.rule import Violation


def is_asked(judge: JudgeSettings, conversation_id: str, violations: Iterable[Violation]) -> bool:
    """Checks whether a judge reads a conversation.

    Args:
        judge: whose `ask` decides.
        conversation_id: of the conversation; a random share is drawn by it, so that every attempt
            draws the same.
        violations: what the rules found in it.
    """
    severities = {violation.severity for violation in violations}
    match judge.ask:
        case "all":
            return True
        case "valid":
            return Severity.INVALID not in severities
        case "doubtful":
            return Severity.INVALID not in severities and Severity.WARNING in severities
        case share:
            return _uniform(judge.title, conversation_id) < float(share)


def _uniform(*parts: str) -> float:
    """Returns a number from 0 up to 1 that depends on nothing but the parts."""
    digest = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
