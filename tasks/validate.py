"""Checking what was simulated."""

from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.conversation import Conversation
from duologue.generation import Job
from duologue.simulation import FailedSeed, SimulationSettings
from duologue.validation.check import CheckedConversation, check_conversation
from tasks.simulate_conversation import Outcome


# Not cached: it costs less than reading a cache, and a changed rule holds at once.
@task(name="validate", cache_policy=NO_CACHE)
def validate(
    jobs: Sequence[Job], outcomes: Sequence[Outcome], settings: SimulationSettings
) -> tuple[list[CheckedConversation], list[FailedSeed]]:
    """Runs the validation rules on every conversation.

    Returns:
        The conversations with what they break, and the seeds that failed; each in the jobs' order.
    """
    checked = [
        check_conversation(outcome, job.seed, settings)
        for job, outcome in zip(jobs, outcomes, strict=True)
        if isinstance(outcome, Conversation)
    ]
    failed = [outcome for outcome in outcomes if isinstance(outcome, FailedSeed)]
    logger = get_run_logger()
    for conversation in checked:
        if not conversation.is_valid:
            logger.warning(
                "conversation %s is invalid: %s",
                conversation.conversation.conversation_id,
                ", ".join(conversation.broken_rules),
            )
    for failure in failed:
        logger.warning("seed %s failed: %s", failure.conversation_id, failure.reason)
    return checked, failed
