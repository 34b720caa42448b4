"""The AUC: how often the simulated one of two users is found, one simulated and one real.

0.5 is guessing, 1 is always. It is the mean over the folds of a cross-validation, because the
scores of different folds come from different classifiers and cannot be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from duologue.realism.classifier import (
    FOLDS,
    REPEATS,
    Groups,
    Numbers,
    folds_of,
    standardised,
    unseen_scores,
)
from duologue.realism.result import LEVEL_DEVIATIONS

PERMUTATIONS = 999
"""The smallest p-value is 1 in 1,000."""

_PENALTY = 1.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """An AUC with its 95 % interval."""

    auc: float
    low: float
    high: float


def estimate(features: Numbers, is_simulated: NDArray[np.bool_], groups: Groups) -> Estimate:
    """Estimates how well two sides can be told apart.

    The interval inverts a test with the variance of Hanley and McNeil (1982, Radiology 143:29-36),
    as Newcombe recommends (2006, Statistics in Medicine 25:559-573, method 5), because that of
    DeLong is empty at an AUC of 1. DeLong's variance, summed over groups of conversations that
    belong together (Obuchowski 1997, Biometrics 53:567-578), widens it where it is larger.

    Args:
        features: a row for each conversation; nan for an unknown value.
        is_simulated: of each.
        groups: of each.
    """
    shares = _placements(features, is_simulated, groups, REPEATS)
    auc = float((shares[is_simulated].mean() + shares[~is_simulated].mean()) / 2)
    sizes = (int(is_simulated.sum()), int((~is_simulated).sum()))
    expected = _variance(auc, *sizes)
    grouped = _grouped_variance(shares, is_simulated, groups)
    widening = max(1.0, grouped / expected) if 0 < auc < 1 and expected > 0 else 1.0
    return Estimate(auc, *_interval(auc, sizes, widening))


def quick_auc(features: Numbers, is_simulated: NDArray[np.bool_], groups: Groups) -> float:
    """Returns the AUC alone, of a cross-validation that is not repeated."""
    shares = _placements(features, is_simulated, groups, 1)
    return float((shares[is_simulated].mean() + shares[~is_simulated].mean()) / 2)


def p_value(features: Numbers, is_simulated: NDArray[np.bool_], groups: Groups) -> float:
    """Returns how often sides drawn by chance can be told apart as well as these.

    Labels are permuted in the blocks of the groups. The classifier is a linear discriminant with
    the same penalty instead of a logistic regression, because it is fitted to all permutations at
    once.
    """
    order = np.argsort(groups, kind="stable")
    blocks = _blocks(groups[order], is_simulated[order])
    chance = np.random.default_rng(0)
    labels = np.empty((len(order), PERMUTATIONS + 1), dtype=bool)
    labels[order, 0] = is_simulated[order]
    for column in range(1, PERMUTATIONS + 1):
        shuffled = chance.permutation(len(blocks))
        labels[order, column] = np.concatenate([blocks[block] for block in shuffled])
    folds = [folds_of(groups, is_simulated, repeat) for repeat in range(REPEATS)]
    tests = [fold == number for fold in folds for number in range(FOLDS)]
    aucs = np.mean([_linear_aucs(features, labels, test) for test in tests], axis=0)
    return float((1 + (aucs[1:] >= aucs[0] - 1e-12).sum()) / (PERMUTATIONS + 1))


def _blocks(groups: Groups, labels: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    starts = np.flatnonzero(groups[1:] != groups[:-1]) + 1
    return list(np.split(labels, starts))


def _linear_aucs(
    features: Numbers, labels: NDArray[np.bool_], is_tested: NDArray[np.bool_]
) -> Numbers:
    """Returns the AUC of each column of labels in one fold; 0.5 where a side is empty there."""
    learned, seen = standardised(features[~is_tested], features[is_tested])
    centred = labels[~is_tested] - labels[~is_tested].mean(axis=0)
    curve = learned.T @ learned + _PENALTY * np.eye(learned.shape[1])
    scores = seen @ np.linalg.solve(curve, learned.T @ centred)
    ranks = np.argsort(np.argsort(scores, axis=0), axis=0) + 1.0
    of_fold = labels[is_tested]
    ones = of_fold.sum(axis=0)
    zeros = len(of_fold) - ones
    pairs = np.maximum(ones * zeros, 1)
    aucs = ((ranks * of_fold).sum(axis=0) - ones * (ones + 1) / 2) / pairs
    return np.where(ones * zeros > 0, aucs, 0.5)


def _placements(
    features: Numbers, is_simulated: NDArray[np.bool_], groups: Groups, repeats: int
) -> Numbers:
    """Returns for each conversation the share of the other side that is ranked correctly."""
    total, times = np.zeros(len(features)), np.zeros(len(features))
    for places, scores in unseen_scores(features, is_simulated, groups, repeats):
        side = is_simulated[places]
        above = scores[side][:, None] - scores[~side][None, :]
        right = (above > 0) + 0.5 * (above == 0)
        total[places[side]] += right.mean(axis=1)
        total[places[~side]] += right.mean(axis=0)
        times[places] += 1
    return np.where(times > 0, total / np.maximum(times, 1), 0.5)


def _grouped_variance(shares: Numbers, is_simulated: NDArray[np.bool_], groups: Groups) -> float:
    """Returns DeLong's variance, with the deviations of a group's conversations added up."""
    influence = np.empty(len(shares))
    for side in (is_simulated, ~is_simulated):
        influence[side] = (shares[side] - shares[side].mean()) / side.sum()
    of_group = np.bincount(groups, weights=influence)
    count = len(of_group)
    return float((of_group**2).sum() * count / max(count - 1, 1))


def _variance(auc: float, first: int, second: int) -> float:
    """Returns the variance of an AUC, after Hanley and McNeil with Newcombe's mean size."""
    others = (first + second) / 2 - 1
    spread = 1 + others * ((1 - auc) / (2 - auc) + auc / (1 + auc))
    return auc * (1 - auc) * spread / (first * second)


def _interval(auc: float, sizes: tuple[int, int], widening: float) -> tuple[float, float]:
    """Returns the lowest and the highest AUC with which this one is compatible."""

    def is_compatible(other: float) -> bool:
        width = LEVEL_DEVIATIONS * sqrt(widening * _variance(other, *sizes))
        return abs(auc - other) <= width

    return _edge(auc, 0.0, is_compatible), _edge(auc, 1.0, is_compatible)


def _edge(inside: float, outside: float, is_compatible: Callable[[float], bool]) -> float:
    for _ in range(50):
        middle = (inside + outside) / 2
        if is_compatible(middle):
            inside = middle
        else:
            outside = middle
    return inside
