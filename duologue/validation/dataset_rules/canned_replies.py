"""Finds replies that are given to everything."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from duologue.conversation.farewells import is_farewell
from duologue.conversation.messages import Role
from duologue.conversation.wording import without_numbers
from duologue.validation.dataset_rules.conversation import DatasetConversation

MAX_SHARE_OF_ANY_REPLY = 0.5
"""A reply that comes in more conversations than this answers none of them, even if it comes only
once in each."""

MIN_SEEDS = 3
"""Fewer seeds may simply ask the same thing."""

MIN_WORDS = 3
"""Shorter replies repeat in good conversations too: "Yes", "Of course"."""

Uses = defaultdict[str, list[tuple[DatasetConversation, list[str]]]]
"""By a reply's wording: the conversations that contain it, and its texts in each."""
_Given = list[tuple[DatasetConversation, int]]
"""The conversations that contain a reply, and how often each does."""


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A reply that replaces answers."""

    words: int
    given_in: tuple[str, ...]
    """Ids of the conversations that contain it, in order."""
    repeated_in: tuple[str, ...]
    """Ids of the conversations that contain it at least twice."""


def add_replies(uses: Uses, conversation: DatasetConversation) -> None:
    """Adds the chatbot's replies in a conversation by wording.

    All numbers count as the same, because the reference in an error message is new each time.
    """
    worded: dict[str, list[str]] = {}
    for text in conversation.texts(Role.ASSISTANT):
        worded.setdefault(" ".join(without_numbers(text)), []).append(text)
    for reply, texts in worded.items():
        uses[reply].append((conversation, texts))


def repeated_share(uses: Uses, conversations: int) -> float:
    """Returns the share of conversations that contain the most repeated reply at least twice.

    Returns:
        From 0 to 1; 0 if there are no conversations.
    """
    most = max((len(_repeaters(held)) for _, held in _given_again(uses)), default=0)
    return most / max(conversations, 1)


def canned_replies(uses: Uses, conversations: int, max_share: float) -> list[CannedReply]:
    """Finds replies that replace answers: an outage that looks like success.

    A chatbot uses a standing phrase once per conversation: it asks for the order number, it offers
    more help. During an outage the same reply comes again and again. So a reply is canned if it
    comes at least twice in a larger share of conversations than `max_share`, or at all in more than
    half of them.

    Known false positives: a chatbot that always refuses in the same words, if many seeds insist;
    one that asks everybody the same first question. Known misses: an outage that a model rephrases
    each time.

    Returns:
        The replies, the most widespread first.
    """
    found = []
    for reply, held in _given_again(uses):
        repeaters, words = _repeaters(held), len(reply.split())
        is_everywhere = len(held) > MAX_SHARE_OF_ANY_REPLY * conversations
        is_repeated = len(repeaters) > max_share * conversations and words >= MIN_WORDS
        affected = [conversation for conversation, _ in held] if is_everywhere else repeaters
        seeds = {conversation.seed_key for conversation in affected}
        if (is_everywhere or is_repeated) and len(seeds) >= MIN_SEEDS:
            given_in = tuple(conversation.conversation_id for conversation, _ in held)
            found.append(CannedReply(words, given_in, tuple(m.conversation_id for m in repeaters)))
    return sorted(found, key=lambda reply: -len(reply.given_in))


def _given_again(uses: Uses) -> Iterator[tuple[str, _Given]]:
    """Yields the replies that are given more than once, except for goodbyes."""
    for reply, held in uses.items():
        if len(held) > 1 or len(held[0][1]) > 1:
            counts = ((one, sum(not is_farewell(t) for t in texts)) for one, texts in held)
            yield reply, [(one, count) for one, count in counts if count]


def _repeaters(held: _Given) -> list[DatasetConversation]:
    return [conversation for conversation, count in held if count > 1]
