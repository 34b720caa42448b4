"""The facts about one conversation that the measures need."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from sys import intern

from duologue.conversation.courtesy import is_polite
from duologue.conversation.messages import EndReason, Role
from duologue.conversation.wording import wording
from duologue.validation.dataset_rules.conversation import DatasetConversation

OPENER_WORDS = 3
"""Words that show how a message opens: "Hello! I am", "Can you tell"."""

QUESTION_MARKS = frozenset("?\uff1f\u061f\u037e")
"""Latin, full-width, Arabic and Greek."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts from one conversation. The user's first message comes from the seed and is kept apart
    from the later ones, which the simulated user says.
    """

    seed: tuple[str, ...]
    """The words of the user's first message."""
    user: tuple[tuple[str, ...], ...]
    """The words of each later user message."""
    questions: int
    """Later user messages with a question mark."""
    polite: int
    """Later user messages that say please, thanks or the like."""
    assistant_words: tuple[int, ...]
    """Number of words of each assistant message."""
    latencies_ms: tuple[int, ...]
    """Latencies of the assistant messages that have one."""
    end_reason: EndReason | None

    @property
    def user_words(self) -> float | None:
        """Mean number of words of the later user messages; None if there are none."""
        return fmean(map(len, self.user)) if self.user else None

    @property
    def mean_assistant_words(self) -> float | None:
        """Mean number of words of the assistant messages; None if there are none."""
        return fmean(self.assistant_words) if self.assistant_words else None

    @property
    def median_latency_ms(self) -> float | None:
        """Median latency of the assistant messages; None if unknown."""
        return median(self.latencies_ms) if self.latencies_ms else None


def facts_of(conversation: DatasetConversation) -> Facts:
    """Returns the facts about a conversation."""
    said = list(conversation.texts(Role.USER))
    replies = [message for message in conversation.messages if message.role is Role.ASSISTANT]
    return Facts(
        seed=_words(said[0]) if said else (),
        user=tuple(map(_words, said[1:])),
        questions=sum(any(map(text.__contains__, QUESTION_MARKS)) for text in said[1:]),
        polite=sum(map(is_polite, said[1:])),
        assistant_words=tuple(len(wording(message.text).words) for message in replies),
        latencies_ms=tuple(m.latency_ms for m in replies if m.latency_ms is not None),
        end_reason=conversation.end_reason,
    )


def opener(words: Sequence[str]) -> tuple[str, ...]:
    """Returns the words that a message opens with."""
    return tuple(words[:OPENER_WORDS])


def _words(text: str) -> tuple[str, ...]:
    # Words repeat, so each is stored once.
    return tuple(map(intern, wording(text).words))
