"""The rules on a single reply: it says something, in time, and does not decline to help."""

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Message
from duologue.conversation.refusals import is_refusal

EMPTY = "empty"
SLOW = "slow"
REFUSAL = "refusal"


def newly_broken_rules(
    reply: Message, reference: Message | None, max_latency_ms: int | None
) -> set[str]:
    """Returns the rules that a reply breaks and the reference reply, if there is one, keeps."""
    excused = broken_rules(reference, max_latency_ms) if reference else ()
    return {*broken_rules(reply, max_latency_ms)} - {*excused}


def broken_rules(reply: Message, max_latency_ms: int | None) -> tuple[str, ...]:
    """Returns the names of the rules that a reply breaks, sorted.

    Args:
        reply: with its latency, if known.
        max_latency_ms: a reply that took longer is slow; None switches this rule off.
    """
    slow = max_latency_ms is not None and (reply.latency_ms or 0) > max_latency_ms
    broken = {EMPTY: is_empty(reply.text), REFUSAL: is_refusal(reply.text), SLOW: slow}
    return tuple(sorted(name for name, is_broken in broken.items() if is_broken))
