"""Own scorers of whole conversations."""

import inspect
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import SupportsFloat

from duologue.comparison.outcomes import BUILT_IN, Better, Outcome
from duologue.conversation.messages import Conversation, EndReason
from duologue.errors import UsageError
from duologue.foreign_code import Raised, call_foreign, call_foreign_here
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


async def score(
    scorers: Mapping[str, ConversationScorer], conversation: Conversation
) -> tuple[dict[str, float], list[str]]:
    """Runs own scorers on a conversation, one after the other.

    Returns:
        The scores by name, and the names of the scorers that failed.
    """
    scores: dict[str, float] = {}
    failed = []
    for name, scorer in scorers.items():
        is_async = inspect.iscoroutinefunction(scorer)
        value = await call_foreign(partial(scorer, conversation), is_async)
        if value is None:
            continue
        number = (
            value if isinstance(value, Raised) else call_foreign_here(partial(_as_number, value))
        )
        if isinstance(number, float) and math.isfinite(number):
            scores[name] = number
        else:
            failed.append(name)
    return scores, failed


def _as_number(value: object) -> float | None:
    # Its class may be the user's as well, and raise anything.
    return float(value) if isinstance(value, SupportsFloat) else None


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
