"""How like the reference reply a reply is: the scorers, built in and own. Higher is better."""

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import SupportsFloat

from rapidfuzz.distance import Indel

from duologue.conversation.messages import Message
from duologue.conversation.wording import wording
from duologue.errors import UsageError
from duologue.evaluation.embeddings import EmbeddingScorer, load_embedding_scorer
from duologue.foreign_code import Raised, call_foreign, call_foreign_here
from duologue.own_code import import_own_function
from duologue.settings.evaluation import ScoringSettings

SAME = "same"
SIMILARITY = "similarity"
EMBEDDING_SIMILARITY = "embedding_similarity"

_EXPECTED = "`def scorer(reply, reference, chat_history)` that gives a number, a bool or None"

Score = SupportsFloat | None
OwnScorer = Callable[[str, str | None, Sequence[Message]], Score | Awaitable[Score]]
"""What a person writes: the reply, the reference reply (None where there is none), and the messages
before them, of which the last one is the user's. None where it cannot be told."""


@dataclass(frozen=True, slots=True)
class Scorers:
    """The scorers that the settings ask for, ready to be used."""

    embedding: EmbeddingScorer | None
    own: Mapping[str, OwnScorer]

    @property
    def names(self) -> tuple[str, ...]:
        """What there will be a score of, built in ones first."""
        embedding = (EMBEDDING_SIMILARITY,) if self.embedding else ()
        return (SAME, SIMILARITY, *embedding, *self.own)


Arguments = tuple[str, str | None, Sequence[Message]]
"""What an own scorer is called with."""


@dataclass(frozen=True, slots=True)
class NoScore:
    """An own scorer failed, or gave something that is not a score."""

    why: str
    """The error's class, without its text, which may quote the conversation."""


def load_scorers(settings: ScoringSettings) -> Scorers:
    """Makes ready the scorers that the settings ask for.

    It imports the own scorers and loads the embedding model, so it is done once, and before
    anything is paid for.

    Raises:
        UsageError: an own scorer cannot be imported or called, or its name is taken; or the
            embedding model, or the package that it needs, is missing.
    """
    own = [_own_scorer(spelling) for spelling in settings.own_scorers]
    names = [spelling.rpartition(":")[2] for spelling in settings.own_scorers]
    _check_names([SAME, SIMILARITY, EMBEDDING_SIMILARITY, *names])
    model = settings.embedding_model
    embedding = load_embedding_scorer(model) if model else None
    return Scorers(embedding, dict(zip(names, own, strict=True)))


def same(reply: str, reference: str) -> float:
    """Tells whether two replies say the same, upper and lower case, punctuation and white space
    aside: 1.0 or 0.0. Where both are without words, as emoji are, all their characters count.
    """
    one, other = _compared(reply, reference)
    return float(one == other)


def similarity(reply: str, reference: str) -> float:
    """Tells how many of their words two replies share in the same order, 0 to 1.

    It is ROUGE-L's F1 (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"): twice
    the length of their longest common subsequence of words, by the number of their words. 1.0
    exactly where they say the same.
    """
    one, other = _compared(reply, reference)
    return Indel.normalized_similarity(one, other)


async def own_scores(
    scorer: OwnScorer, replies: Iterable[Arguments], at_a_time: int
) -> list[float | NoScore | None]:
    """Has an own scorer score replies, in order; a NoScore stands where it failed.

    Async ones score so many replies at a time. Others score one after the other, in a thread, so
    that they need not be safe against themselves and nothing else has to wait.
    """
    limit = asyncio.Semaphore(at_a_time if _is_async(scorer) else 1)

    async def one(reply: Arguments) -> float | NoScore | None:
        async with limit:
            return await _own_score(scorer, *reply)

    async with asyncio.TaskGroup() as tasks:
        scoring = [tasks.create_task(one(reply)) for reply in replies]
    return [task.result() for task in scoring]


async def _own_score(
    scorer: OwnScorer, reply: str, reference: str | None, chat_history: Sequence[Message]
) -> float | NoScore | None:
    call = partial(scorer, reply, reference, chat_history)
    value = await call_foreign(call, _is_async(scorer))
    if isinstance(value, Raised):
        return NoScore(type(value.error).__name__)
    if value is None:
        return None
    # Its class may be the user's as well, and raise anything too.
    score = call_foreign_here(lambda: float(value) if isinstance(value, SupportsFloat) else None)
    if isinstance(score, float) and math.isfinite(score):
        return score
    return NoScore(f"gave {type(value).__name__}")


def _is_async(scorer: OwnScorer) -> bool:
    return inspect.iscoroutinefunction(scorer) or inspect.iscoroutinefunction(type(scorer).__call__)


def _compared(one: str, other: str) -> tuple[Sequence[str], Sequence[str]]:
    """What of two texts is compared: their words, or the characters where neither has any."""
    a, b = wording(one), wording(other)
    return (a.words, b.words) if a.words or b.words else (a.letters, b.letters)


def _own_scorer(spelling: str) -> OwnScorer:
    return import_own_function(
        spelling,
        "scorer",
        "python:my_scorers:politeness",
        _EXPECTED,
        ("", None, ()),
        "the reply, the reference reply and the messages before them",
    )


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"scorer {name!r}: there are two of this name; rename your own")
