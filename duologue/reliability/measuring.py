"""Measures how reliable each rule and judge is, against what people decided."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from duologue.reliability.agreement import Agreement, Disagreement, agreements, disagreements
from duologue.reliability.intervals import Estimate, precision_and_recall
from duologue.reliability.reviewed import JUDGE_PREFIX, Reviewed, Signal, Source
from duologue.settings.options import Record
from duologue.settings.rules import Severity

ANY_INVALID = "any invalid finding"
ANY_WARNING = "any invalid finding or warning"


class SignalReliability(Record):
    """How reliable a rule, a judge's criterion, or all of them together are."""

    source: Literal["all", "rule", "judge"]
    name: str
    severity: Severity | None
    """None for all of them together."""
    found: int
    """Reviewed conversations that it reports, unweighted."""
    precision: Estimate | None
    """Of the conversations that it reports, the share that people call broken. None if it reports
    none."""
    recall: Estimate | None
    """Of the conversations that people call broken, the share that it reports. None if none is."""


class KindReliability(Record):
    """How much of a kind of broken conversations is found."""

    kind: str
    conversations: int
    """Reviewed conversations in which a reviewer named it, unweighted."""
    recall: Estimate | None
    """The share of them that a rule or judge finds invalid."""


class StratumShare(Record):
    """How much of a stratum was reviewed."""

    stratum: str
    conversations: float
    """That its reviewed ones stand for, or, if there are none, that it has."""
    reviewed: int


class Reliability(Record):
    """Everything that the decisions of people say about rules, judges and reviewers."""

    reviewed: int
    """Conversations with at least one decision."""
    reviewers: dict[str, int]
    """By name, the number of conversations that each reviewed."""
    strata: tuple[StratumShare, ...]
    broken: Estimate | None
    """The weighted share of conversations that people call broken."""
    signals: tuple[SignalReliability, ...]
    """All together first, then rules, then criteria, by name."""
    kinds: tuple[KindReliability, ...]
    """Most frequent first."""
    agreements: tuple[Agreement, ...]
    disagreements: tuple[Disagreement, ...]


class VersionReliability(Record):
    """How reliable rules and judges are on one version."""

    dataset: str
    version: str
    revision: int
    simulated_again: tuple[str, ...]
    """Ids of conversations whose decisions no longer hold, because their text has changed."""
    reliability: Reliability


def by_finding(reliability: Reliability) -> dict[tuple[str, Severity], SignalReliability]:
    """Returns the figures of each rule and criterion by the name and severity of its findings."""
    return {
        (f"{JUDGE_PREFIX if row.source == 'judge' else ''}{row.name}", row.severity): row
        for row in reliability.signals
        if row.severity is not None
    }


def measure(
    conversations: Sequence[Reviewed], unreviewed: Sequence[StratumShare] = ()
) -> Reliability:
    """Measures precision and recall of every rule and criterion, and the agreement of reviewers.

    A conversation is as broken as the share of its reviewers who call it so. All shares are
    weighted (`precision_and_recall`). A criterion is measured on the conversations that it judged.

    Args:
        conversations: the reviewed ones, with their weights.
        unreviewed: strata of which none is reviewed; the figures say nothing about them.
    """
    ordered = sorted(conversations, key=lambda item: item.id)
    everything, _ = _estimates(ordered, lambda _: True)
    return Reliability(
        reviewed=len(ordered),
        reviewers=dict(sorted(_reviewer_counts(ordered).items())),
        strata=(*_strata(ordered), *unreviewed),
        broken=everything,
        signals=tuple(_signals(ordered)),
        kinds=tuple(_kinds(ordered)),
        agreements=tuple(agreements(ordered)),
        disagreements=tuple(disagreements(ordered)),
    )


def _reviewer_counts(conversations: Sequence[Reviewed]) -> Counter[str]:
    return Counter(opinion.reviewer for item in conversations for opinion in item.opinions)


def _strata(conversations: Sequence[Reviewed]) -> list[StratumShare]:
    sizes: Counter[str] = Counter(item.stratum for item in conversations)
    weights = {item.stratum: item.weight for item in conversations}
    return [
        StratumShare(stratum=name, conversations=weights[name] * size, reviewed=size)
        for name, size in sorted(sizes.items())
    ]


def _signals(conversations: Sequence[Reviewed]) -> list[SignalReliability]:
    together = {
        ANY_INVALID: (Severity.INVALID,),
        ANY_WARNING: (Severity.INVALID, Severity.WARNING),
    }
    rows = [
        _reliability("all", name, None, conversations, partial(_has, severities))
        for name, severities in together.items()
    ]
    signals = {signal for item in conversations for signal in item.signals}
    return rows + [_of_signal(signal, conversations) for signal in _by_name(signals)]


def _has(severities: Sequence[Severity], conversation: Reviewed) -> bool:
    return conversation.has(*severities)


def _share_naming(kind: str, conversation: Reviewed) -> float:
    return conversation.share_naming(kind)


def _by_name(signals: set[Signal]) -> list[Signal]:
    return sorted(signals, key=lambda s: (s.source is Source.JUDGE, s.name, s.severity))


def _of_signal(signal: Signal, conversations: Sequence[Reviewed]) -> SignalReliability:
    if signal.source is Source.JUDGE:
        conversations = [item for item in conversations if signal.name in item.judged]
    return _reliability(
        signal.source.value,
        signal.name,
        signal.severity,
        conversations,
        lambda item: signal in item.signals,
    )


def _reliability(
    source: Literal["all", "rule", "judge"],
    name: str,
    severity: Severity | None,
    conversations: Sequence[Reviewed],
    is_found: Callable[[Reviewed], bool],
) -> SignalReliability:
    precision, recall = _estimates(conversations, is_found)
    return SignalReliability(
        source=source,
        name=name,
        severity=severity,
        found=sum(map(is_found, conversations)),
        precision=precision,
        recall=recall,
    )


def _kinds(conversations: Sequence[Reviewed]) -> list[KindReliability]:
    counts = Counter(
        kind
        for item in conversations
        for kind in {kind for opinion in item.opinions for kind in opinion.kinds}
    )
    rows = []
    for kind, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        _, recall = _estimates(
            conversations,
            partial(_has, (Severity.INVALID,)),
            partial(_share_naming, kind),
        )
        rows.append(KindReliability(kind=kind, conversations=count, recall=recall))
    return rows


def _estimates(
    conversations: Sequence[Reviewed],
    is_found: Callable[[Reviewed], bool],
    broken: Callable[[Reviewed], float] = lambda item: item.broken,
) -> tuple[Estimate | None, Estimate | None]:
    return precision_and_recall(
        [item.stratum for item in conversations],
        [item.weight for item in conversations],
        [is_found(item) for item in conversations],
        [broken(item) for item in conversations],
    )
