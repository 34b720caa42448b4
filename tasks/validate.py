"""Checking what was simulated."""

from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.plans.generation import Job
from duologue.simulation import FailedSeed, Outcome
from duologue.tasks.kept_conversations import KeptConversations
from duologue.validation.check import CheckedConversation, Checker


# Not cached: it costs less than reading a cache, and a changed rule holds at once.
@task(name="validate", cache_policy=NO_CACHE, persist_result=False)
async def validate(
    jobs: Sequence[Job],
    outcomes: Sequence[Outcome],
    checker: Checker,
    kept: KeptConversations,
) -> tuple[list[CheckedConversation], list[FailedSeed]]:
    """Runs the validation rules on every conversation; a retry simulates the invalid ones anew.

    Returns:
        The conversations with what they break, and the seeds that failed; each in the jobs' order.
    """
    logger = get_run_logger()
    checked, failed = [], []
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, FailedSeed):
            failed.append(outcome)
            logger.warning("seed %s failed: %s", job.conversation_id, outcome.reason)
            continue
        conversation = checker.check(outcome, job.seed)
        checked.append(conversation)
        if not conversation.is_valid:
            await kept.forget(job)
            broken = ", ".join(conversation.broken_rules)
            logger.warning("conversation %s is invalid: %s", job.conversation_id, broken)
    return checked, failed
