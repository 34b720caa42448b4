"""What the message about a failed call says, and what it hides. Light to import: no SDK.

Text of a server or a library is quoted on one line, cut, and without secrets or the conversation:
messages end up in logs.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from duologue.errors import FatalError

_QUOTED_CHARACTERS = 200
_SHORTEST_HIDDEN_TEXT = 8
"""A shorter text gives nothing away, and would be found inside other words."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """What to do about a refused call, by the kind of its HTTP status."""

    denied: str
    not_found: str
    redirected: str
    refused: str
    """About a request that the server rejected as invalid."""


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """What a message about a failed call says, and what it must hide."""

    participant: str
    base_url: str
    secrets: Sequence[SecretStr]
    """The API key, or the secret headers; empty ones count as none."""
    private: Sequence[str] = field(repr=False)
    """Texts of the conversation and its seed that were sent."""
    remedies: Remedies

    def quoted(self, said: str) -> str:
        """Returns text of others on one line, cut, without secrets or the conversation."""
        texts = [text for text in self.private if len(text) >= _SHORTEST_HIDDEN_TEXT]
        for text in sorted([*self._hidden(), *texts], key=len, reverse=True):
            # No encoding is shorter than its text.
            for encoded in _encodings(text) if len(text) <= len(said) else ():
                said = said.replace(encoded, "[hidden]")
        # Characters that cannot be printed could forge a log line, or control a terminal.
        line = "".join(
            letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
            for letter in " ".join(said.split())
        )
        return line if len(line) <= _QUOTED_CHARACTERS else f"{line[:_QUOTED_CHARACTERS]}…"

    def connection_failed(self, error: BaseException) -> str:
        """Says that a connection failed, and why."""
        why = f"{type(error).__name__}: {self.quoted(str(error))}".rstrip(": ")
        return f"{self.participant}: the connection to {self.base_url} failed ({why})"

    def holds_secret(self, *texts: str) -> bool:
        """Checks whether a text holds a secret."""
        return any(secret in text for secret in self._hidden() for text in texts)

    def refuse_secrets(self, *texts: str) -> None:
        """Refuses a reply that holds a secret.

        Raises:
            FatalError: it does.
        """
        if self.holds_secret(*texts):
            raise FatalError(
                f"{self.participant}: the reply holds the API key itself or the value of a secret "
                "header, which no dataset may; find out how the participant comes to know it"
            )

    def _hidden(self) -> list[str]:
        return [text for secret in self.secrets if (text := secret.get_secret_value())]


def _encodings(text: str) -> set[str]:
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
