"""Chooses seeds among the first messages of real conversations."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from rapidfuzz import fuzz

from duologue.settings.mining import MiningSettings, Sampling
from duologue.traffic.candidates import Candidate


def choose(candidates: Sequence[Candidate], settings: MiningSettings) -> list[Candidate]:
    """Chooses up to `count` candidates; see MiningSettings.

    With `failing_first`, those with bad conversations are chosen among first.
    """
    if not settings.failing_first:
        return _chosen(candidates, settings, settings.count)
    failing = [one for one in candidates if one.failing]
    others = [one for one in candidates if not one.failing]
    first = _chosen(failing, settings, settings.count)
    return [*first, *_chosen(others, settings, settings.count - len(first))]


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of the traffic a choice covers."""

    clusters: int
    """All groups of messages."""
    covered: int
    """Groups with a chosen seed."""
    traffic_share: float
    """The share of conversations in a covered group, from 0 to 1."""
    random_clusters: float
    """The groups that as many conversations, drawn at random, cover on average."""


def covered(candidates: Sequence[Candidate], chosen: Sequence[Candidate]) -> Covered:
    """Measures a choice, and what a random one of the same size would cover."""
    weights: Counter[int] = Counter()
    for one in candidates:
        weights[one.cluster] += one.weight
    total, there = sum(weights.values()), {one.cluster for one in chosen}
    return Covered(
        clusters=len(weights),
        covered=len(there),
        traffic_share=sum(weights[label] for label in there) / max(total, 1),
        random_clusters=sum(
            _hit_probability(total, weight, min(len(chosen), total)) for weight in weights.values()
        ),
    )


def _hit_probability(total: int, marked: int, drawn: int) -> float:
    """Returns how probable a draw without replacement is to hold at least one marked item."""
    return 1 - math.comb(total - marked, drawn) / math.comb(total, drawn)


def _chosen(
    candidates: Sequence[Candidate], settings: MiningSettings, count: int
) -> list[Candidate]:
    if settings.sample is Sampling.WEIGHTED:
        return _drawn(candidates, count, Random(settings.random_seed))
    return _covering(candidates, count)


def _drawn(candidates: Sequence[Candidate], count: int, rng: Random) -> list[Candidate]:
    """Draws without replacement, in proportion to the weights (Efraimidis and Spirakis, 2006)."""
    keyed = [(rng.random() ** (1 / one.weight), i) for i, one in enumerate(candidates)]
    return [candidates[i] for _, i in heapq.nlargest(count, keyed)]


def _covering(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """Takes one of each group, the largest first, then more of the large ones.

    A group of weight w that has n seeds gets the next one by w / (n + 1), as seats are given by
    D'Hondt's method. Groups without a seed come before all others.
    """
    groups: dict[int, list[Candidate]] = defaultdict(list)
    for one in candidates:
        groups[one.cluster].append(one)
    queues = {label: _representative_first(members) for label, members in groups.items()}
    weights = {label: sum(one.weight for one in members) for label, members in groups.items()}
    turns: list[tuple[bool, float, int, int]] = [
        (False, -weight, label, 0) for label, weight in weights.items()
    ]
    heapq.heapify(turns)
    chosen: list[Candidate] = []
    while turns and len(chosen) < count:
        _, _, label, taken = heapq.heappop(turns)
        chosen.append(queues[label][taken])
        if taken + 1 < len(queues[label]):
            heapq.heappush(turns, (True, -weights[label] / (taken + 2), label, taken + 1))
    return chosen


def _representative_first(members: Sequence[Candidate]) -> list[Candidate]:
    """Orders a group: first the heaviest, then each time the one least like those before it."""
    rest = sorted(members, key=lambda one: -one.weight)
    ordered = [rest.pop(0)]
    likeness = {id(one): 0.0 for one in rest}
    while rest and len(ordered) < MOST_ORDERED:
        latest = ordered[-1].message
        for one in rest:
            alike = fuzz.token_sort_ratio(one.message, latest) / 100
            likeness[id(one)] = max(likeness[id(one)], alike)
        best = max(rest, key=lambda one: one.weight * (1 - likeness[id(one)]))
        rest.remove(best)
        ordered.append(best)
    return ordered + rest


MOST_ORDERED = 50
"""Candidates of one group that are ordered by how they differ; further ones come by weight."""
