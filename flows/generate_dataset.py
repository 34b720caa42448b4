"""The main job: seed messages in, a checked dataset of conversations out."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest
from duologue.participants.budget import Spending
from duologue.plans.generation import plan_generation
from duologue.settings.options import takes
from duologue.settings.run import GenerationForm
from duologue.tasks.artifacts import show_summary
from duologue.tasks.check_access import check_access, check_deployments
from duologue.tasks.export import export
from duologue.tasks.final_state import final_state
from duologue.tasks.identify_run import identify_run, open_checkpoints
from duologue.tasks.judge import check_judges, judge_conversations, judge_run
from duologue.tasks.load_seeds import load_seeds
from duologue.tasks.opaque import opaque
from duologue.tasks.publish import publish, remove_old_versions
from duologue.tasks.push_test_suite import push_if_wanted
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.shards import simulate_in_shards
from duologue.tasks.simulate import simulate_conversations
from duologue.tasks.submit_actuals import submit_verdicts
from duologue.tasks.validate import validate
from duologue.tracing import traced_run
from duologue.validation.check import Checker
from duologue.versions.writing import check_writable


# Prefect stores the error that a flow ends with whatever is set, and by default as a pickle.
@flow(name="generate-dataset", persist_result=False, result_serializer="json")
@takes(GenerationForm)
@traced_run
async def generate_dataset(**parameters: Any) -> Manifest | State[Any]:
    """Simulates a conversation for every seed message and publishes them as a dataset.

    Returns:
        The manifest of the version.

    Raises:
        IncompleteDatasetError: some conversations failed or are invalid, or the version is held
            back; the version is written all the same.
        DuologueError: no version was written.
    """
    restrict_code()
    plan = plan_generation(**parameters)
    check_writable(plan.dataset)
    await check_access(plan.settings.test_suite)
    checkpoints = open_checkpoints(plan.dataset.folder)
    run = await identify_run(plan, checkpoints)
    plan, seed_file = await check_deployments(plan, load_seeds(plan), run.version, checkpoints)
    plan = await check_judges(plan, run.version, checkpoints)
    jobs = plan.jobs(seed_file, run.version)
    checker = Checker(plan.settings.simulation, plan.settings.rules)
    spending = Spending(plan.settings.budget)

    if plan.advanced.shards is None:
        simulated = await simulate_conversations(
            jobs, plan.settings, checkpoints, run.version, checker, plan.dataset.name, spending
        )
    else:
        simulated = await simulate_in_shards(
            plan, seed_file, jobs, checkpoints, run.version, checker
        )
    judging = judge_run(
        plan.settings, plan.scope(run.version), run.version, spending, plan.dataset.name
    )
    judged = await judge_conversations(jobs, simulated.outcomes, checker, judging, checkpoints)
    checked, failed = await validate(
        opaque(jobs),
        opaque(simulated.outcomes),
        opaque(checker),
        opaque(checkpoints),
        opaque(judged.verdicts),
    )
    contents = DatasetContents(
        seed_file,
        tuple(checked),
        tuple(failed),
        plan.settings,
        run.started_at,
        simulated.stopped_early,
        no_verdicts=tuple(judged.missing),
        judge_usage=judged.usage,
        account_limits=simulated.account_limits,
    )
    version = export(plan.dataset, run.version, opaque(contents))
    is_latest = publish(version)
    remove_old_versions(version, plan.advanced.keep_versions)
    await show_summary(version, contents)
    await submit_verdicts(contents, checkpoints, run.version)
    push_problem = await push_if_wanted(version) if is_latest else None
    return final_state(version.manifest, push_problem)
