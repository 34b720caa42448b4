"""The result of a comparison: a difference for each outcome, its test, and the answer."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np

from duologue.comparison.manifest import Difference, PairCounts, Reliability
from duologue.comparison.outcomes import Better, Measured, Outcome, Status
from duologue.comparison.paired import holm, interval, p_value, smallest_visible
from duologue.comparison.pairs import Pair, SeedValues, pass_hat_k, seed_values
from duologue.comparison.sides import Side


def differences_of(
    pairs: Sequence[Pair],
    outcomes: Sequence[Outcome],
    gated: Collection[str],
    confidence: float,
    with_users_faults: bool = False,
) -> tuple[Difference, ...]:
    """Compares both sides in every outcome that both have values for.

    The p-values of the gated outcomes are adjusted by Holm's method; the others are exploratory.
    """
    found = [
        _difference(outcome, values, confidence)
        for outcome in outcomes
        if len((values := seed_values(pairs, outcome, with_users_faults)).baseline)
    ]
    adjusted = iter(holm([one.p for one in found if one.outcome in gated]))
    level = 1 - confidence
    return tuple(
        _judged(one, next(adjusted) if one.outcome in gated else None, level) for one in found
    )


def _difference(outcome: Outcome, values: SeedValues, confidence: float) -> Difference:
    differences = values.differences
    share_of = values.most_samples if outcome.is_share else None
    low, high = interval(differences, confidence, share_of)
    return Difference(
        outcome=outcome.name,
        better=outcome.better,
        is_share=outcome.is_share,
        unit=outcome.unit,
        baseline=float(np.mean(values.baseline)),
        candidate=float(np.mean(values.candidate)),
        difference=float(np.mean(differences)),
        low=low if np.isfinite(low) else None,
        high=high if np.isfinite(high) else None,
        p=p_value(differences, share_of),
        p_adjusted=None,
        verdict=None,
        seeds=len(differences),
    )


def _judged(one: Difference, p_adjusted: float | None, level: float) -> Difference:
    p = one.p if p_adjusted is None else p_adjusted
    verdict: Literal["better", "worse", "different"] | None = None
    if p < level and one.difference:
        improves = (one.difference > 0) == (one.better is Better.MORE)
        verdict = "better" if improves else "worse"
        if one.better is Better.NEITHER:
            verdict = "different"
    return one.model_copy(update={"p_adjusted": p_adjusted, "verdict": verdict})


def answer(differences: Iterable[Difference], confidence: float) -> str:
    """Says in one sentence whether the candidate is better, worse, or neither."""
    gated = [one for one in differences if one.p_adjusted is not None]
    if not gated:
        return "There is nothing to compare: no outcome that a gate uses has values on both sides."
    worse = [_in_words(one) for one in gated if one.verdict == "worse"]
    better = [_in_words(one) for one in gated if one.verdict == "better"]
    if worse and better:
        return f"The candidate is worse in {_listed(worse)}, and better in {_listed(better)}."
    if worse:
        return f"The candidate is worse than the baseline: {_listed(worse)}."
    if better:
        return f"The candidate is better than the baseline: {_listed(better)}."
    seeds = max(one.seeds for one in gated)
    widest = [one for one in gated if one.low is not None and one.high is not None]
    limits = "; ".join(f"{spoken(one.outcome)} {span(one)}" for one in widest)
    within = (
        f" With {confidence:.0%} confidence the changes are within: {limits}." if limits else ""
    )
    return f"There is no difference that {_count(seeds, 'seed')} can show.{within}"


def _in_words(one: Difference) -> str:
    return f"{spoken(one.outcome)} {shown(one, one.baseline)} → {shown(one, one.candidate)}"


def spoken(name: str) -> str:
    """Writes an outcome's name as words."""
    return name.replace("_", " ")


def shown(one: Difference, value: float) -> str:
    """Writes a value of an outcome, with its unit."""
    if one.is_share:
        return f"{value:.1%}"
    return f"{value:.4g} {one.unit}".strip()


def amount(one: Difference, value: float | None) -> str:
    """Writes a difference of an outcome, with its sign; points are of a percentage."""
    if value is None:
        return "unknown"
    if one.is_share:
        return f"{value * 100:+.1f} points"
    return f"{value:+.4g} {one.unit}".strip()


def span(one: Difference) -> str:
    """Writes the confidence interval of a difference."""
    if one.low is None or one.high is None:
        return "unknown"
    if one.is_share:
        return f"{one.low * 100:+.1f} to {one.high * 100:+.1f} points"
    return f"{one.low:+.4g} to {one.high:+.4g} {one.unit}".strip()


def spoken_p(one: Difference) -> str:
    """Writes a p-value, adjusted if gates use the outcome."""
    p = one.p if one.p_adjusted is None else one.p_adjusted
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def _listed(texts: Sequence[str]) -> str:
    return "; ".join(texts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def pair_counts(pairs: Sequence[Pair]) -> PairCounts:
    """Counts the pairs, and what became of them."""

    def with_status(status: Status) -> dict[Side, int]:
        return {
            side: sum(pair.statuses[index] is status for pair in pairs)
            for index, side in enumerate((Side.BASELINE, Side.CANDIDATE))
        }

    compared = [
        pair
        for pair in pairs
        if not pair.is_users_fault and None not in pair.statuses
        if pair.statuses[0] is not Status.FAILED
    ]
    return PairCounts(
        pairs=len(pairs),
        compared=len(compared),
        unchanged=sum(
            pair.first_difference is None and Status.FAILED not in pair.statuses
            for pair in compared
        ),
        users_fault=with_status(Status.USER_AT_FAULT),
        missing=with_status(Status.FAILED),
    )


def reliability(measured: Iterable[Measured]) -> Reliability:
    """Separates seeds whose samples are all good from flaky and from broken ones."""
    passes: dict[str, list[bool]] = defaultdict(list)
    for one in measured:
        if one.status is not Status.USER_AT_FAULT:
            passes[one.seed_id].append(one.status is Status.VALID and one.values.get("clean") == 1)
    several = {seed: good for seed, good in passes.items() if len(good) > 1}
    return Reliability(
        pass_k=pass_hat_k(passes),
        flaky_seeds=tuple(seed for seed, good in several.items() if any(good) and not all(good)),
        broken_seeds=tuple(seed for seed, good in passes.items() if not any(good)),
    )


def visible(
    values: Sequence[float], is_share: bool, seeds: int, samples: int, tests: int, level: float
) -> float | None:
    """Returns the smallest difference that this many seeds find with 80 % probability.

    Both sides are assumed to vary like the version; a share varies more the nearer it is to one
    half. One sample a seed does not show how much of this lies between seeds; it is not
    subtracted, so the figure is an upper bound.

    Args:
        values: of an outcome, of a version's conversations.
        is_share: whether each is 0 or 1.
        seeds: how many there will be.
        samples: of each seed, on each side.
        tests: how many outcomes the gates use.
        level: of the tests together, such as 0.05.

    Returns:
        The difference; None if so few seeds find none with that probability.
    """
    if not is_share:
        both = 2 * float(np.var(values, ddof=1)) / samples
        return smallest_visible(lambda _: both, 1e6 * max(both, 1.0), seeds, tests, level)
    # One more of each kind, because a share of 0 or 1 in a sample is not one in the long run.
    share = float(np.mean([*values, 0.0, 1.0]))
    direction = -1 if share >= 0.5 else 1

    def variance(difference: float) -> float:
        other = share + direction * difference
        return (share * (1 - share) + other * (1 - other)) / samples

    return smallest_visible(variance, max(share, 1 - share), seeds, tests, level)
