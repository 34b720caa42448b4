"""Signs that the user is simulated. They are not errors: one such user may be a person, a dataset
full of them is a simulator.
"""

from collections.abc import Iterator, Sequence

from duologue.conversation.courtesy import is_polite
from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import wording
from duologue.settings.rules import MANY_WORDS, POLITE_SHARE
from duologue.validation.rule import Expectations, Finding

ENOUGH_MESSAGES = 2
"""With fewer messages, a share of them means nothing."""


def polite_user(
    messages: Sequence[Message], _expected: Expectations, *, polite_share: float = POLITE_SHARE
) -> Iterator[Finding]:
    """Catches a user who says please or thanks in most messages.

    Simulators are more polite than people ("Flipping the Dialogue", arXiv 2510.06552; "Sim2Real
    gap", arXiv 2603.11245). Known false positives: polite people.
    """
    spoken = [message.text for message in messages if message.role is Role.USER]
    polite = sum(map(is_polite, spoken))
    if len(spoken) >= ENOUGH_MESSAGES and polite > polite_share * len(spoken):
        yield Finding(None, f"{polite} of the user's {len(spoken)} messages are polite")


def verbose_user(
    messages: Sequence[Message], _expected: Expectations, *, many_words: int = MANY_WORDS
) -> Iterator[Finding]:
    """Catches a user whose messages are long on average.

    Simulators are wordy ("Sim2Real gap", arXiv 2603.11245). Known false positives:
    thorough people, and users who paste text.
    """
    lengths = [
        len(wording(message.text).words) for message in messages if message.role is Role.USER
    ]
    if len(lengths) >= ENOUGH_MESSAGES and sum(lengths) > many_words * len(lengths):
        mean = sum(lengths) / len(lengths)
        yield Finding(None, f"the user's messages have {mean:.0f} words on average")
