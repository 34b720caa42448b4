"""Comparing replies with the reference replies: their scores, broken rules and verdicts."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from duologue.conversation.messages import Message
from duologue.evaluation.replies import FailedReply, Prefix, ScoredReply, Side, Verdict
from duologue.evaluation.rules import broken_rules
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

Replies = Sequence[tuple[Prefix, Side, Message | FailedReply]]
Scores = list[dict[str, float | None]]


@dataclass(frozen=True, slots=True)
class Scored:
    """Replies with their scores and verdicts."""

    replies: tuple[ScoredReply, ...]
    """In the order in which they were given."""
    own_scorer_errors: dict[str, Counter[str]]
    """By own scorer, how many replies it failed at for each reason, such as an error's class. Those
    that never failed are left out."""

    @property
    def failed_own_scorers(self) -> dict[str, int]:
        """By own scorer, how many replies it failed at."""
        return {name: reasons.total() for name, reasons in self.own_scorer_errors.items()}


async def score_replies(
    replies: Replies, settings: ScoringSettings, scorers: Scorers, at_a_time: int
) -> Scored:
    """Scores replies, checks them against the rules, and gives each its verdict.

    Args:
        replies: of one side or several, in any order.
        settings: what makes a reply slow, or regressed.
        scorers: from `load_scorers`, for the same settings.
        at_a_time: how many replies an async own scorer scores at a time.
    """
    scores = await asyncio.to_thread(_built_in_scores, replies, scorers)
    failed = await _add_own_scores(scores, replies, scorers, at_a_time)
    return Scored(await asyncio.to_thread(_judged, replies, scores, settings), failed)


def _built_in_scores(replies: Replies, scorers: Scorers) -> Scores:
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
            # A model may tell upper from lower case, which says nothing new.
            row[EMBEDDING_SIMILARITY] = 1.0 if row[SAME] else score
    return scores


async def _add_own_scores(
    scores: Scores, replies: Replies, scorers: Scorers, at_a_time: int
) -> dict[str, Counter[str]]:
    """Adds the scores of the own scorers, and counts why each of them failed."""
    given: list[tuple[dict[str, float | None], Arguments]] = []
    for row, (prefix, _, reply) in zip(scores, replies, strict=True):
        if isinstance(reply, Message):
            reference = prefix.reference.text if prefix.reference else None
            given.append((row, (reply.text, reference, prefix.chat_history)))
    failed = {}
    with surroundings_restored():
        for name, scorer in scorers.own.items():
            found = await own_scores(scorer, [arguments for _, arguments in given], at_a_time)
            failed[name] = Counter(score.why for score in found if isinstance(score, NoScore))
            for (row, _), score in zip(given, found, strict=True):
                row[name] = None if isinstance(score, NoScore) else score
    return {name: count for name, count in failed.items() if count}


def _judged(replies: Replies, scores: Scores, settings: ScoringSettings) -> tuple[ScoredReply, ...]:
    judged = []
    for (prefix, side, reply), row in zip(replies, scores, strict=True):
        broken = _broken_rules(reply, settings)
        excused = _broken_rules(prefix.reference, settings)
        verdict = _verdict(prefix, reply, row, set(broken) - set(excused), settings)
        judged.append(ScoredReply(prefix, side, reply, row, broken, verdict))
    return tuple(judged)


def _broken_rules(
    reply: Message | FailedReply | None, settings: ScoringSettings
) -> tuple[str, ...]:
    return broken_rules(reply, settings.max_latency_ms) if isinstance(reply, Message) else ()


def _verdict(
    prefix: Prefix,
    reply: Message | FailedReply,
    scores: dict[str, float | None],
    newly_broken: set[str],
    settings: ScoringSettings,
) -> Verdict:
    if isinstance(reply, FailedReply):
        return Verdict.FAILED
    if newly_broken:
        return Verdict.REGRESSED
    if prefix.reference is None:
        return Verdict.WITHOUT_REFERENCE
    if scores[SAME]:
        return Verdict.SAME
    less_like = (scores[SIMILARITY] or 0.0) < settings.min_similarity
    return Verdict.REGRESSED if less_like else Verdict.CHANGED
