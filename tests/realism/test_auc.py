"""The AUC, its interval and its p-value, against hand calculations and known truth."""

from math import erf

import numpy as np
import pytest
from numpy.typing import NDArray

from duologue.realism.auc import _interval, _variance, estimate, p_value
from duologue.realism.classifier import FOLDS, Groups, Numbers, folds_of, group_numbers
from duologue.realism.differences import ks_distance
from duologue.realism.grades import grade_of

SHIFT = 0.7
TRUE_AUC = 0.5 * (1 + erf(SHIFT / 2))
"""Of two normal distributions that are this many deviations apart: 0.69."""


def drawn(
    chance: np.random.Generator, count: int, shift: float, features: int = 1
) -> tuple[Numbers, NDArray[np.bool_], Groups]:
    is_simulated = np.arange(2 * count) < count
    values = chance.normal(size=(2 * count, features))
    values[is_simulated, 0] += shift
    return values, is_simulated, np.arange(2 * count)


def test_the_variance_is_the_one_of_hanley_and_mcneil() -> None:
    # 0.5 * 0.5 * (1 + 49 * (1/3 + 1/3)) / 2500, by hand.
    assert _variance(0.5, 50, 50) == pytest.approx(0.0033667, abs=1e-7)
    assert _variance(1.0, 50, 50) == 0


def test_the_interval_is_not_empty_at_1() -> None:
    low, high = _interval(1.0, (50, 50), 1.0)
    assert high == 1
    assert 0.9 < low < 0.97


def test_the_interval_covers_the_truth_19_times_in_20() -> None:
    chance = np.random.default_rng(1)
    found = [estimate(*drawn(chance, 60, SHIFT)) for _ in range(200)]
    covered = sum(one.low <= TRUE_AUC <= one.high for one in found)
    assert 182 <= covered <= 200
    assert np.mean([one.auc for one in found]) == pytest.approx(TRUE_AUC, abs=0.015)


def test_equal_sides_are_within_the_interval_however_many_features() -> None:
    chance = np.random.default_rng(2)
    found = [estimate(*drawn(chance, 100, 0, features=20)) for _ in range(100)]
    assert sum(one.low <= 0.5 <= one.high for one in found) >= 88
    assert np.std([one.auc for one in found]) < 0.06


def test_p_values_of_equal_sides_are_uniform() -> None:
    chance = np.random.default_rng(3)
    values = [p_value(*drawn(chance, 50, 0, features=5)) for _ in range(30)]
    assert sum(value < 0.1 for value in values) <= 8
    assert 0.34 < np.mean(values) < 0.66


def test_the_p_value_of_a_difference_is_the_smallest() -> None:
    assert p_value(*drawn(np.random.default_rng(4), 50, 2)) == 0.001


def test_copies_add_no_certainty() -> None:
    values, is_simulated, groups = drawn(np.random.default_rng(5), 60, SHIFT)
    once = estimate(values, is_simulated, groups)
    five = estimate(np.repeat(values, 5, axis=0), np.repeat(is_simulated, 5), np.repeat(groups, 5))
    assert five.high - five.low > 0.85 * (once.high - once.low)


def test_groups_stay_in_one_fold_and_both_sides_are_in_all() -> None:
    keys = [f"seed {number % 12}" for number in range(60)] + [f"real {n}" for n in range(80)]
    groups = group_numbers(keys)
    is_simulated = np.arange(140) < 60
    fold = folds_of(groups, is_simulated, 0)
    assert all(len(set(fold[groups == group])) == 1 for group in set(groups))
    sizes = [
        [int((fold[side] == n).sum()) for n in range(FOLDS)]
        for side in (is_simulated, ~is_simulated)
    ]
    assert sizes == [[30, 30], [40, 40]]


def test_the_distance_is_the_one_of_kolmogorov_and_smirnov() -> None:
    # Up to 1: 2 of 4 against 0 of 2; up to 3: 4 of 4 against 1 of 2.
    assert ks_distance(np.array([0.0, 1, 2, 3]), np.array([3.0, 4])) == 0.75
    assert ks_distance(np.array([1.0, 2]), np.array([1.0, 2])) == 0


@pytest.mark.parametrize(
    ("auc", "floor", "grade"),
    [
        (0.4, 0.5, "A"), (0.55, 0.5, "A"), (0.56, 0.5, "B"), (0.7, 0.5, "C"), (0.8, 0.5, "D"),
        (0.9, 0.5, "E"), (0.93, 0.5, "F"), (1, 0.5, "F"), (0.64, 0.6, "A"), (0.64, 0.45, "C"),
    ],
)  # fmt: skip
def test_grades(auc: float, floor: float, grade: str) -> None:
    assert grade_of(auc, floor) == grade
