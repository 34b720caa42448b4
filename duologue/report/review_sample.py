"""The conversations of a report's review mode, without a word of rules and judges."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from duologue.conversation.content import shown_text
from duologue.dataset.contents import DatasetContents
from duologue.reliability.decisions import text_digest
from duologue.reliability.sampling import Stratum, review_order, stratum_of
from duologue.report.blocks import MOST_CHARACTERS, deflated
from duologue.validation.check import CheckedConversation

MOST_DRAWN = 500
"""More than anyone reviews of one version; 100 give useful intervals."""

MOST_BYTES = 2_000_000
"""Of the packed sample, next to the conversations that the page holds anyway."""

_CONVERSATIONS_IN_BLOCK = 25


@dataclass(frozen=True, slots=True)
class ReviewSample:
    """What the review mode shows, in order."""

    blocks: tuple[str, ...]
    """Some conversations each, as deflated JSON in base64."""
    strata: dict[str, int]
    """By stratum, the number of conversations in the version."""

    @property
    def strata_json(self) -> str:
        """The strata, for the page's script."""
        return json.dumps(self.strata)


def review_sample(version: str, contents: DatasetContents) -> ReviewSample:
    """Draws the conversations to review, and packs as many as fit.

    The order is random within each stratum, so the first ones are a sample, however many there are.
    """
    by_id = {item.conversation.conversation_id: item for item in contents.checked}
    strata = {id: _stratum(item) for id, item in by_id.items()}
    order = islice(review_order(version, strata), MOST_DRAWN)
    drawn = (_packed(by_id[id], strata[id]) for id in order)
    counts = Counter(strata.values())
    return ReviewSample(
        blocks=tuple(_blocks(drawn)),
        strata={stratum.value: counts[stratum] for stratum in Stratum},
    )


def _stratum(checked: CheckedConversation) -> Stratum:
    all_passed = all(verdict.passed for verdict in checked.verdicts)
    return stratum_of(checked.is_valid, bool(checked.warnings), all_passed)


def _packed(checked: CheckedConversation, stratum: Stratum) -> str:
    conversation = checked.conversation
    packed = {
        "id": conversation.conversation_id,
        "text_sha256": text_digest(conversation.messages),
        "stratum": stratum,
        "context": checked.seed.context,
        "messages": [_said(message.role, shown_text(message)) for message in conversation.messages],
    }
    return json.dumps(packed, ensure_ascii=False, separators=(",", ":"))


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "text": text[:MOST_CHARACTERS], "characters": len(text)}


def _blocks(conversations: Iterator[str]) -> Iterator[str]:
    size = 0
    while batch := list(islice(conversations, _CONVERSATIONS_IN_BLOCK)):
        block = deflated(batch)
        size += len(block)
        if size > MOST_BYTES:
            return
        yield block
