"""What the measures need to know of one conversation, read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from sys import intern

from duologue.conversation.messages import EndReason, Role
from duologue.conversation.wording import wording
from duologue.validation.dataset_rules.member import Member

OPENER_WORDS = 3
"""So many words show how somebody begins: "Hello! I am", "Can you tell"."""

QUESTION_MARKS = frozenset("?\uff1f\u061f\u037e")
"""Latin, full-width, Arabic and Greek."""

# As the wording spells words, without apostrophes: "sil" is "s'il (vous plaît)".
_POLITE = """
    please thanks thank thankyou thx appreciate appreciated grateful kindly sorry
    bitte danke dankeschön gracias favor merci sil svp grazie favore prego obrigado obrigada
    bedankt alstublieft пожалуйста спасибо 请 請 谢 謝
"""
POLITE_WORDS = frozenset(_POLITE.split())
"""A message with one of these counts as polite."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is counted of a conversation. The user's first message is its seed's, and is kept apart
    from the later ones, which the simulated user says.
    """

    seed: tuple[str, ...]
    """The words of the user's first message."""
    user: tuple[tuple[str, ...], ...]
    """The words of each later user message."""
    questions: int
    """Later user messages with a question mark."""
    assistant_words: tuple[int, ...]
    """Words of each assistant message."""
    latencies_ms: tuple[int, ...]
    """Of the assistant messages of which it is known."""
    end_reason: EndReason | None

    @property
    def user_words(self) -> float | None:
        """The mean words of a later user message; None where there is none."""
        return fmean(map(len, self.user)) if self.user else None

    @property
    def mean_assistant_words(self) -> float | None:
        """The mean words of an assistant message; None where there is none."""
        return fmean(self.assistant_words) if self.assistant_words else None

    @property
    def median_latency_ms(self) -> float | None:
        """Of its assistant messages; None where it is not known."""
        return median(self.latencies_ms) if self.latencies_ms else None


def facts_of(member: Member) -> Facts:
    """Reads a conversation."""
    said = list(member.texts(Role.USER))
    replies = [message for message in member.messages if message.role is Role.ASSISTANT]
    return Facts(
        seed=_words(said[0]) if said else (),
        user=tuple(map(_words, said[1:])),
        questions=sum(not QUESTION_MARKS.isdisjoint(text) for text in said[1:]),
        assistant_words=tuple(len(wording(message.text).words) for message in replies),
        latencies_ms=tuple(m.latency_ms for m in replies if m.latency_ms is not None),
        end_reason=member.end_reason,
    )


def opener(words: Sequence[str]) -> tuple[str, ...]:
    """Gives the words that a message begins with."""
    return tuple(words[:OPENER_WORDS])


def is_polite(words: Sequence[str]) -> bool:
    """Tells whether a message says please, thanks, or the like."""
    return not POLITE_WORDS.isdisjoint(words)


def _words(text: str) -> tuple[str, ...]:
    # The same words come again and again: each is held once.
    return tuple(map(intern, wording(text).words))
