"""Validates what was simulated."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.plans.generation import Job
from duologue.simulation import FailedSeed, Outcome
from duologue.validation.check import CheckedConversation, Checker
from duologue.validation.verdict import Verdict
from duologue.versions.checkpoints import Checkpoints

FAILURES_LOGGED = 10
"""Failed seeds that are logged for each reason; the version's files list them all."""


# Not cached: it takes less time than reading a cache, and a changed rule applies at once.
@task(name="validate", cache_policy=NO_CACHE, persist_result=False)
async def validate(
    jobs: Sequence[Job],
    outcomes: Sequence[Outcome],
    checker: Checker,
    checkpoints: Checkpoints,
    verdicts: Mapping[str, Sequence[Verdict]] = MappingProxyType({}),
) -> tuple[list[CheckedConversation], list[FailedSeed]]:
    """Applies the rules and the judges' verdicts; a Retry simulates invalid conversations again.

    Args:
        jobs: of the run.
        outcomes: what became of them, in their order.
        checker: runs the rules.
        checkpoints: those of invalid conversations are removed.
        verdicts: of the judges, by conversation.

    Returns:
        The conversations with the rules they break, and the failed seeds; each in the jobs' order.
    """
    logger = get_run_logger()
    checked, failed = [], []
    reasons: Counter[str] = Counter()
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, FailedSeed):
            failed.append(outcome)
            reasons[outcome.reason] += 1
            if reasons[outcome.reason] <= FAILURES_LOGGED:
                logger.warning("seed %s failed: %s", job.conversation_id, outcome.reason)
            continue
        conversation = checker.check(outcome, job.seed)
        conversation = conversation.judged(verdicts.get(outcome.conversation_id, ()))
        checked.append(conversation)
        if not conversation.is_valid:
            await checkpoints.remove(job.key)
            await checkpoints.remove(job.draft_key)
            broken = ", ".join(conversation.broken_rules)
            logger.warning("conversation %s is invalid: %s", job.conversation_id, broken)
    for reason, count in reasons.items():
        if count > FAILURES_LOGGED:
            logger.warning("%d more seeds failed: %s", count - FAILURES_LOGGED, reason)
    return checked, failed
