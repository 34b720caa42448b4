"""Own scorers of whole conversations."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, SupportsFloat

from duologue.comparison.outcomes import BUILT_IN, Better, Outcome
from duologue.conversation.messages import Conversation, EndReason
from duologue.errors import UsageError
from duologue.foreign_code import (
    Raised,
    call_foreign,
    finite_number,
    is_async,
    surroundings_restored,
)
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
) -> OwnScores:
    """Runs own scorers on conversations.

    An async scorer runs up to `max_concurrency` times concurrently. Others run in a thread, one
    conversation after the other, so that they need not be thread-safe and block nothing else.
    """
    scores: list[dict[str, float]] = [{} for _ in conversations]
    failed: Counter[str] = Counter()
    with surroundings_restored():
        for name, scorer in scorers.items():
            for place, value in enumerate(await _values(scorer, conversations, max_concurrency)):
                if value is None:
                    continue
                number = None if isinstance(value, Raised) else finite_number(value)
                if number is None:
                    failed[name] += 1
                else:
                    scores[place][name] = number
    return OwnScores(scores, dict(failed))


async def _values(
    scorer: ConversationScorer, conversations: Iterable[Conversation], max_concurrency: int
) -> list[Any]:
    limit = asyncio.Semaphore(max_concurrency if is_async(scorer) else 1)

    async def one(conversation: Conversation) -> Any:
        async with limit:
            return await call_foreign(partial(scorer, conversation), is_async(scorer))

    async with asyncio.TaskGroup() as tasks:
        scoring = [tasks.create_task(one(conversation)) for conversation in conversations]
    return [task.result() for task in scoring]


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
