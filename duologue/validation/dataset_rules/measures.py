"""Measures of a dataset: means, medians and shares, so that versions of any size are comparable.

For some measures it is known how real users differ from simulated ones ("Sim2Real gap", arXiv
2603.11245): their first message is about as long as the later ones (a ratio near 1), well under 30
% of their messages are polite, and the length of their messages varies (a coefficient above 0.5).
These figures are information, not thresholds, because users differ by domain.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from math import sqrt
from statistics import fmean, median, pstdev, stdev

from duologue.conversation.messages import EndReason
from duologue.validation.dataset_rules.facts import Facts, opener
from duologue.validation.dataset_rules.variety import distinct_pairs, moving_type_token_ratio

PARTS = 10
"""Number of parts that are measured separately, to estimate how much of a measure is chance."""


def measures_of(facts: Sequence[Facts]) -> dict[str, float]:
    """Returns the measures of the conversations themselves, without those that have no value."""
    later = [words for item in facts for words in item.user]
    first = [item.seed for item in facts if item.seed]
    lengths = [len(words) for words in later]
    in_order = list(chain.from_iterable(later))
    measured = {
        "turns": _mean(len(item.assistant_words) for item in facts),
        **_end_reason_shares(facts),
        "user_words_per_message": _mean(lengths),
        "user_words_variation": pstdev(lengths) / fmean(lengths) if any(lengths) else None,
        "first_to_later_words": _ratio(_mean(map(len, first)), _mean(lengths)),
        "user_variety": moving_type_token_ratio(in_order),
        "user_distinct_pairs": distinct_pairs(in_order),
        "user_opener_share": _largest_share(map(opener, later)),
        "first_opener_share": _largest_share(map(opener, first)),
        "polite_share": _ratio(float(sum(item.polite for item in facts)), float(len(later))),
        "question_share": _ratio(float(sum(item.questions for item in facts)), float(len(later))),
        "assistant_words_per_message": _mean(chain.from_iterable(i.assistant_words for i in facts)),
        "latency_ms": _median(chain.from_iterable(item.latencies_ms for item in facts)),
    }
    return {name: value for name, value in measured.items() if value is not None}


def sampling_errors(facts: Sequence[Facts]) -> dict[str, float]:
    """Estimates each measure's standard error.

    Ten interleaved parts of the dataset are measured. Their differences show by how much the whole
    would differ on another night.

    Returns:
        By name. For a share, at least the weight of one conversation. Empty if there are too few
        conversations.
    """
    count = min(PARTS, len(facts) // 2)
    if count < 2:
        return {}
    parts = [measures_of(facts[start::count]) for start in range(count)]
    errors = {
        name: stdev(part[name] for part in parts) / sqrt(count)
        for name in parts[0]
        if all(name in part for part in parts)
    }
    least = 1 / len(facts)
    return {n: max(error, least) if n.endswith("_share") else error for n, error in errors.items()}


def share_error(share: float, count: int) -> float:
    """Estimates the standard error of a share of `count` conversations.

    It stays above 0 for shares of 0 and 1, where chance may add or remove a conversation.
    """
    return sqrt((share * (1 - share) + 1 / count) / count)


def _end_reason_shares(facts: Sequence[Facts]) -> dict[str, float]:
    known = [item.end_reason for item in facts if item.end_reason is not None]
    counts = Counter(known)
    return {f"{reason}_share": counts[reason] / len(known) for reason in EndReason if known}


def _largest_share(openers: Iterable[tuple[str, ...]]) -> float | None:
    counts = Counter(openers)
    return max(counts.values()) / counts.total() if counts else None


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return fmean(known) if known else None


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None


def _ratio(value: float | None, to: float | None) -> float | None:
    return value / to if value is not None and to else None
