"""Prefixes and replies for the tests."""

from duologue.conversation.messages import Message, Role
from duologue.evaluation.replies import FailedReply, Prefix, ScoredReply, Side, Verdict
from duologue.seeds import Seed

QUESTION = "When do you close?"
FAILED = FailedReply("TransientError", "no answer in 60 s")


def said(text: str, latency_ms: int | None = None) -> Message:
    return Message(role=Role.ASSISTANT, text=text, latency_ms=latency_ms)


def prefix(
    reference: Message | str | None = None, conversation: str = "c1", turn: int = 1
) -> Prefix:
    return Prefix(
        next_turn_id=f"{conversation}-t{turn}",
        conversation_id=conversation,
        sample=1,
        seed=Seed(seed_id=conversation, message=QUESTION),
        turn_index=turn,
        chat_history=(Message(role=Role.USER, text=QUESTION),),
        reference=said(reference) if isinstance(reference, str) else reference,
        is_last=reference is None,
    )


def scored(
    score: float | None = None,
    conversation: str = "c1",
    turn: int = 1,
    side: Side = Side.CANDIDATE,
    reply: Message | FailedReply | None = None,
    verdict: Verdict = Verdict.CHANGED,
    broken_rules: tuple[str, ...] = (),
) -> ScoredReply:
    return ScoredReply(
        prefix=prefix("At five.", conversation, turn),
        side=side,
        reply=reply or said("At six."),
        scores={"similarity": score},
        broken_rules=broken_rules,
        verdict=verdict,
    )
