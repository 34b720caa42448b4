"""How much of the real traffic a dataset covers, and which seeds would cover the rest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from duologue.errors import UsageError
from duologue.mining.choosing import Candidate, candidates_of, is_usable
from duologue.mining.clusters import cluster
from duologue.mining.grouping import RealConversation
from duologue.validation.transcripts import read_transcripts

IDS_SHOWN = 3
"""Conversations that are listed of each cluster."""


@dataclass(frozen=True, slots=True)
class CoveredCluster:
    """A group of real conversations that open with messages about the same matter."""

    real: int
    """The number of its real conversations."""
    dataset: int
    """The number of the dataset's conversations that open with such a message."""
    examples: tuple[str, ...]
    """Ids of real conversations."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the real traffic a dataset covers."""

    clusters: tuple[CoveredCluster, ...]
    """In descending order of their real conversations."""
    covered: int
    """Clusters with a conversation of the dataset."""
    share: float
    """The share of real conversations in a covered cluster, from 0 to 1."""
    missing: tuple[Candidate, ...]
    """A seed for each cluster that is not covered, the largest cluster first."""


def coverage(real: Sequence[RealConversation], messages: Iterable[str]) -> Coverage:
    """Groups real openings together with a dataset's, and counts the groups that have both.

    Args:
        real: real conversations, redacted.
        messages: the first user messages of the dataset.
    """
    usable = [one for one in real if is_usable(one)]
    openings = [one.messages[0].text for one in usable]
    labels = cluster([*openings, *messages])
    of_dataset = Counter(labels[len(usable) :])
    groups: dict[int, list[RealConversation]] = {}
    for label, one in zip(labels, usable, strict=False):
        groups.setdefault(label, []).append(one)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    missing = [
        max(candidates_of(members), key=lambda one: one.weight)
        for label, members in ordered
        if not of_dataset[label]
    ]
    return Coverage(
        clusters=tuple(
            CoveredCluster(
                len(members), of_dataset[label], tuple(one.id for one in members[:IDS_SHOWN])
            )
            for label, members in ordered
        ),
        covered=sum(of_dataset[label] > 0 for label, _ in ordered),
        share=sum(len(members) for label, members in ordered if of_dataset[label])
        / max(len(usable), 1),
        missing=tuple(missing),
    )


def read_real(path: str) -> list[RealConversation]:
    """Reads a file of real conversations, such as `real_conversations.jsonl`.

    Raises:
        UsageError: it cannot be read, or holds no conversation that opens with a user's text.
    """
    found = [
        RealConversation(one.id, one.messages[start:], (one.id,))
        for one in read_transcripts(path)
        for start, message in enumerate(one.messages[:2])
        if message.role == "USER"
        and not any(before.role == "USER" for before in one.messages[:start])
    ]
    if not any(map(is_usable, found)):
        raise UsageError(f"{path}: no conversation opens with a user's text, so nothing is covered")
    return found
