"""Chooses seeds among the first messages of real conversations."""

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from rapidfuzz import fuzz

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import unwritable_reason
from duologue.mining.clusters import cluster
from duologue.mining.grouping import RealConversation
from duologue.settings.mining import MiningSettings, Sampling

NEARLY_THE_SAME = 92
"""From 0 to 100: how similar messages must be to count as one (rapidfuzz's token sort ratio)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A first message, with all conversations that open with nearly the same one."""

    message: str
    cluster: int
    conversations: tuple[RealConversation, ...]

    @property
    def weight(self) -> int:
        """The number of its conversations."""
        return len(self.conversations)

    @property
    def failing(self) -> int:
        """The number of its conversations that are marked as bad."""
        return sum(one.is_bad for one in self.conversations)


def candidates_of(conversations: Sequence[RealConversation]) -> list[Candidate]:
    """Merges conversations that open with nearly the same message, and groups the rest.

    Returns:
        Candidates in descending order of weight, those of one weight in the order of their first
        conversation. Openings without text are left out.
    """
    usable = [one for one in conversations if is_usable(one)]
    labels = cluster([one.messages[0].text for one in usable])
    by_cluster: dict[int, list[RealConversation]] = defaultdict(list)
    for label, one in zip(labels, usable, strict=True):
        by_cluster[label].append(one)
    found = [
        Candidate(_usual(merged), label, tuple(merged))
        for label, members in sorted(by_cluster.items())
        for merged in _merged(members)
    ]
    return sorted(found, key=lambda one: -one.weight)


def is_usable(conversation: RealConversation) -> bool:
    """Checks whether a conversation opens with text that a seed file can hold."""
    text = conversation.messages[0].text
    return not is_empty(text) and unwritable_reason(text) is None


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


def _merged(members: Sequence[RealConversation]) -> list[list[RealConversation]]:
    """Merges conversations of one group whose openings are nearly the same."""
    by_key: dict[str, list[RealConversation]] = defaultdict(list)
    for one in members:
        by_key[_key(one.messages[0].text)].append(one)
    found: dict[str, list[RealConversation]] = {}
    for key, some in sorted(by_key.items(), key=lambda item: -len(item[1])):
        same = next((k for k in found if _is_nearly(k, key)), None)
        if same is None:
            found[key] = list(some)
        else:
            found[same] += some
    return list(found.values())


def _is_nearly(one: str, other: str) -> bool:
    return fuzz.token_sort_ratio(one, other, score_cutoff=NEARLY_THE_SAME) > 0


def _key(text: str) -> str:
    """Returns a text without case, punctuation and values of numbers."""
    return " ".join(re.findall(r"[^\W\d_]+|\d", re.sub(r"\d+", "0", text.casefold()))) or text


def _usual(conversations: Sequence[RealConversation]) -> str:
    """Returns the most usual opening, the first of several."""
    return Counter(one.messages[0].text for one in conversations).most_common(1)[0][0]
