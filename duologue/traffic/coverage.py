"""How much of the real traffic a dataset covers, and which seeds would cover the rest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from duologue.conversation.messages import Message, Role
from duologue.errors import UsageError
from duologue.storage.locations import without_credentials
from duologue.traffic.candidates import Candidate, RealConversation, is_usable, merged
from duologue.traffic.clusters import cluster
from duologue.validation.dataset_rules.measures import share_error
from duologue.validation.transcripts import read_transcripts

IDS_SHOWN = 3
"""Of each cluster's conversations, as examples."""


@dataclass(frozen=True, slots=True)
class CoveredCluster:
    """A group of real conversations that open with messages about the same matter."""

    message: str
    """The opening that most of them have."""
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
    missing: tuple[Candidate, ...]
    """A seed for each cluster that is not covered, the largest cluster first."""

    @property
    def conversations(self) -> int:
        """The number of real conversations."""
        return sum(one.real for one in self.clusters)

    @property
    def covered(self) -> int:
        """The number of clusters with a conversation of the dataset."""
        return sum(one.dataset > 0 for one in self.clusters)

    @property
    def gaps(self) -> tuple[CoveredCluster, ...]:
        """The clusters without a conversation of the dataset, in the order of `missing`."""
        return tuple(one for one in self.clusters if not one.dataset)

    @property
    def share(self) -> float:
        """Of the real conversations, those in a covered cluster; 0 to 1."""
        return 1 - sum(one.real for one in self.gaps) / self.conversations

    @property
    def standard_error(self) -> float:
        """The share's: the real conversations are a sample of the traffic."""
        return share_error(self.share, self.conversations)


def coverage(real: Sequence[RealConversation], messages: Iterable[str]) -> Coverage:
    """Groups real openings together with a dataset's, and counts the groups that have both.

    Args:
        real: real conversations, redacted; at least one opens with text.
        messages: the first user messages of the dataset.
    """
    usable = [one for one in real if is_usable(one)]
    asked = Counter(messages)  # samples of one seed open alike, and are grouped once
    labels = cluster([*(one.messages[0].text for one in usable), *asked])
    of_dataset: Counter[int] = Counter()
    for label, count in zip(labels[len(usable) :], asked.values(), strict=True):
        of_dataset[label] += count
    groups: dict[int, list[RealConversation]] = defaultdict(list)
    for label, one in zip(labels[: len(usable)], usable, strict=True):
        groups[label].append(one)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    seeds = {
        label: max(merged(members, label), key=lambda one: one.weight) for label, members in ordered
    }
    return Coverage(
        clusters=tuple(
            CoveredCluster(
                message=seeds[label].message,
                real=len(members),
                dataset=of_dataset[label],
                examples=tuple(one.id for one in members[:IDS_SHOWN]),
            )
            for label, members in ordered
        ),
        missing=tuple(seeds[label] for label, _ in ordered if not of_dataset[label]),
    )


def read_real(path: str) -> list[RealConversation]:
    """Reads a file of real conversations, such as `real_conversations.jsonl`.

    Raises:
        UsageError: it cannot be read, or holds no conversation that opens with a user's text.
    """
    found = [
        RealConversation(one.id, from_user, (one.id,))
        for one in read_transcripts(path)
        if (from_user := _from_user(one.messages))
    ]
    if not any(map(is_usable, found)):
        raise UsageError(
            f"{without_credentials(path)}: no conversation opens with a user's text; coverage "
            "compares openings, so name a file of real conversations"
        )
    return found


def opening_of(messages: Sequence[Message]) -> str | None:
    """Returns the first user message of a conversation; None if neither of the first two is one."""
    from_user = _from_user(messages)
    return from_user[0].text if from_user else None


def _from_user(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Cuts a greeting, with which some chatbots open."""
    start = next((i for i, one in enumerate(messages[:2]) if one.role is Role.USER), None)
    return () if start is None else tuple(messages[start:])
