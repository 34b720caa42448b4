"""Finds conversations that are nearly the same although their seeds differ.

MinHash signatures in locality-sensitive bands (rensa) select the pairs worth comparing. The words
themselves then decide, so that no pair is reported because of its signature alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rensa import RMinHash, RMinHashLSH

from duologue.conversation.messages import Role
from duologue.conversation.wording import without_numbers
from duologue.validation.dataset_rules.conversation import DatasetConversation

NEARLY_THE_SAME = 0.8
"""Two conversations count as the same if each side has at least this share of pairs of adjacent
words in common (Jaccard). One different word among 30 leaves 0.87."""

MIN_USER_WORDS = 10
"""A user who says less than this after the first message says what others say by chance: "Yes,
please. Thank you!"."""

SIGNATURE_LENGTH, BANDS = 256, 32
"""Two conversations with a similarity of 0.8 share a band of 8 hashes with a probability of 99.7 %;
two on one subject, with a similarity of 0.3, of 0.2 %."""

FIRSTS_HELD = 500
"""Number of groups whose first conversation stays in memory, about 10 KB each, because later ones
are compared with it again and again."""

RANDOM_SEED = 1
"""Any number, as long as all signatures share it."""


class NearDuplicates:
    """Groups conversations that are nearly the same although they have different seeds.

    It compares what both sides say after the user's first message; all numbers count as the same.
    Each conversation is compared with the first one of each group. Samples of one seed may be
    alike, and so may rows that are in the seed file several times; they are in a group only with
    others.

    Known false positives: two seeds that ask the same thing of a chatbot and a simulated user that
    always say the same. Known misses: the same in other words.
    """

    def __init__(self) -> None:
        self._lsh = RMinHashLSH(NEARLY_THE_SAME, SIGNATURE_LENGTH, BANDS)
        self._groups: list[list[DatasetConversation]] = []
        self._said_in = lru_cache(FIRSTS_HELD)(lambda group: _said(self._groups[group][0]))

    def add(self, conversation: DatasetConversation) -> None:
        """Adds a conversation to the group that it is like, or starts a group with it."""
        said = _said(conversation)
        if said.user_words < MIN_USER_WORDS:
            return
        signature = RMinHash(SIGNATURE_LENGTH, RANDOM_SEED)
        signature.update([*(f"user {pair}" for pair in said.user), *said.assistant])
        candidates = sorted(self._lsh.query(signature))
        alike = (group for group in candidates if _are_alike(said, self._said_in(group)))
        if (group := next(alike, None)) is not None:
            self._groups[group].append(conversation)
        else:
            self._lsh.insert(len(self._groups), signature)
            self._groups.append([conversation])

    def groups(self) -> list[tuple[str, ...]]:
        """Returns the ids of each group of two and more, in order; the largest group first."""
        of_several_seeds = [
            tuple(conversation.conversation_id for conversation in group)
            for group in self._groups
            if len({conversation.seed_key for conversation in group}) > 1
        ]
        return sorted(of_several_seeds, key=lambda ids: -len(ids))


@dataclass(frozen=True, slots=True)
class _Said:
    """Both sides' words after the first message, as pairs of adjacent words."""

    user: list[str]
    assistant: list[str]
    user_words: int


def _said(conversation: DatasetConversation) -> _Said:
    pairs: dict[Role, list[str]] = {Role.USER: [], Role.ASSISTANT: []}
    user_words = 0
    for message in conversation.messages[1:]:
        words = without_numbers(message.text)
        pairs[message.role].extend(map(" ".join, pairwise(words)) if len(words) > 1 else words)
        user_words += len(words) if message.role is Role.USER else 0
    return _Said(pairs[Role.USER], pairs[Role.ASSISTANT], user_words)


def _are_alike(one: _Said, other: _Said) -> bool:
    return all(
        len(mine & theirs) >= NEARLY_THE_SAME * len(mine | theirs)
        for mine, theirs in (
            (set(one.user), set(other.user)),
            (set(one.assistant), set(other.assistant)),
        )
    )
