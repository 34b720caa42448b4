"""Scorers, built-in and own: how similar a reply is to the reference reply. Higher is better."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

from rapidfuzz.distance import Indel

from duologue.conversation.messages import Message
from duologue.conversation.wording import wording
from duologue.errors import UsageError
from duologue.evaluation.embeddings import EmbeddingScorer, load_embedding_scorer
from duologue.foreign_code import Raised, call_each, finite_number
from duologue.own_code import import_own_function
from duologue.settings.evaluation import ScoringSettings

SAME = "same"
SIMILARITY = "similarity"
EMBEDDING_SIMILARITY = "embedding_similarity"

_EXPECTED = "`def scorer(reply, reference, chat_history)` that returns a number, a bool or None"

Score = SupportsFloat | None
OwnScorer = Callable[[str, str | None, Sequence[Message]], Score | Awaitable[Score]]
"""An own scorer takes the reply, the reference reply (None if there is none), and the messages
before them, the last of which is the user's. It returns None if it has no score."""


@dataclass(frozen=True, slots=True)
class Scorers:
    """The scorers that the settings name, loaded."""

    embedding: EmbeddingScorer | None
    own: Mapping[str, OwnScorer]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all scores, built-in ones first."""
        embedding = (EMBEDDING_SIMILARITY,) if self.embedding else ()
        return (SAME, SIMILARITY, *embedding, *self.own)


Arguments = tuple[str, str | None, Sequence[Message]]
"""The arguments of an own scorer."""


@dataclass(frozen=True, slots=True)
class NoScore:
    """An own scorer failed, or returned something other than a score."""

    why: str
    """The error's class, without its text, which may quote the conversation."""


def load_scorers(settings: ScoringSettings) -> Scorers:
    """Loads the scorers that the settings name.

    Call it once, before anything is billed: it imports the own scorers and loads the embedding
    model.

    Raises:
        UsageError: an own scorer cannot be imported or called, or its name is taken; or the
            embedding model or its package is missing.
    """
    own = [_own_scorer(reference) for reference in settings.own_scorers]
    names = [reference.rpartition(":")[2] for reference in settings.own_scorers]
    _check_names([SAME, SIMILARITY, EMBEDDING_SIMILARITY, *names])
    model = settings.embedding_model
    embedding = load_embedding_scorer(model) if model else None
    return Scorers(embedding, dict(zip(names, own, strict=True)))


def same(reply: str, reference: str) -> float:
    """Returns 1.0 if two replies are the same apart from case, punctuation and white space, else
    0.0. If neither has any words, as with emoji, all characters count.
    """
    one, other = _compared(reply, reference)
    return float(one == other)


def similarity(reply: str, reference: str) -> float:
    """Returns the share of words that two replies have in common, in the same order, 0 to 1.

    This is ROUGE-L's F1 (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"): twice
    the length of the longest common subsequence of words, divided by the number of words in both.
    It is 1.0 only for replies that `same` gives 1.0.
    """
    one, other = _compared(reply, reference)
    return Indel.normalized_similarity(one, other)


async def own_scores(
    scorer: OwnScorer,
    replies: Iterable[Arguments],
    max_concurrency: int,
    timeout_seconds: float,
) -> list[float | NoScore | None]:
    """Runs an own scorer on replies; see `call_each`.

    Returns:
        The scores in order, with a NoScore for each failure.
    """
    values = await call_each(scorer, replies, max_concurrency, timeout_seconds)
    return [_own_score(value) for value in values]


def _own_score(value: Any) -> float | NoScore | None:
    if isinstance(value, Raised):
        return NoScore(type(value.error).__name__)
    if value is None:
        return None
    score = finite_number(value)
    return NoScore(f"gave {type(value).__name__}") if score is None else score


def _compared(one: str, other: str) -> tuple[Sequence[str], Sequence[str]]:
    """Returns what to compare: the words, or the characters if neither text has any words."""
    a, b = wording(one), wording(other)
    return (a.words, b.words) if a.words or b.words else (a.letters, b.letters)


def _own_scorer(reference: str) -> OwnScorer:
    return import_own_function(
        reference,
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
