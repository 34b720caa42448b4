"""Each side's totals: verdicts, broken rules, and mean scores with confidence intervals."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from duologue.conversation.messages import Message
from duologue.evaluation.causes import regressed_for_itself
from duologue.evaluation.manifest import Estimate, SideSummary
from duologue.evaluation.replies import ScoredReply, Side, Verdict
from duologue.settings.evaluation import ScoringSettings

_RESAMPLES = 2000
_PICKS_PER_BATCH = 2_000_000
"""Limits the bootstrap's memory to about 50 MB, however many conversations there are."""
_RANDOM_SEED = 0
"""Fixed, so that the same evaluation gives the same figures."""

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]

Values = Iterable[tuple[str, float]]
"""A conversation's id and one of its prefixes' value."""


def summarise(
    scored: Sequence[ScoredReply], settings: ScoringSettings
) -> tuple[dict[Side, SideSummary], dict[str, Estimate]]:
    """Summarises each side, and by how much the candidate beats the baseline.

    Returns:
        The sides that have replies, and the differences by scorer over the prefixes that both
        sides have a score for. Scores that no reply has are left out.
    """
    of_side = {side: [each for each in scored if each.side is side] for side in Side}
    sides = {side: _side(replies, settings) for side, replies in of_side.items() if replies}
    pairs = _pairs(of_side[Side.CANDIDATE], of_side[Side.BASELINE])
    differences = {name: _differences(pairs, name) for name in _scorers(scored)}
    return sides, _estimates(differences, settings)


def estimate(values: Values, confidence: float) -> Estimate | None:
    """Returns a mean and its confidence interval; None without values.

    Prefixes of one conversation are not independent, so whole conversations are resampled: the
    cluster bootstrap (Davison & Hinkley 1997, "Bootstrap Methods and their Application", 3.8;
    Field & Welsh 2007, "Bootstrapping clustered data"), with percentile intervals. A single
    conversation says nothing about how conversations vary; its interval is the mean alone.
    """
    if not (pairs := list(values)):
        return None
    ids, all_values = zip(*pairs, strict=True)
    _, index = np.unique(ids, return_inverse=True)
    # numpy's stub gives weighted counts the type of plain ones.
    sums = np.bincount(index, weights=all_values).astype(np.float64)
    counts = np.bincount(index)
    # Rounding can move the mean of equal values off that value.
    equal = min(all_values) == max(all_values)
    mean = all_values[0] if equal else float(np.mean(all_values))
    low, high = (mean, mean) if equal or len(sums) == 1 else _interval(sums, counts, confidence)
    return Estimate(mean=mean, low=min(low, mean), high=max(high, mean), count=len(ids))


def _interval(sums: Array, counts: Counts, confidence: float) -> tuple[float, float]:
    """Returns the percentile interval of the mean over resampled conversations.

    Args:
        sums: of each conversation's values.
        counts: of each conversation's values.
        confidence: the share of resampled means between the two ends.
    """
    rng = np.random.default_rng(_RANDOM_SEED)
    conversations = len(sums)
    batch = max(1, _PICKS_PER_BATCH // conversations)
    means = []
    for start in range(0, _RESAMPLES, batch):
        size = (min(batch, _RESAMPLES - start), conversations)
        picks = rng.integers(0, conversations, size)
        means.append(sums[picks].sum(axis=1) / counts[picks].sum(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)


def _side(replies: Sequence[ScoredReply], settings: ScoringSettings) -> SideSummary:
    verdicts = Counter(each.verdict for each in replies)
    causes = Counter(chain.from_iterable(each.causes for each in replies))
    broken = Counter(chain.from_iterable(each.broken_rules for each in replies))
    scores = {name: list(_values(replies, name)) for name in _scorers(replies)}
    return SideSummary(
        verdicts={verdict: verdicts[verdict] for verdict in Verdict},
        causes=dict(sorted(causes.items())),
        regressed_for_themselves=sum(map(regressed_for_itself, replies)),
        broken_rules=dict(sorted(broken.items())),
        scores=_estimates(scores, settings),
        latency_ms=_latencies(replies),
    )


def _estimates(
    values: dict[str, list[tuple[str, float]]], settings: ScoringSettings
) -> dict[str, Estimate]:
    found = {name: estimate(each, settings.confidence) for name, each in values.items()}
    return {name: each for name, each in found.items() if each}


def _scorers(replies: Iterable[ScoredReply]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(each.scores for each in replies)))


def _values(replies: Iterable[ScoredReply], name: str) -> Values:
    for each in replies:
        if (score := each.scores.get(name)) is not None:
            yield each.prefix.conversation_id, score


def _pairs(
    candidate: Iterable[ScoredReply], baseline: Iterable[ScoredReply]
) -> list[tuple[ScoredReply, ScoredReply]]:
    by_prefix = {each.prefix.next_turn_id: each for each in baseline}
    return [
        (each, by_prefix[each.prefix.next_turn_id])
        for each in candidate
        if each.prefix.next_turn_id in by_prefix
    ]


def _differences(
    pairs: Iterable[tuple[ScoredReply, ScoredReply]], name: str
) -> list[tuple[str, float]]:
    scores = (
        (one.prefix.conversation_id, one.scores.get(name), other.scores.get(name))
        for one, other in pairs
    )
    return [
        (conversation_id, one - other)
        for conversation_id, one, other in scores
        if one is not None and other is not None
    ]


def _latencies(replies: Iterable[ScoredReply]) -> dict[str, float]:
    known = [
        each.reply.latency_ms
        for each in replies
        if isinstance(each.reply, Message) and each.reply.latency_ms is not None
    ]
    if not known:
        return {}
    p50, p95 = np.percentile(known, [50, 95])
    return {"p50": float(p50), "p95": float(p95)}
