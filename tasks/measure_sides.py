"""Checks and scores the conversations of a comparison, and writes each simulated side."""

from collections import Counter
from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.comparison.outcomes import BUILT_IN, Measured, measure
from duologue.comparison.scorers import outcomes_of, score
from duologue.dataset.contents import DatasetContents
from duologue.evaluation.replies import Side
from duologue.plans.comparison import ComparisonPlan
from duologue.simulation import FailedSeed
from duologue.tasks.compare import SimulatedSides
from duologue.tasks.identify_run import RunIdentity
from duologue.validation.check import Checker
from duologue.versions.comparisons import ComparedSide, ComparisonContents
from duologue.versions.writing import write_version


@task(name="measure-sides", cache_policy=NO_CACHE, persist_result=False)
async def measure_sides(
    plan: ComparisonPlan, run: RunIdentity, simulated: SimulatedSides
) -> ComparisonContents:
    """Measures every outcome of every conversation, and writes the simulated sides.

    Raises:
        ExportError: a side could not be written. The conversations are kept for the next attempt.
    """
    failed_scorers: Counter[str] = Counter()
    sides = {}
    for side in (Side.BASELINE, Side.CANDIDATE):
        if side in simulated.outcomes:
            contents = _contents(plan, side, run, simulated)
            version = write_version(plan.side_folder(run.version, side), run.version, contents)
            get_run_logger().info("%s written: %s", version, version.manifest.counts)
        else:
            assert plan.published is not None
            assert plan.earlier is not None
            contents, version = plan.earlier, plan.published
        measured = await _measured(plan, contents, failed_scorers)
        sides[side] = ComparedSide(version, measured, is_published=version is plan.published)
    return ComparisonContents(
        dataset=plan.dataset.name,
        settings=plan.settings,
        outcomes=(*BUILT_IN, *outcomes_of(plan.scorers, _shares(plan, sides))),
        sides=sides,
        failed_scorers=failed_scorers,
        started_at=run.started_at,
        stopped_early=simulated.stopped_early,
    )


def _contents(
    plan: ComparisonPlan, side: Side, run: RunIdentity, simulated: SimulatedSides
) -> DatasetContents:
    settings, seeds = plan.runs[side], {seed.seed_id: seed for seed in plan.seed_file.seeds}
    checker = Checker(settings.simulation, settings.rules)
    outcomes = simulated.outcomes[side]
    return DatasetContents(
        seed_file=plan.seed_file,
        checked=tuple(
            checker.check(made, seeds[made.seed_id])
            for made in outcomes
            if not isinstance(made, FailedSeed)
        ),
        failed=tuple(made for made in outcomes if isinstance(made, FailedSeed)),
        settings=settings,
        started_at=run.started_at,
        stopped_early=simulated.stopped_early,
    )


async def _measured(
    plan: ComparisonPlan, contents: DatasetContents, failed_scorers: Counter[str]
) -> list[Measured]:
    measured = []
    for checked in contents.checked:
        scores, failed = await score(plan.scorers, checked.conversation)
        failed_scorers.update(failed)
        measured.append(measure(checked, scores))
    return measured + [measure(failed) for failed in contents.failed]


def _shares(plan: ComparisonPlan, sides: dict[Side, ComparedSide]) -> Sequence[str]:
    """Returns the own scorers whose scores are all 0 or 1, as those that return a bool."""
    scores = {
        name: {
            one.values[name]
            for side in sides.values()
            for one in side.measured
            if name in one.values
        }
        for name in plan.scorers
    }
    return [name for name, found in scores.items() if found <= {0.0, 1.0}]
