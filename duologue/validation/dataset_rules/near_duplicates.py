"""Conversations that are nearly the same although their seeds are not.

MinHash signatures in locality-sensitive bands (rensa) say which few are worth comparing; whether
two are the same is told by their own words, so that nothing is reported that only looks alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rensa import RMinHash, RMinHashLSH

from duologue.conversation.messages import Role
from duologue.conversation.wording import wording
from duologue.validation.dataset_rules.member import Member

NEARLY_THE_SAME = 0.8
"""The share of pairs of adjacent words in common (Jaccard), on either side, from which two
conversations count as one. One other word among 30 leaves 0.87."""

FEWEST_USER_WORDS = 10
"""Who says less than this after the first message says by chance what others say: "Yes, please.
Thank you!"."""

SIGNATURE_LENGTH, BANDS = 256, 32
"""Of two conversations that are alike by 0.8, 99.7 % meet in a band of 8 hashes, of those that are
alike by 0.3, as two on one subject may be, 0.2 %."""

FIRSTS_HELD = 500
"""Of so many groups the first conversation stays read, some 10 KB each: where many conversations
look alike, each is compared with the same ones."""

RANDOM_SEED = 1
"""Any; but the same for all signatures that are compared."""


def near_duplicate_groups(members: Sequence[Member]) -> list[tuple[str, ...]]:
    """Groups conversations that are nearly the same although they have different seeds.

    Compared is what both sides say after the user's first message; numbers are taken for the same.
    Each conversation is compared with the first of each group. Samples of one seed, and rows that
    stand in the seed file several times, may be alike as much as they like, but stand in a group
    with others.

    Known false positives: two seeds that ask the same thing, of a chatbot and a simulated user that
    always say the same. Known misses: the same in other words.

    Returns:
        The ids of each group of two and more, in the members' order; the largest group first.
    """

    @lru_cache(FIRSTS_HELD)
    def said_in(first: int) -> _Said:
        return _said(members[first])

    lsh = RMinHashLSH(NEARLY_THE_SAME, SIGNATURE_LENGTH, BANDS)
    groups: dict[int, list[Member]] = {}
    for index, member in enumerate(members):
        said = _said(member)
        if said.user_words < FEWEST_USER_WORDS:
            continue
        signature = RMinHash(SIGNATURE_LENGTH, RANDOM_SEED)
        signature.update([*(f"user {pair}" for pair in said.user), *said.assistant])
        candidates = sorted(lsh.query(signature))
        alike = (first for first in candidates if _are_alike(said, said_in(first)))
        if (first := next(alike, None)) is not None:
            groups[first].append(member)
        else:
            lsh.insert(index, signature)
            groups[index] = [member]
    of_several_seeds = [
        tuple(member.conversation_id for member in group)
        for group in groups.values()
        if len({member.seed_key for member in group}) > 1
    ]
    return sorted(of_several_seeds, key=lambda ids: -len(ids))


@dataclass(frozen=True, slots=True)
class _Said:
    """What both sides say after the first message, as pairs of adjacent words."""

    user: frozenset[str]
    assistant: frozenset[str]
    user_words: int


def _said(member: Member) -> _Said:
    pairs: dict[Role, set[str]] = {Role.USER: set(), Role.ASSISTANT: set()}
    user_words = 0
    for message in member.messages[1:]:
        said = wording(message.text)
        words = ["#" if word in said.numbers else word for word in said.words]
        pairs[message.role].update(map(" ".join, pairwise(words)) if len(words) > 1 else words)
        user_words += len(words) if message.role is Role.USER else 0
    return _Said(frozenset(pairs[Role.USER]), frozenset(pairs[Role.ASSISTANT]), user_words)


def _are_alike(one: _Said, other: _Said) -> bool:
    return all(
        len(mine & theirs) >= NEARLY_THE_SAME * len(mine | theirs)
        for mine, theirs in ((one.user, other.user), (one.assistant, other.assistant))
    )
