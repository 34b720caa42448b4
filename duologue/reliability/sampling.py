"""Which conversations people review: a stratified sample, in an order that a version determines.

A digest of the version and the conversation's id orders each stratum, so the order is as good as
random, the same on every machine, and the same for all reviewers. Strata take turns in blocks of
`SLOTS`, whose order is random too: a reviewer cannot tell the stratum from the place. However many
conversations of a stratum are reviewed, they are a simple random sample of it, and a conversation's
inclusion probability is the reviewed share of its stratum.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum


class Stratum(StrEnum):
    """What the rules and judges make of a conversation."""

    FLAGGED = "flagged"
    """It is invalid, or fails a judge's criterion."""
    DOUBTFUL = "doubtful"
    """It is valid, with a warning."""
    REST = "rest"
    """All others."""


SLOTS = (Stratum.FLAGGED, Stratum.DOUBTFUL, Stratum.REST, Stratum.REST)
"""How often each stratum's turn comes. Most conversations are in `rest`, and so is what the rules
miss."""


def stratum_of(is_valid: bool, has_warning: bool, all_passed: bool = True) -> Stratum:
    """Returns the stratum of a conversation.

    Args:
        is_valid: whether it breaks no rule of severity `invalid`.
        has_warning: whether it breaks a rule of severity `warning`.
        all_passed: whether it passes every judge's criterion, or no judge read it.
    """
    if not (is_valid and all_passed):
        return Stratum.FLAGGED
    return Stratum.DOUBTFUL if has_warning else Stratum.REST


def review_order(version: str, strata: Mapping[str, Stratum]) -> Iterator[str]:
    """Yields all conversations in the order in which they are reviewed.

    Args:
        version: the version that they are of.
        strata: the stratum of each conversation, by id.
    """
    left = {
        stratum: sorted(
            (id for id, of in strata.items() if of is stratum),
            key=lambda id: _digest(version, id),
            reverse=True,
        )
        for stratum in Stratum
    }
    block = 0
    while any(left.values()):
        for slot in _shuffled(version, block, SLOTS):
            if left[slot]:
                yield left[slot].pop()
        block += 1


def _shuffled(version: str, block: int, slots: Sequence[Stratum]) -> list[Stratum]:
    order = sorted(range(len(slots)), key=lambda slot: _digest(version, f"block {block} {slot}"))
    return [slots[index] for index in order]


def _digest(version: str, text: str) -> bytes:
    return hashlib.sha256(f"{version}\n{text}".encode(errors="surrogatepass")).digest()
