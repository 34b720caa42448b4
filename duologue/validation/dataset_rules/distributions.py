"""Distributions: the number of conversations for each value."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from duologue.conversation.messages import EndReason
from duologue.validation.dataset_rules.facts import Facts

WORD_BINS = (5, 10, 20, 40, 80, 160, 320)
LATENCY_BINS_MS = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 60_000)
"""Upper ends of the bins. They widen because most lengths and times are short."""


def distributions_of(facts: Sequence[Facts]) -> dict[str, dict[str, int]]:
    """Counts conversations by turns, end reason, mean words per message and median latency.

    Conversations with an unknown value are left out, and so are empty distributions.
    """
    reasons = Counter(item.end_reason for item in facts)
    turns = Counter(len(item.assistant_words) for item in facts)
    distributions = {
        "turns": {str(number): turns[number] for number in sorted(turns)},
        "end_reason": {str(reason): reasons[reason] for reason in EndReason if reasons[reason]},
        "user_words": _binned((item.user_words for item in facts), WORD_BINS),
        "assistant_words": _binned((item.mean_assistant_words for item in facts), WORD_BINS),
        "latency_ms": _binned((item.median_latency_ms for item in facts), LATENCY_BINS_MS),
    }
    return {name: counts for name, counts in distributions.items() if counts}


def _binned(values: Iterable[float | None], bins: Sequence[int]) -> dict[str, int]:
    """Counts rounded values per bin; empty bins between others are kept."""
    counts = Counter(bisect_left(bins, round(value)) for value in values if value is not None)
    if not counts:
        return {}
    labels = [
        *(f"{low} to {high}" for low, high in zip((0, *(b + 1 for b in bins)), bins, strict=False)),
        f"over {bins[-1]}",
    ]
    return {labels[at]: counts[at] for at in range(min(counts), max(counts) + 1)}
