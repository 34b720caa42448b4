"""The same reply to everything."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duologue.conversation.farewells import is_farewell
from duologue.conversation.messages import Role
from duologue.conversation.wording import wording
from duologue.validation.dataset_rules.member import Member

MOST_SHARE_AT_ALL = 0.5
"""Half of the conversations: what a chatbot says in more of them answers none, be it only once in
each."""

FEWEST_SEEDS = 3
"""With fewer seeds it is two that ask the same thing."""

FEWEST_WORDS = 3
"""Shorter replies come twice in good conversations too: "Yes", "Of course"."""

Uses = Mapping[str, Sequence[tuple[Member, int]]]
"""By the wording of a reply: the conversations that hold it, and how often each does."""


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A reply that stands in the place of answers."""

    words: int
    given_in: tuple[str, ...]
    """Ids of the conversations that hold it, in their order."""
    repeated_in: tuple[str, ...]
    """Ids of those that hold it twice or more."""


def uses_of_replies(members: Sequence[Member]) -> Uses:
    """Files every reply of the chatbot under its wording, but for goodbyes.

    Numbers are taken for the same, because the reference in an error message is new each time.
    """
    uses: defaultdict[str, list[tuple[Member, int]]] = defaultdict(list)
    for member in members:
        answers = (text for text in member.texts(Role.ASSISTANT) if not is_farewell(text))
        for reply, count in Counter(map(_without_numbers, answers)).items():
            uses[reply].append((member, count))
    return uses


def repeated_share(uses: Uses, conversations: int) -> float:
    """Measures the share of conversations in which one and the same reply comes twice or more.

    Each reply is counted by itself, and the one with the most is taken.

    Returns:
        From 0 to 1; 0 where there are no conversations.
    """
    most = max((len(_repeaters(held)) for held in uses.values()), default=0)
    return most / max(conversations, 1)


def canned_replies(uses: Uses, conversations: int, max_share: float) -> list[CannedReply]:
    """Finds replies that stand in the place of answers: an outage that looks like success.

    A chatbot's standing phrases are few to a conversation: it asks once for the order number, and
    once it offers further help. Where its answers are missing, one reply comes in the place of
    each. So a reply is canned where it comes twice or more within a larger share of conversations
    than `max_share`, and one that more than half of the conversations hold at all.

    Known false positives: a chatbot that refuses in the same words, where many seeds insist on what
    it must not do; one that asks everybody the same question first. Known misses: an outage that a
    model words anew each time.

    Returns:
        The replies that most conversations hold first.
    """
    found = []
    for reply, held in uses.items():
        repeaters, words = _repeaters(held), len(reply.split())
        is_everywhere = len(held) > MOST_SHARE_AT_ALL * conversations
        is_repeated = len(repeaters) > max_share * conversations and words >= FEWEST_WORDS
        affected = [member for member, _ in held] if is_everywhere else repeaters
        seeds = {member.seed_key for member in affected}
        if (is_everywhere or is_repeated) and len(seeds) >= FEWEST_SEEDS:
            given_in = tuple(member.conversation_id for member, _ in held)
            found.append(CannedReply(words, given_in, tuple(m.conversation_id for m in repeaters)))
    return sorted(found, key=lambda reply: -len(reply.given_in))


def _repeaters(held: Sequence[tuple[Member, int]]) -> list[Member]:
    return [member for member, count in held if count > 1]


def _without_numbers(text: str) -> str:
    said = wording(text)
    return " ".join("#" if word in said.numbers else word for word in said.words)
