"""What a comparison would take, and the smallest difference that it could show."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from duologue.comparison.gates import gated_outcomes
from duologue.comparison.outcomes import measure
from duologue.comparison.result import spoken, visible
from duologue.comparison.verdicts import values_of_verdicts
from duologue.plans.comparison import ComparisonPlan


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect of a comparison."""

    seeds: int
    samples: int
    conversations: int
    """To simulate, of both sides."""
    most_calls: int
    """Of all participants, without repeated ones."""
    cost_usd: float | None
    """What they cost if conversations cost what the version's did; None if that is not known."""
    smallest_visible: dict[str, float | None]
    """By outcome that a gate uses, beyond what the gate allows; null if so few seeds find none with
    80 % probability. Empty without a version to take the variance from."""

    def plain(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Writes it for people."""
        yield f"{self.conversations} conversations to simulate, at most {self.most_calls} calls"
        if self.cost_usd is not None:
            yield f"about {self.cost_usd:.2f} USD, at what the version's conversations cost"
        for name, smallest in self.smallest_visible.items():
            if smallest is None:
                yield f"{spoken(name)}: so few seeds show no difference with 80 % probability"
                continue
            yield (
                f"{spoken(name)}: a difference of {smallest:.3g} is found with 80 % probability, "
                "smaller ones less often"
            )
        if not self.smallest_visible:
            yield "What differences can be shown is unknown: there is no version to learn from"


def forecast(plan: ComparisonPlan) -> Forecast:
    """Computes what a comparison would take, from the plan and the version's conversations."""
    settings = plan.settings
    samples = settings.samples or 1
    seeds = len(plan.seed_file.seeds)
    conversations = seeds * samples * len(plan.simulated_sides)
    turns = settings.turns - (settings.from_turn or 0)
    return Forecast(
        seeds=seeds,
        samples=samples,
        conversations=conversations,
        most_calls=conversations * turns * 2 + _verdicts(plan, samples),
        cost_usd=_cost(plan, conversations),
        smallest_visible=_smallest_visible(plan, seeds, samples),
    )


def _verdicts(plan: ComparisonPlan, samples: int) -> int:
    """Returns how many verdicts are requested; those that the version has are not."""
    before = plan.version.manifest.settings.judges if plan.version else ()
    sides = {
        judge.title: 1 if plan.published is not None and judge in before else 2
        for judge in plan.settings.judges
    }
    return (
        len(plan.seed_file.seeds)
        * samples
        * sum(judge.samples * sides[judge.title] for judge in plan.settings.judges)
    )


def _cost(plan: ComparisonPlan, conversations: int) -> float | None:
    if plan.earlier is None:
        return None
    usages = (made.conversation.usage for made in plan.earlier.checked)
    costs = [used.cost_usd for used in usages if used is not None and used.cost_usd is not None]
    return sum(costs) / len(costs) * conversations if costs else None


def _smallest_visible(plan: ComparisonPlan, seeds: int, samples: int) -> dict[str, float | None]:
    if plan.earlier is None:
        return {}
    gated = gated_outcomes(plan.settings.gates)
    measured = [measure(made, values_of_verdicts(made.verdicts)) for made in plan.earlier.checked]
    found: dict[str, float | None] = {}
    for name in gated:
        values = [one.values[name] for one in measured if name in one.values]
        if len(values) > 1:
            level = 1 - plan.settings.confidence
            is_share = set(values) <= {0.0, 1.0}
            found[name] = visible(values, is_share, seeds, samples, len(gated), level)
    return found
