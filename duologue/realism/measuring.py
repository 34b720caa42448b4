"""Comparing simulated users with real ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duologue.realism.auc import Estimate, estimate, p_value, quick_auc
from duologue.realism.classifier import Groups, Numbers, group_numbers
from duologue.realism.differences import difference
from duologue.realism.features import FEATURES, Feature, Kind
from duologue.realism.grades import grade_of
from duologue.realism.notes import notes_on
from duologue.realism.result import (
    DECIMALS,
    Auc,
    DomainFloor,
    FeatureDifference,
    Floor,
    Realism,
    Side,
)
from duologue.realism.users import UserSide, comparable

HALVES = 40
"""How often the real conversations are halved."""
LEAST_IN_DOMAIN = 30
"""The fewest conversations of a domain, and of all others, for a comparison of the two."""
MOST_DOMAINS = 20
SHARED_OPENINGS = 0.5
"""If this share of simulated conversations opens as real ones do, their openings say nothing."""

DEFAULT_NAMES = ("Your simulated users", "real ones")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of conversations, as it was read."""

    name: str
    users: Sequence[UserSide]
    left_out: int = 0
    """Conversations without a user's side, or unreadable."""


def compare_users(
    simulated: Source, real: Source, names: tuple[str, str] = DEFAULT_NAMES
) -> Realism:
    """Measures how well simulated users can be told from real ones, and by what.

    Args:
        simulated: the users to judge.
        real: the users to compare them with.
        names: of both, as sentences name them.

    Raises:
        UsageError: a side is too small, or both are the same.
    """
    sides = comparable(simulated.users, real.users, (simulated.name, real.name))
    users = [*sides[0], *sides[1]]
    values, weights = _measured(users)
    is_simulated = np.arange(len(users)) < len(sides[0])
    groups = group_numbers([user.group for user in users])
    deciding = _matrix(values, decides=True)
    found = estimate(deciding, is_simulated, groups)
    floor = _floor(deciding[~is_simulated], sides[1])
    grade, best, worst = (grade_of(auc, floor.auc) for auc in (found.auc, found.low, found.high))
    return Realism(
        auc=round(found.auc, DECIMALS),
        interval=(round(found.low, DECIMALS), round(found.high, DECIMALS)),
        p_value=round(p_value(deciding, is_simulated, groups), DECIMALS),
        grade=grade,
        grade_range=(best, worst),
        floor=floor,
        openings=_openings(values, is_simulated, groups),
        most_messages=max(len(user.spoken) for user in users),
        simulated=_side(simulated, sides[0]),
        real=_side(real, sides[1]),
        features=_differences(sides, values, weights, names),
        notes=notes_on(*sides),
    )


def _measured(users: Sequence[UserSide]) -> tuple[Numbers, Numbers]:
    """Returns values and weights: a row for each user and a column for each feature."""
    pairs = [[feature.of_conversation(user) for feature in FEATURES] for user in users]
    values, weights = np.moveaxis(np.array(pairs, dtype=np.float64), 2, 0)
    return values, weights


def _matrix(values: Numbers, decides: bool) -> Numbers:
    """Returns what a classifier sees of the features of one kind.

    Numbers are also included squared, as distances from their mean. Simulated messages may be as
    long as real ones on average, and yet all of the same length.
    """
    columns = []
    for column, feature in zip(values.T, FEATURES, strict=True):
        if feature.decides is not decides:
            continue
        scaled = _scaled(feature, column)
        columns.append(scaled)
        if feature.kind is not Kind.SHARE and not np.isnan(scaled).all():
            deviation = np.nanstd(scaled)
            columns.append(((scaled - np.nanmean(scaled)) / (deviation or 1)) ** 2)
    return np.stack(columns, axis=1)


def _scaled(feature: Feature, column: Numbers) -> Numbers:
    if feature.kind is not Kind.RATIO:
        return column
    return np.log(np.where(column > 0, column, np.nan))


def _floor(features: Numbers, real: Sequence[UserSide]) -> Floor:
    groups = group_numbers([user.group for user in real])
    aucs = [quick_auc(features, _half(groups, number), groups) for number in range(HALVES)]
    low, high = np.quantile(aucs, [0.025, 0.975])
    return Floor(
        auc=round(float(np.mean(aucs)), DECIMALS),
        low=round(float(low), DECIMALS),
        high=round(float(high), DECIMALS),
        halves=HALVES,
        domains=_domains(features, real, groups),
    )


def _half(groups: Groups, number: int) -> NDArray[np.bool_]:
    """Chooses half of the groups by chance, and with them about half of the conversations."""
    sizes = np.bincount(groups)
    order = np.random.default_rng(number).permutation(len(sizes))
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[order[np.cumsum(sizes[order]) <= len(groups) / 2]] = True
    return chosen[groups]


def _domains(
    features: Numbers, real: Sequence[UserSide], groups: Groups
) -> tuple[DomainFloor, ...]:
    names = np.array([user.domain or "" for user in real], dtype=object)
    found = []
    for domain in sorted({user.domain for user in real if user.domain}):
        inside = names == domain
        if min(inside.sum(), (~inside).sum()) >= LEAST_IN_DOMAIN:
            found.append((domain, inside))
    largest = sorted(found, key=lambda pair: -pair[1].sum())[:MOST_DOMAINS]
    floors = [
        DomainFloor(
            domain=domain,
            conversations=int(inside.sum()),
            auc=round(quick_auc(features, inside, groups), DECIMALS),
        )
        for domain, inside in largest
    ]
    return tuple(sorted(floors, key=lambda floor: -floor.auc))


def _openings(values: Numbers, is_simulated: NDArray[np.bool_], groups: Groups) -> Auc | None:
    shared = np.isin(groups[is_simulated], groups[~is_simulated])
    if shared.mean() >= SHARED_OPENINGS:
        return None
    found: Estimate = estimate(_matrix(values, decides=False), is_simulated, groups)
    low, auc, high = (round(one, DECIMALS) for one in (found.low, found.auc, found.high))
    return Auc(auc=auc, low=low, high=high)


def _differences(
    sides: tuple[Sequence[UserSide], Sequence[UserSide]],
    values: Numbers,
    weights: Numbers,
    names: tuple[str, str],
) -> tuple[FeatureDifference, ...]:
    split = len(sides[0])
    found = [
        difference(
            feature,
            sides,
            (value[:split], value[split:]),
            (weight[:split], weight[split:]),
            len(FEATURES),
            names,
        )
        for feature, value, weight in zip(FEATURES, values.T, weights.T, strict=True)
    ]
    known = [one for one in found if one is not None]
    return tuple(sorted(known, key=_importance))


def _importance(found: FeatureDifference) -> tuple[bool, float]:
    """Orders features: what is known of few conversations explains little of the AUC."""
    sides = (found.simulated.conversations, found.real.conversations)
    return not found.decides, -found.distance * min(sides)


def _side(source: Source, users: Sequence[UserSide]) -> Side:
    return Side(
        name=source.name,
        conversations=len(users),
        left_out=source.left_out,
        messages=sum(len(user.spoken) for user in users),
    )
