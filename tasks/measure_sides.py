"""Scores the conversations of a comparison, and writes each simulated side."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.comparison.outcomes import BUILT_IN, Measured, Outcome, measure
from duologue.comparison.scorers import outcomes_of, own_scores
from duologue.comparison.sides import Side
from duologue.comparison.verdicts import outcomes_of_verdicts, values_of_verdicts
from duologue.dataset.contents import DatasetContents
from duologue.dataset.judges import JudgeSummary, judge_summaries
from duologue.plans.comparison import ComparisonPlan
from duologue.simulation import FailedSeed
from duologue.tasks.compare import SimulatedSides
from duologue.tasks.identify_run import RunIdentity
from duologue.tasks.judge_sides import CheckedSides
from duologue.validation.check import CheckedConversation
from duologue.versions.comparisons import ComparedSide, ComparisonContents
from duologue.versions.writing import write_version


@task(name="measure-sides", cache_policy=NO_CACHE, persist_result=False)
async def measure_sides(
    plan: ComparisonPlan, run: RunIdentity, simulated: SimulatedSides, checked: CheckedSides
) -> ComparisonContents:
    """Measures every outcome of every conversation, and writes the simulated sides.

    Raises:
        ExportError: a side could not be written. The conversations are kept for the next attempt.
    """
    failed_scorers: Counter[str] = Counter()
    sides = {}
    for side in (Side.BASELINE, Side.CANDIDATE):
        if side in simulated.outcomes:
            contents = _contents(plan, side, run, simulated, checked)
            version = write_version(plan.side_folder(run.version, side), run.version, contents)
            get_run_logger().info("%s written: %s", version, version.manifest.counts)
        else:
            assert plan.published is not None
            assert plan.earlier is not None
            contents, version = plan.earlier, plan.published
        measured = await _measured(plan, checked.conversations[side], failed_scorers)
        measured += [measure(failed) for failed in contents.failed]
        sides[side] = ComparedSide(version, measured, is_published=version is plan.published)
    return ComparisonContents(
        dataset=plan.dataset.name,
        settings=plan.settings,
        outcomes=(*BUILT_IN, *_other_outcomes(plan, sides)),
        sides=sides,
        failed_scorers=failed_scorers,
        judges=_judges(checked),
        started_at=run.started_at,
        stopped_early=simulated.stopped_early,
        account_limits=simulated.account_limits,
    )


def _contents(
    plan: ComparisonPlan,
    side: Side,
    run: RunIdentity,
    simulated: SimulatedSides,
    checked: CheckedSides,
) -> DatasetContents:
    outcomes = simulated.outcomes[side]
    return DatasetContents(
        seed_file=plan.seed_file,
        checked=tuple(checked.conversations[side]),
        failed=tuple(made for made in outcomes if isinstance(made, FailedSeed)),
        settings=plan.runs[side],
        started_at=run.started_at,
        stopped_early=simulated.stopped_early,
        no_verdicts=tuple(checked.no_verdicts[side]),
        account_limits=simulated.account_limits,
        how_to_rerun=(
            f"`duologue compare --resume {run.version}`, or Retry of the flow run in the Prefect "
            "UI: only what failed is simulated again; an invalid conversation is a result"
        ),
    )


def _judges(checked: CheckedSides) -> dict[Side, dict[str, JudgeSummary]]:
    found = {
        side: judge_summaries((made.verdicts for made in conversations), checked.no_verdicts[side])
        for side, conversations in checked.conversations.items()
    }
    return {side: summaries for side, summaries in found.items() if summaries}


async def _measured(
    plan: ComparisonPlan,
    conversations: Sequence[CheckedConversation],
    failed_scorers: Counter[str],
) -> list[Measured]:
    scored = await own_scores(
        plan.scorers,
        [made.conversation for made in conversations],
        plan.settings.max_concurrency,
        plan.settings.call.timeout_seconds,
    )
    failed_scorers.update(scored.failed)
    return [
        measure(made, scores | values_of_verdicts(made.verdicts, plan.scorers))
        for made, scores in zip(conversations, scored.scores, strict=True)
    ]


def _other_outcomes(plan: ComparisonPlan, sides: Mapping[Side, ComparedSide]) -> Iterator[Outcome]:
    """Describes judges' criteria and own scores; those that are all 0 or 1 are shares."""
    found: dict[str, set[float]] = {name: set() for name in plan.scorers}
    for side in sides.values():
        for one in side.measured:
            for name, value in one.values.items():
                found.setdefault(name, set()).add(value)
    others = [name for name in found if name not in {outcome.name for outcome in BUILT_IN}]
    shares = {name for name in others if found[name] <= {0.0, 1.0}}
    yield from outcomes_of_verdicts((one for one in others if one not in plan.scorers), shares)
    yield from outcomes_of(plan.scorers, shares)
