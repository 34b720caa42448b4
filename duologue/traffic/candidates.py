"""First messages of real conversations: what a seed can be made of."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Message, unwritable_reason
from duologue.traffic.clusters import cluster

NEARLY_THE_SAME = 92
"""From 0 to 100: how similar messages must be to count as one (rapidfuzz's token sort ratio)."""


@dataclass(frozen=True, slots=True)
class RealConversation:
    """A conversation of real traffic."""

    id: str
    """The id of its first execution, or of the transcript."""
    messages: tuple[Message, ...]
    """Starts with a USER message."""
    source_ids: tuple[str, ...]
    """All its executions, branches included, in the order of time."""
    is_bad: bool = False
    names: tuple[str, ...] = ()
    """The user's names, as far as an input or a column holds them."""


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
    found = [one for label, members in sorted(by_cluster.items()) for one in merged(members, label)]
    return sorted(found, key=lambda one: -one.weight)


def is_usable(conversation: RealConversation) -> bool:
    """Checks whether a conversation opens with text that a seed file can hold."""
    text = conversation.messages[0].text
    return not is_empty(text) and unwritable_reason(text) is None


def merged(members: Sequence[RealConversation], label: int) -> list[Candidate]:
    """Merges conversations of one cluster whose openings are nearly the same.

    Args:
        members: of the cluster.
        label: the cluster's.

    Returns:
        Candidates, the one with the most common opening first.
    """
    by_key: dict[str, list[RealConversation]] = defaultdict(list)
    for one in members:
        by_key[_key(one.messages[0].text)].append(one)
    found: dict[str, list[RealConversation]] = {}
    keys: list[str] = []
    for key, some in sorted(by_key.items(), key=lambda item: -len(item[1])):
        same = _first_like(key, keys)
        if same is None:
            found[key] = list(some)
            keys.append(key)
        else:
            found[same] += some
    return [Candidate(_usual(some), label, tuple(some)) for some in found.values()]


def _first_like(key: str, keys: Sequence[str]) -> str | None:
    """Returns the first key that is nearly the same; None if there is none."""
    nearly = process.extract_iter(
        key, keys, scorer=fuzz.ratio, processor=None, score_cutoff=NEARLY_THE_SAME
    )
    return next((same for same, _, _ in nearly), None)


def _key(text: str) -> str:
    """Returns a text's words in alphabetical order, without case and values of numbers.

    The ratio of two keys is rapidfuzz's token sort ratio, with each text sorted only once.
    """
    words = re.findall(r"[^\W\d_]+|\d", re.sub(r"\d+", "0", text.casefold())) or text.split()
    return " ".join(sorted(words))


def _usual(conversations: Sequence[RealConversation]) -> str:
    """Returns the most usual opening, the first of several."""
    return Counter(one.messages[0].text for one in conversations).most_common(1)[0][0]
