"""Compares replies with the reference replies: scores, broken rules and verdicts."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from duologue.conversation.messages import Message
from duologue.evaluation.causes import regression_causes
from duologue.evaluation.manifest import NoiseRecord
from duologue.evaluation.measured_noise import AskedAgain, ComparedWithNoise, compare_with_noise
from duologue.evaluation.replies import FailedReply, Prefix, ScoredReply, Side, Verdict
from duologue.evaluation.rules import broken_rules, newly_broken_rules
from duologue.evaluation.scorers import (
    EMBEDDING_SIMILARITY,
    SAME,
    SIMILARITY,
    Arguments,
    NoScore,
    Scorers,
    own_scores,
    same,
    similarity,
)
from duologue.foreign_code import surroundings_restored
from duologue.settings.evaluation import ScoringSettings

UnscoredReplies = Sequence[tuple[Prefix, Side, Message | FailedReply]]
Scores = list[dict[str, float | None]]


@dataclass(frozen=True, slots=True)
class Scored:
    """Replies with their scores and verdicts."""

    replies: tuple[ScoredReply, ...]
    """In the given order."""
    noise: NoiseRecord
    """How the replies compare with the noise of the version's own chatbot."""
    own_scorer_errors: dict[str, Counter[str]]
    """Number of replies that each own scorer failed on, by scorer and reason, such as an error's
    class; without those that never failed."""

    @property
    def failed_own_scorers(self) -> dict[str, int]:
        """Number of replies that each own scorer failed on, by scorer."""
        return {name: reasons.total() for name, reasons in self.own_scorer_errors.items()}


async def score_replies(
    replies: UnscoredReplies,
    settings: ScoringSettings,
    scorers: Scorers,
    max_concurrency: int,
    again: AskedAgain,
    noise_level: float,
    timeout_seconds: float,
) -> Scored:
    """Scores replies, checks them against the rules, and decides on their verdicts.

    Args:
        replies: of one side or both, in any order.
        settings: when a reply is slow.
        scorers: from `load_scorers`, for the same settings.
        max_concurrency: replies that an async own scorer scores concurrently.
        again: the replies of the version's own chatbot asked again.
        noise_level: the largest p-value with which a side counts as worse than the noise.
        timeout_seconds: how long an own scorer may take for one reply.
    """
    scores = await asyncio.to_thread(_built_in_scores, replies, scorers)
    failed = await _add_own_scores(scores, replies, scorers, max_concurrency, timeout_seconds)
    compared = await asyncio.to_thread(
        compare_with_noise,
        replies,
        again,
        noise_level,
        EMBEDDING_SIMILARITY if scorers.embedding else SIMILARITY,
        partial(_similarities, scorers),
        settings.max_latency_ms,
    )
    judged = await asyncio.to_thread(_judged, replies, scores, settings, compared)
    return Scored(judged, compared.record, failed)


def _similarities(scorers: Scorers, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Measures how similar pairs of replies are, in meaning if there is a model for it."""
    if scorers.embedding is None:
        return [similarity(*pair) for pair in pairs]
    found = scorers.embedding(pairs)
    return [1.0 if same(*pair) else score or 0.0 for pair, score in zip(pairs, found, strict=True)]


def _built_in_scores(replies: UnscoredReplies, scorers: Scorers) -> Scores:
    scores: Scores = [dict.fromkeys(scorers.names) for _ in replies]
    to_embed = []
    for row, (prefix, _, reply) in zip(scores, replies, strict=True):
        if isinstance(reply, Message) and prefix.reference is not None:
            pair = (reply.text, prefix.reference.text)
            row[SAME], row[SIMILARITY] = same(*pair), similarity(*pair)
            to_embed.append((row, pair))
    if scorers.embedding:
        found = scorers.embedding([pair for _, pair in to_embed])
        for (row, _), score in zip(to_embed, found, strict=True):
            # The model may distinguish case, which `same` ignores.
            row[EMBEDDING_SIMILARITY] = 1.0 if row[SAME] else score
    return scores


async def _add_own_scores(
    scores: Scores,
    replies: UnscoredReplies,
    scorers: Scorers,
    max_concurrency: int,
    timeout_seconds: float,
) -> dict[str, Counter[str]]:
    """Adds the own scorers' scores, and counts why each scorer failed."""
    given: list[tuple[dict[str, float | None], Arguments]] = []
    for row, (prefix, _, reply) in zip(scores, replies, strict=True):
        if isinstance(reply, Message):
            reference = prefix.reference.text if prefix.reference else None
            given.append((row, (reply.text, reference, prefix.chat_history)))
    failed = {}
    with surroundings_restored():
        for name, scorer in scorers.own.items():
            arguments = [arguments for _, arguments in given]
            found = await own_scores(scorer, arguments, max_concurrency, timeout_seconds)
            failed[name] = Counter(score.why for score in found if isinstance(score, NoScore))
            for (row, _), score in zip(given, found, strict=True):
                row[name] = None if isinstance(score, NoScore) else score
    return {name: count for name, count in failed.items() if count}


def _judged(
    replies: UnscoredReplies,
    scores: Scores,
    settings: ScoringSettings,
    compared: ComparedWithNoise,
) -> tuple[ScoredReply, ...]:
    judged = []
    for (prefix, side, reply), row in zip(replies, scores, strict=True):
        broken: tuple[str, ...] = ()
        causes: tuple[str, ...] = ()
        close = compared.of_reply.get((prefix.next_turn_id, side))
        if isinstance(reply, Message):
            broken = broken_rules(reply, settings.max_latency_ms)
            newly = newly_broken_rules(reply, prefix.reference, settings.max_latency_ms)
            causes = regression_causes(
                newly, below_noise=close is not None and close.is_below_noise
            )
        judged.append(
            ScoredReply(
                prefix,
                side,
                reply,
                row,
                broken,
                _verdict(prefix, reply, row, causes),
                causes,
                close.closeness if close else None,
                close.noise_closeness if close else None,
            )
        )
    return tuple(judged)


def _verdict(
    prefix: Prefix,
    reply: Message | FailedReply,
    scores: dict[str, float | None],
    causes: tuple[str, ...],
) -> Verdict:
    if isinstance(reply, FailedReply):
        return Verdict.FAILED
    if causes:
        return Verdict.REGRESSED
    if prefix.reference is None:
        return Verdict.WITHOUT_REFERENCE
    return Verdict.SAME if scores[SAME] else Verdict.CHANGED
