"""Small evaluations, made by hand."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from duologue.conversation.messages import Message, Role
from duologue.dataset.manifest import FileRecord
from duologue.evaluation.manifest import (
    Estimate,
    EvaluationManifest,
    SideSummary,
    SuiteRunRecord,
    VersionRecord,
)
from duologue.evaluation.replies import FailedReply, Prefix, ScoredReply, Side, Verdict
from duologue.seeds import Seed
from duologue.settings.evaluation import EvaluationSettings
from duologue.settings.participants import ParticipantSettings
from tests.dataset.making import STARTED_AT, VERSION, messages


def prefix(*texts: str, reference: str | None = "It is.", seed_id: str = "s1") -> Prefix:
    """The chat history of these texts, the last of them the user's, and the reply to it."""
    turn_index = (len(texts) + 1) // 2
    return Prefix(
        next_turn_id=f"{seed_id}-1-t{turn_index}",
        conversation_id=f"{seed_id}-1",
        sample=1,
        seed=Seed(seed_id=seed_id, message=texts[0]),
        turn_index=turn_index,
        chat_history=messages(*texts),
        reference=None if reference is None else _reply(reference, 850),
        is_last=reference is None,
    )


def scored(
    to: Prefix,
    reply: str | FailedReply,
    verdict: Verdict,
    similarity: float | None = None,
    side: Side = Side.CANDIDATE,
    broken_rules: Sequence[str] = (),
) -> ScoredReply:
    """A reply to a prefix, with the scores that the test wants it to have."""
    return ScoredReply(
        prefix=to,
        side=side,
        reply=reply if isinstance(reply, FailedReply) else _reply(reply, 1234),
        scores={"similarity": similarity, "length_ratio": None},
        broken_rules=tuple(broken_rules),
        verdict=verdict,
    )


def same(count: int) -> list[ScoredReply]:
    """This many conversations in which the candidate says what the chatbot said."""
    return [
        scored(
            prefix(f"Is it open, {n}?", reference=f"It is, {n}.", seed_id=f"same{n}"),
            f"It is, {n}.",
            Verdict.SAME,
            1.0,
        )
        for n in range(count)
    ]


def evaluation_manifest(
    replies: Sequence[ScoredReply],
    failed_gates: Sequence[str] = (),
    test_suite: SuiteRunRecord | None = None,
    differences: Mapping[str, Estimate] | None = None,
    failed_own_scorers: Mapping[str, int] | None = None,
    candidate: str = "support-bot@staging",
) -> EvaluationManifest:
    """The manifest of an evaluation with these replies; its intervals are made up."""
    sides = [side for side in Side if any(reply.side is side for reply in replies)]
    has_baseline = Side.BASELINE in sides
    return EvaluationManifest(
        evaluation="20261125T060000000Z-5e6f7a8b",
        version=VersionRecord(
            dataset="shop",
            version=VERSION,
            revision=2,
            path=f"datasets/shop/{VERSION}",
            conversations_sha256="0" * 64,
        ),
        settings=EvaluationSettings(
            candidate=ParticipantSettings(reference=candidate),
            baseline=ParticipantSettings(reference="support-bot@production")
            if has_baseline
            else None,
        ),
        evaluation_version="1",
        duologue_version="0.1.0",
        started_at=STARTED_AT,
        created_at=STARTED_AT + timedelta(seconds=125),
        seconds=125.4,
        prefixes=len({reply.prefix.next_turn_id for reply in replies}),
        sides={
            side: _summary([reply for reply in replies if reply.side is side]) for side in sides
        },
        differences=dict(differences or {}),
        failed_own_scorers=dict(failed_own_scorers or {}),
        test_suite=test_suite,
        failed_gates=tuple(failed_gates),
        files=(FileRecord(name="evaluation.parquet", bytes=1234, sha256="0" * 64, rows=1),),
    )


def _summary(replies: Sequence[ScoredReply]) -> SideSummary:
    values = [value for reply in replies if (value := reply.scores["similarity"]) is not None]
    scores = {}
    if values:
        mean = sum(values) / len(values)
        scores["similarity"] = Estimate(
            mean=mean, low=mean - 0.0125, high=mean + 0.0125, count=len(values)
        )
    return SideSummary(
        verdicts=dict(Counter(reply.verdict for reply in replies)),
        broken_rules=dict(Counter(rule for reply in replies for rule in reply.broken_rules)),
        scores=scores,
        latency_ms={"p50": 1234.0, "p95": 4321.5},
    )


def _reply(text: str, latency_ms: int) -> Message:
    return Message(role=Role.ASSISTANT, text=text, latency_ms=latency_ms, attempts=1)
