"""Two chatbots, the same seeds and the same simulated user: does the change help?"""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from duologue.comparison.manifest import ComparisonManifest
from duologue.participants.budget import Spending
from duologue.plans.comparison import plan_comparison
from duologue.settings.comparison import ComparisonForm, ComparisonOptions
from duologue.settings.options import takes
from duologue.tasks.check_access import check_compared
from duologue.tasks.compare import simulate_sides
from duologue.tasks.identify_run import (
    identify_comparison,
    open_checkpoints,
    version_of_first_attempt,
)
from duologue.tasks.judge_sides import check_side_judges, judge_sides
from duologue.tasks.measure_sides import measure_sides
from duologue.tasks.opaque import opaque
from duologue.tasks.restrict_code import restrict_code
from duologue.tasks.write_comparison import comparison_state, show_comparison, write_comparison
from duologue.tracing import traced_run
from duologue.validation.check import Checker
from duologue.versions.comparisons import check_comparisons_writable


# Prefect stores the error that a flow ends with whatever is set, and by default as a pickle.
@flow(name="compare-chatbots", persist_result=False, result_serializer="json")
@takes(ComparisonForm)
@traced_run
async def compare_chatbots(**parameters: Any) -> ComparisonManifest | State[Any]:
    """Compares two chatbots over whole conversations, paired by seed.

    Returns:
        The manifest of the comparison.

    Raises:
        FailedComparisonError: the candidate does not pass the gates; the comparison is written all
            the same.
        DuologueError: nothing was written.
    """
    restrict_code()
    resumes = (parameters["advanced"] or ComparisonOptions()).resume
    if not (parameters["seeds"] or resumes) and parameters["baseline_version"] in ("", "latest"):
        parameters["baseline_version"] = await version_of_first_attempt() or "latest"
    plan = plan_comparison(**parameters)
    check_comparisons_writable(plan.folder)
    checkpoints = open_checkpoints(plan.folder)
    run = await identify_comparison(plan, checkpoints)
    plan = await check_compared(plan, run.version, checkpoints)
    plan = await check_side_judges(plan, run.version, checkpoints)
    again = f"Retry or `duologue compare --resume {run.version}`"
    spending = Spending(plan.settings.budget, again)
    checkers = {side: Checker(of.simulation, of.rules) for side, of in plan.runs.items()}

    simulated = await simulate_sides(plan, run.version, checkers, checkpoints, spending)
    checked = await judge_sides(plan, run.version, simulated, checkers, checkpoints, spending)
    contents = await measure_sides(opaque(plan), run, opaque(simulated), opaque(checked))
    manifest = write_comparison(str(plan.folder / run.version), opaque(contents))
    await show_comparison(str(plan.folder / run.version), manifest)
    return comparison_state(manifest)
