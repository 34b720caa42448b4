"""Runs a Vellum Test Suite on a candidate's replies."""

from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.conversation.messages import Message
from duologue.errors import safe_message
from duologue.evaluation.manifest import SuiteRunRecord
from duologue.evaluation.plan import EvaluationPlan, ReplyJob
from duologue.evaluation.replies import FailedReply, Side
from duologue.settings.test_suites import CasePer, SuiteRunSettings
from duologue.tasks.opaque import opaque
from duologue.test_suites.cases import external_id
from duologue.test_suites.suite_run import RunState, SuiteRun

Replies = Sequence[tuple[ReplyJob, Message | FailedReply]]


async def run_test_suite_if_wanted(plan: EvaluationPlan, replies: Replies) -> SuiteRunRecord | None:
    """Runs the Test Suite that the evaluation names on the candidate's replies, if it names one.

    If there is no result, the record and a failed task run say why; the rest of the evaluation
    does not depend on it.
    """
    settings = plan.settings.test_suite
    if settings is None:
        return None
    try:
        texts = candidates_texts(plan, replies, settings.per)
        run = await run_test_suite(opaque(plan), settings, opaque(texts))
    except Exception as error:
        why = safe_message(error)
        get_run_logger().error("Test Suite %r has no result: %s", settings.suite, why)
        return SuiteRunRecord(suite=settings.suite, error=why)
    return _record(settings, run)


# Never cached: only Vellum knows the run.
@task(name="run-test-suite", cache_policy=NO_CACHE, persist_result=False)
async def run_test_suite(
    plan: EvaluationPlan, settings: SuiteRunSettings, replies: dict[str, str]
) -> SuiteRun:
    """Runs the Test Suite on replies, by the external ids of its cases, and awaits its metrics.

    Raises:
        UsageError: no case of the Test Suite has a reply.
        ParticipantError: Vellum could not be reached, or refused, or the metrics took too long.
    """
    from duologue.participants.vellum_deployment import vellum_client
    from duologue.test_suites.vellum_suite import VellumSuite

    async with vellum_client(max_concurrency=1) as client:
        run = await VellumSuite(client, settings.suite, call=plan.settings.call).run_external(
            replies, output_name=settings.output_name, deadline_seconds=settings.deadline_seconds
        )
    get_run_logger().info(
        "Test Suite %r: run %s is %s, %d cases, %d replies without a case",
        settings.suite,
        run.run_id,
        run.state,
        len(run.cases),
        len(run.missing),
    )
    return run


def candidates_texts(plan: EvaluationPlan, replies: Replies, per: CasePer) -> dict[str, str]:
    """Lists what the candidate replied, by the external ids that `push-test-suite` gives cases.

    Where a conversation is a case, that is the reply to its last USER message.
    """
    dataset = plan.manifest.dataset
    texts = {}
    for job, reply in replies:
        if job.side is Side.CANDIDATE and isinstance(reply, Message):
            prefix = job.prefix
            turn = prefix.turn_index if per is CasePer.PREFIX else None
            if turn is not None or prefix.is_last:
                texts[external_id(dataset, prefix.conversation_id, turn)] = reply.text
    return texts


def _record(settings: SuiteRunSettings, run: SuiteRun) -> SuiteRunRecord:
    return SuiteRunRecord(
        suite=settings.suite,
        run_id=run.run_id,
        url=run.url,
        state=run.state,
        cases=len(run.cases),
        metrics={f"{mean.metric}.{mean.output}": mean.mean for mean in run.means},
        error=None if run.state is RunState.COMPLETE else f"the run is {run.state}",
    )
