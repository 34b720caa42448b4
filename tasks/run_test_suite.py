"""Putting a candidate's replies through a Vellum Test Suite."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from duologue.conversation import Message
from duologue.evaluation.manifest import SuiteRunRecord
from duologue.evaluation.planning import EvaluationPlan, ReplyJob
from duologue.evaluation.replies import FailedReply


# Never cached: it is Vellum that knows the run.
@task(name="run-test-suite", cache_policy=NO_CACHE)
async def run_test_suite(
    plan: EvaluationPlan, replies: Sequence[tuple[ReplyJob, Message | FailedReply]]
) -> SuiteRunRecord | None:
    """Runs the Test Suite on the candidate's replies; None where none is asked for.

    What keeps it from a result is part of the record: the evaluation is there without it.
    """
