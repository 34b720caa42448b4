"""What makes a comparison less fair than it looks, a sentence each."""

from collections import Counter
from collections.abc import Sequence

from duologue.realism.users import UserSide
from duologue.validation.usual_words import usual_language

LANGUAGES_READ = 100
"""Conversations of each side whose language is looked at."""
MOST_UNKNOWN = 0.5
SHORT_SIDE = 3
"""With fewer messages there are two at most after the opening, and little to see of a user."""


def notes_on(simulated: Sequence[UserSide], real: Sequence[UserSide]) -> tuple[str, ...]:
    """Returns the notes on a comparison."""
    notes = []
    languages = [_language(side) for side in (simulated, real)]
    if None not in languages and languages[0] != languages[1]:
        notes.append(
            f"The simulated users mostly write {languages[0]}, the real ones {languages[1]}: the "
            "AUC measures the language too"
        )
    for name, side in (("simulated", simulated), ("real", real)):
        alone = sum(len(user.spoken) < 2 for user in side)
        if alone > MOST_UNKNOWN * len(side):
            notes.append(
                f"{alone} of {len(side)} {name} conversations have one user message: nothing is "
                "known of their users but that they stopped"
            )
    most = max(len(user.spoken) for user in (*simulated, *real))
    if most < SHORT_SIDE:
        notes.append(
            f"Only {most} user messages of each conversation are compared; with more turns "
            "differences show that are hidden now"
        )
    return tuple(notes)


def _language(side: Sequence[UserSide]) -> str | None:
    """Returns the language of most users, as an ISO 639 code; None if it is not clear."""
    texts = (" ".join(one.text for one in user.spoken[1:3]) for user in side[:LANGUAGES_READ])
    counts = Counter(map(usual_language, texts))
    counts.pop(None, None)
    language, times = counts.most_common(1)[0] if counts else ("", 0)
    return language if times > counts.total() / 2 else None
