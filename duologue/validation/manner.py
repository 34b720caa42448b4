"""Signals of how a simulated user speaks. They are no faults: one such user is a person, a
dataset full of them is a simulator.
"""

from collections.abc import Iterator, Sequence

from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import wording
from duologue.settings.rules import MANY_WORDS, POLITE_SHARE
from duologue.validation.rule import Expectations, Finding

ENOUGH_MESSAGES = 2
"""With fewer messages than this, a share of them says nothing."""

# As `wording` has them: without apostrophes, and in some scripts a character a word.
_POLITE = frozenset(
    {
        *("please", "thanks", "thank", "thx", "appreciate", "grateful", "kindly", "bitte", "danke"),
        *("dank", "favor", "gracias", "merci", "plaît", "favore", "grazie", "obrigado", "obrigada"),
        *("alstublieft", "bedankt", "пожалуйста", "спасибо", "请", "谢", "감사합니다"),
    }
)
_POLITE_JAPANESE = ("ください", "ありがとう")


def polite_user(
    messages: Sequence[Message], _expected: Expectations, *, polite_share: float = POLITE_SHARE
) -> Iterator[Finding]:
    """Catches a user who says please or thanks in most messages.

    Simulators are more polite than people ("Flipping the Dialogue", arXiv 2510.06552; "Sim2Real
    gap", arXiv 2603.11245). Known false positives: polite people.
    """
    spoken = [message.text for message in messages if message.role is Role.USER]
    polite = sum(map(_is_polite, spoken))
    if len(spoken) >= ENOUGH_MESSAGES and polite > polite_share * len(spoken):
        yield Finding(None, f"{polite} of the user's {len(spoken)} messages are polite")


def _is_polite(text: str) -> bool:
    return not _POLITE.isdisjoint(wording(text).distinct) or (
        not text.isascii() and any(phrase in text for phrase in _POLITE_JAPANESE)
    )


def verbose_user(
    messages: Sequence[Message], _expected: Expectations, *, many_words: int = MANY_WORDS
) -> Iterator[Finding]:
    """Catches a user whose messages are long throughout.

    Simulators say everything at length ("Sim2Real gap", arXiv 2603.11245). Known false positives:
    thorough people, and users who paste text.
    """
    lengths = [
        len(wording(message.text).words) for message in messages if message.role is Role.USER
    ]
    if len(lengths) >= ENOUGH_MESSAGES and sum(lengths) > many_words * len(lengths):
        mean = sum(lengths) / len(lengths)
        yield Finding(None, f"the user's messages have {mean:.0f} words on average")
