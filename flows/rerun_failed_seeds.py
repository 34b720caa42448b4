"""Simulates the failed seeds and invalid conversations of a version again."""

from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest
from duologue.participants.budget import Spending
from duologue.plans.rerun import plan_rerun
from duologue.settings.options import AtLeastOne, Reference, VersionReference
from duologue.tasks.artifacts import show_summary
from duologue.tasks.check_access import check_access
from duologue.tasks.export import export
from duologue.tasks.final_state import final_state
from duologue.tasks.identify_run import (
    identify_rerun,
    open_checkpoints,
    version_of_first_attempt,
)
from duologue.tasks.judge import judge_conversations, judge_run
from duologue.tasks.opaque import opaque
from duologue.tasks.publish import publish
from duologue.tasks.push_test_suite import push_if_wanted
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.simulate import simulate_conversations
from duologue.tasks.submit_actuals import submit_verdicts
from duologue.tasks.validate import validate
from duologue.tracing import traced_run
from duologue.validation.check import Checker
from duologue.versions.latest import read_latest
from duologue.versions.writing import check_writable


# Prefect stores the error that a flow ends with whatever is set, and by default as a pickle.
@flow(name="rerun-failed-seeds", persist_result=False, result_serializer="json")
@traced_run
async def rerun_failed_seeds(
    version: VersionReference = "latest",
    seed_ids: tuple[Reference, ...] = (),
    name: Reference = "",
    output: Reference = "datasets",
    max_concurrency: AtLeastOne | None = None,
) -> Manifest | State[Any]:
    """Simulates the failed seeds of a version again, and writes its next revision.

    Everything it needs is in the version's own files: it works weeks later and on another machine.
    Failed seeds resume where they stopped, invalid conversations restart, and the others stay as
    they are.

    Args:
        version: latest, a version such as 20261124T053516123Z-1a2b3c4d, or a version's folder.
        seed_ids: Only these seeds; all that failed or are invalid if empty.
        name: The dataset's name, where the output holds several datasets.
        output: The folder, or URL, that holds the datasets.
        max_concurrency: How many conversations are simulated concurrently; as many as the version
            was made with if empty.

    Returns:
        The manifest of the new revision; of the one that is there if there was nothing to repair.

    Raises:
        IncompleteDatasetError: some conversations failed again or are invalid, or the version is
            held back; the revision is written all the same.
        DuologueError: no revision was written.
    """
    restrict_code()
    version = await version_of_first_attempt() or version
    rerun = plan_rerun(version, seed_ids, name or None, output, max_concurrency)
    if not rerun.again:
        get_run_logger().info("%s: nothing to simulate again", rerun.version)
        # The first attempt may have completed the version without pushing it.
        latest = read_latest(rerun.dataset.folder)
        is_latest = latest is not None and latest.names(rerun.version.manifest)
        push_problem = await push_if_wanted(rerun.version) if is_latest else None
        return final_state(rerun.version.manifest, push_problem)
    check_writable(rerun.dataset)
    await check_access(rerun.settings.test_suite)
    checkpoints = open_checkpoints(rerun.dataset.folder)
    run = await identify_rerun(rerun, checkpoints)
    checker = Checker(rerun.settings.simulation, rerun.settings.rules)

    spending = Spending(rerun.settings.budget)

    simulated = await simulate_conversations(
        rerun.again, rerun.settings, checkpoints, run.version, checker, rerun.dataset.name, spending
    )
    outcomes = rerun.outcomes(simulated.outcomes)
    judging = judge_run(rerun.settings, run.version, run.version, spending, rerun.dataset.name)
    judged = await judge_conversations(
        rerun.jobs, outcomes, checker, judging, checkpoints, rerun.contents
    )
    checked, failed = await validate(
        opaque(rerun.jobs),
        opaque(outcomes),
        opaque(checker),
        opaque(checkpoints),
        opaque(judged.verdicts),
    )
    contents = DatasetContents(
        rerun.contents.seed_file,
        tuple(checked),
        tuple(failed),
        rerun.settings,
        run.started_at,
        simulated.stopped_early,
        no_verdicts=tuple(judged.missing),
        judge_usage=judged.usage,
        account_limits=simulated.account_limits,
    )
    written = export(rerun.dataset, run.version, opaque(contents))
    is_latest = publish(written)
    await show_summary(written, contents)
    await submit_verdicts(contents, checkpoints, run.version)
    push_problem = await push_if_wanted(written) if is_latest else None
    return final_state(written.manifest, push_problem)
