"""How Duologue's calls are marked in Vellum, where they appear next to production traffic."""

import hashlib
import itertools
import secrets
from collections.abc import Iterator
from typing import Any

from duologue.participants.protocol import TurnContext

MOST_CHARACTERS = 128
"""Of an external id. Vellum publishes no limit."""


def external_ids_of(context: TurnContext) -> Iterator[str]:
    """Names the calls for a reply: `duologue:DATASET:VERSION:CONVERSATION:TURN:SIDE:ATTEMPT`.

    Vellum wants ids that are unique within a workspace. So ATTEMPT is the attempt at the whole
    conversation, the number of the call, and a random end: after a crash nobody knows which ids
    were sent before.

    Yields:
        The name of each call; its SHA-256 if it is longer than 128 characters.
    """
    place = (
        f"duologue:{context.dataset}:{context.version}:{context.conversation_id}:{context.turn}:"
        f"{context.side}:{context.attempt}"
    )
    end = secrets.token_hex(3)
    for call in itertools.count(1):
        named = f"{place}.{call}-{end}"
        if len(named) > MOST_CHARACTERS:
            named = f"duologue:{hashlib.sha256(named.encode()).hexdigest()}"
        yield named


def metadata_of(context: TurnContext) -> dict[str, Any]:
    """Describes a call, so that monitoring can tell it from production traffic."""
    return {
        "synthetic": True,
        "dataset": context.dataset,
        "version": context.version,
        "conversation": context.conversation_id,
        "seed_id": context.seed.seed_id,
        "sample": context.sample,
        "turn": context.turn,
        "side": context.side,
    }
