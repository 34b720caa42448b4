"""Own scorers of whole conversations."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import SupportsFloat

from duologue.comparison.outcomes import BUILT_IN, Better, Outcome
from duologue.conversation.messages import Conversation, EndReason
from duologue.errors import UsageError
from duologue.foreign_code import Raised, call_each, finite_number, surroundings_restored
from duologue.own_code import import_own_function

_EXPECTED = "`def scorer(conversation)` that returns a number, a bool or None"

Score = SupportsFloat | None
ConversationScorer = Callable[[Conversation], Score | Awaitable[Score]]
"""An own scorer takes a conversation. Higher is better; None means that it has no score."""


def load_scorers(
    references: Sequence[str], others: Iterable[Outcome] = BUILT_IN
) -> dict[str, ConversationScorer]:
    """Imports own scorers, by the names of their functions.

    Args:
        references: as python:module:function.
        others: outcomes whose names are taken.

    Raises:
        UsageError: one cannot be imported or called, or its name is taken.
    """
    loaded: dict[str, ConversationScorer] = {}
    taken = {outcome.name for outcome in others}
    for reference in references:
        name = reference.rpartition(":")[2]
        if name in taken or name in loaded:
            raise UsageError(f"scorer {name!r}: there are two of this name; rename your own")
        loaded[name] = import_own_function(
            reference,
            "scorer",
            "python:my_scorers:order_found",
            _EXPECTED,
            (_EXAMPLE,),
            "a conversation",
        )
    return loaded


def outcomes_of(names: Iterable[str], shares: Iterable[str] = ()) -> list[Outcome]:
    """Describes own scorers as outcomes.

    Args:
        names: of the scorers.
        shares: those whose scores are all 0 or 1.
    """
    shares = set(shares)
    return [Outcome(name, Better.MORE, name in shares, "your own scorer") for name in names]


@dataclass(frozen=True, slots=True)
class OwnScores:
    """The scores that own scorers gave to conversations."""

    scores: Sequence[dict[str, float]]
    """For each conversation, in order, its scores by scorer; missing ones are left out."""
    failed: dict[str, int]
    """Number of conversations that each scorer failed at."""


async def own_scores(
    scorers: Mapping[str, ConversationScorer],
    conversations: Sequence[Conversation],
    max_concurrency: int,
    timeout_seconds: float,
) -> OwnScores:
    """Runs own scorers on conversations; see `call_each`."""
    scores: list[dict[str, float]] = [{} for _ in conversations]
    failed: Counter[str] = Counter()
    with surroundings_restored():
        for name, scorer in scorers.items():
            given = [(conversation,) for conversation in conversations]
            values = await call_each(scorer, given, max_concurrency, timeout_seconds)
            for place, value in enumerate(values):
                if value is None:
                    continue
                number = None if isinstance(value, Raised) else finite_number(value)
                if number is None:
                    failed[name] += 1
                else:
                    scores[place][name] = number
    return OwnScores(scores, dict(failed))


_EXAMPLE = Conversation(
    conversation_id="",
    seed_id="",
    sample=1,
    messages=(),
    end_reason=EndReason.MAX_TURNS,
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    ended_at=datetime(2026, 1, 1, tzinfo=UTC),
    attempts=1,
)
