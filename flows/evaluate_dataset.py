"""A version's next turns, asked of a chatbot again: does it still answer as it did?"""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from duologue.evaluation.manifest import EvaluationManifest
from duologue.plans.evaluation import plan_evaluation
from duologue.settings.evaluation import EvaluationOptions
from duologue.settings.options import AtLeastOne
from duologue.tasks.check_access import check_access, check_candidates
from duologue.tasks.identify_run import (
    identify_evaluation,
    open_checkpoints,
    version_of_first_attempt,
)
from duologue.tasks.opaque import opaque
from duologue.tasks.replay import replay_turns
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.run_test_suite import run_test_suite_if_wanted
from duologue.tasks.score_replies import score_replies
from duologue.tasks.show_evaluation import show_evaluation
from duologue.tasks.write_evaluation import evaluation_state, write_evaluation
from duologue.versions.evaluations import EvaluationContents, check_evaluations_writable


# Prefect stores the error that a flow ends with whatever is set, and by default as a pickle.
@flow(name="evaluate-dataset", persist_result=False, result_serializer="json")
async def evaluate_dataset(
    version: str = "latest",
    candidate: str = "",
    baseline: str = "",
    max_concurrency: AtLeastOne = 32,
    output: str = "datasets",
    name: str = "",
    advanced: EvaluationOptions = EvaluationOptions(),
) -> EvaluationManifest | State[Any]:
    """Asks a chatbot for the next turn of each conversation so far, and compares its replies.

    Args:
        version: The version whose conversations are taken: `latest`, a version, or the folder of
            one, local or a URL.
        candidate: Who is evaluated: a Workflow Deployment as NAME or NAME@release_tag,
            local:package.module, or python:package.module:function; the version's own chatbot, as
            it is by now, if empty.
        baseline: Who the candidate is compared with besides the version's own replies, spelled like
            it; nobody if empty.
        max_concurrency: How many replies are asked for at a time.
        output: The folder, or URL, that holds the datasets.
        name: The dataset's name, where there are several.
        advanced: What most evaluations leave as it is.

    Returns:
        The manifest of the evaluation.

    Raises:
        FailedEvaluationError: the candidate does not pass the gates; the evaluation is written all
            the same.
        DuologueError: nothing was written.
    """
    restrict_code()
    if version == "latest":
        version = await version_of_first_attempt() or version
    plan = plan_evaluation(version, candidate, baseline, max_concurrency, output, name, advanced)
    check_evaluations_writable(plan.evaluations)
    await check_access(plan.settings.test_suite)
    checkpoints = open_checkpoints(plan.evaluations)
    run = await identify_evaluation(plan, checkpoints)
    plan = await check_candidates(plan, run.version, checkpoints)

    replayed = await replay_turns(plan, run.version, checkpoints)
    scored = await score_replies(opaque(replayed.replies), opaque(plan))
    test_suite = await run_test_suite_if_wanted(plan, replayed.replies)
    contents = EvaluationContents(
        scored, plan.scorers.names, test_suite, run.started_at, replayed.stopped_early
    )
    manifest = write_evaluation(opaque(plan), run.version, opaque(contents))
    await show_evaluation(str(plan.evaluations / run.version), manifest)
    return evaluation_state(manifest)
