"""Transcripts as plain text, with a speaker before each message: `User: Where is it?`."""

import re
from typing import Any

from duologue.conversation.messages import Role
from duologue.validation.transcripts.names import TranscriptNames

_LABEL = re.compile(
    r"[ \t]*(?:[*_]{2}|#{1,4} )?(?P<name>[^\W\d][\w -]{0,24}?)(?:[*_]{2})?[ \t]*:(?:[*_]{2})?[ \t]*"
)


def labelled_messages(text: str, names: TranscriptNames) -> list[Any] | None:
    """Splits a transcript at its speakers; None if it does not start with one, or has only one.

    The first name of each side counts, so that a reply may say "Support: 24 hours".
    """
    labels: dict[Role, str] = {}
    messages: list[dict[str, str]] = []
    for line in text.strip().splitlines(keepends=True):
        label = _LABEL.match(line)
        role = names.role(label["name"]) if label else None
        if label and role and labels.setdefault(role, label["name"]) == label["name"]:
            messages.append({"role": role, "content": line[label.end() :]})
        elif not messages:
            return None
        else:
            messages[-1]["content"] += line
    if len(labels) < len(Role):
        return None
    return [{**message, "content": message["content"].strip()} for message in messages]
