"""A version's next turns, asked of a chatbot again: does it still answer as it did?"""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from duologue.evaluation.manifest import EvaluationManifest
from duologue.participants.concurrency import Accounts
from duologue.plans.evaluation import plan_evaluation
from duologue.settings.evaluation import EvaluationForm
from duologue.settings.options import takes
from duologue.tasks.check_access import check_access, check_candidates
from duologue.tasks.identify_run import (
    identify_evaluation,
    open_checkpoints,
    version_of_first_attempt,
)
from duologue.tasks.judge_replies import check_reply_judges, judge_replies, missing_by_side
from duologue.tasks.opaque import opaque
from duologue.tasks.replay import ask_again, replay_turns
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.run_test_suite import run_test_suite_if_wanted
from duologue.tasks.score_replies import score_replies
from duologue.tasks.show_evaluation import show_evaluation
from duologue.tasks.write_evaluation import evaluation_state, write_evaluation
from duologue.tracing import traced_run
from duologue.versions.evaluations import EvaluationContents, check_evaluations_writable


# Prefect stores the error that a flow ends with whatever is set, and by default as a pickle.
@flow(name="evaluate-dataset", persist_result=False, result_serializer="json")
@takes(EvaluationForm)
@traced_run
async def evaluate_dataset(**parameters: Any) -> EvaluationManifest | State[Any]:
    """Requests a chatbot's next turn for each conversation so far, and compares its replies.

    Returns:
        The manifest of the evaluation.

    Raises:
        FailedEvaluationError: the candidate does not pass the gates; the evaluation is written all
            the same.
        DuologueError: nothing was written.
    """
    restrict_code()
    if parameters["version"] == "latest":
        parameters["version"] = await version_of_first_attempt() or "latest"
    plan = plan_evaluation(**parameters)
    check_evaluations_writable(plan.evaluations)
    await check_access(plan.settings.test_suite)
    checkpoints = open_checkpoints(plan.evaluations)
    run = await identify_evaluation(plan, checkpoints)
    plan = await check_candidates(plan, run.version, checkpoints)
    plan = await check_reply_judges(plan, run.version, checkpoints)

    accounts = Accounts()
    replayed = await replay_turns(plan, run.version, checkpoints, accounts)
    again = await ask_again(plan, run.version, checkpoints, accounts, replayed.stopped_early)
    judged = await judge_replies(plan, run.version, replayed.replies, checkpoints)
    scored = await score_replies(
        opaque(replayed.replies), opaque(again), opaque(plan), opaque(judged.verdicts)
    )
    test_suite = await run_test_suite_if_wanted(plan, replayed.replies)
    contents = EvaluationContents(
        scored,
        plan.scorers.names,
        test_suite,
        run.started_at,
        replayed.stopped_early,
        tuple(missing_by_side(replayed.replies, judged)),
        accounts.limits(),
    )
    manifest = write_evaluation(opaque(plan), run.version, opaque(contents))
    await show_evaluation(str(plan.evaluations / run.version), manifest)
    return evaluation_state(manifest)
