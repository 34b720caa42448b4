"""Scores an evaluation's replies."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.conversation.messages import Message
from duologue.evaluation import scoring
from duologue.evaluation.judging import with_verdicts
from duologue.evaluation.measured_noise import AskedAgain
from duologue.evaluation.plan import EvaluationPlan, ReplyJob
from duologue.evaluation.replies import FailedReply
from duologue.evaluation.scoring import Scored
from duologue.validation.verdict import Verdict


# Never cached: a user's scorer may have changed.
@task(name="score-replies", cache_policy=NO_CACHE, persist_result=False)
async def score_replies(
    replies: Sequence[tuple[ReplyJob, Message | FailedReply]],
    again: AskedAgain,
    plan: EvaluationPlan,
    verdicts: Mapping[str, Sequence[Verdict]] = MappingProxyType({}),
) -> Scored:
    """Compares every reply with its reference reply, all of them with the noise, and adds the
    judges' verdicts.
    """
    logger = get_run_logger()
    for job, reply in replies:
        if isinstance(reply, FailedReply):
            logger.warning("reply %s failed: %s", job.name, reply.reason)
    scored = await scoring.score_replies(
        [(job.prefix, job.side, reply) for job, reply in replies],
        plan.settings.scoring,
        plan.scorers,
        plan.settings.max_concurrency,
        again,
        plan.settings.gates.noise_level,
        plan.settings.call.timeout_seconds,
    )
    if scored.noise.unmeasured:
        logger.warning("similarity is only information: %s", scored.noise.unmeasured)
    for name, reasons in scored.own_scorer_errors.items():
        why = ", ".join(f"{reason}: {count}" for reason, count in reasons.most_common(3))
        logger.warning("own scorer %s failed at %d replies (%s)", name, reasons.total(), why)
    return with_verdicts(scored, replies, verdicts)
