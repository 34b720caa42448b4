"""The statistics of pairs, against hand calculations, published examples and simulated truth."""

from collections.abc import Callable
from math import comb

import numpy as np
import pytest

from duologue.comparison.paired import Array, holm, interval, p_value, smallest_visible
from duologue.comparison.pairs import pass_hat_k

LEVEL = 0.95


def signs(better: int, worse: int, same: int) -> Array:
    return np.array([1.0] * better + [-1.0] * worse + [0.0] * same)


def test_mid_p_is_the_exact_probability_less_half_of_what_was_seen() -> None:
    # By hand: with 1 of 10 discordant pairs, 2 * P(0) + P(1) under a fair coin.
    assert p_value(signs(9, 1, 40), 1) == pytest.approx((2 * 1 + 10) / 2**10, abs=1e-12)
    assert p_value(signs(1, 9, 0), 1) == p_value(signs(9, 1, 0), 1)
    assert p_value(signs(4, 4, 2), 1) == 1.0
    assert p_value(signs(0, 0, 9), 1) == 1.0


def test_mid_p_agrees_with_binomials_for_every_small_table() -> None:
    for total in range(1, 25):
        for fewer in range((total + 1) // 2):
            expected = sum(2 * comb(total, k) for k in range(fewer)) + comb(total, fewer)
            found = p_value(signs(total - fewer, fewer, 3), 1)
            assert found == pytest.approx(min(1.0, expected / 2**total), abs=1e-12)


def test_the_ends_of_tangos_interval_solve_its_equation() -> None:
    better, worse, same = 12, 5, 83
    n, z = better + worse + same, 1.959963984540054
    for end in interval(signs(better, worse, same), LEVEL, 1):
        a, b = 2 * n, -better - worse + (2 * n - better + worse) * end
        q = (-b + (b * b + 4 * a * worse * end * (1 - end)) ** 0.5) / (2 * a)
        score = (better - worse - n * end) / (n * (2 * q + end * (1 - end))) ** 0.5
        assert abs(score) == pytest.approx(z, abs=1e-9)


def test_the_permutation_test_is_exact_on_a_few_seeds() -> None:
    # All 16 sign patterns of 1, 2, 3, 4: only all-plus and all-minus reach a sum of 10.
    found = p_value(np.array([1.0, 2.0, 3.0, 4.0]))
    assert found == pytest.approx(2 / 16, abs=0.01)
    assert p_value(np.zeros(5)) == 1.0


def test_holm_multiplies_the_smallest_most_and_never_falls() -> None:
    # By hand: 0.01 * 4, 0.02 * 3, max(0.06, 0.03 * 2), max(0.06, 0.5 * 1).
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_one_seed_says_nothing_about_how_seeds_vary() -> None:
    assert interval(np.array([0.3]), LEVEL) == (-np.inf, np.inf)


def test_equal_differences_have_an_interval_without_width() -> None:
    assert interval(np.array([0.25, 0.25, 0.25]), LEVEL) == (0.25, 0.25)


def test_the_smallest_visible_difference_is_found_four_times_of_five() -> None:
    rng = np.random.default_rng(3)
    size = smallest_visible(lambda _: 1.0, 10.0, seeds=100, tests=1, level=0.05)
    assert size is not None
    found = sum(p_value(rng.normal(size, 1.0, 100)) < 0.05 for _ in range(200))
    assert 0.72 < found / 200 < 0.88


def test_pass_k_counts_the_ways_to_draw_good_samples() -> None:
    passes = {"a": [True, True, True], "b": [True, False, True], "c": [False] * 3}
    # By hand: k=2 gives 1, C(2,2)/C(3,2) = 1/3, 0; k=3 gives 1, 0, 0.
    assert pass_hat_k(passes) == pytest.approx({1: 5 / 9, 2: 4 / 9, 3: 1 / 3})
    assert pass_hat_k({}) == {}


def shares(before: float, after: float, samples: int, seeds: int) -> Callable[..., Array]:
    """Seeds that differ in how hard they are."""

    def draw(rng: np.random.Generator) -> Array:
        ease = rng.beta(8 * before, 8 * (1 - before), seeds)
        after_ease = np.clip(ease * after / before, 0, 1) if after < before else ease
        one = rng.random((seeds, samples)) < ease[:, None]
        other = rng.random((seeds, samples)) < after_ease[:, None]
        difference: Array = other.mean(axis=1) - one.mean(axis=1)
        return difference

    return draw


def skewed(rng: np.random.Generator) -> Array:
    difference: Array = rng.lognormal(0.2, 0.8, 120) - rng.lognormal(0, 0.8, 120)
    return difference


SKEWED_TRUTH = float(np.exp(0.2 + 0.32) - np.exp(0.32))


@pytest.mark.parametrize(
    ("draw", "truth", "share_of"),
    [
        pytest.param(shares(0.5, 0.5, 1, 200), 0.0, 1, id="half, no change"),
        pytest.param(shares(0.9, 0.72, 1, 200), -0.18, 1, id="often, less"),
        pytest.param(shares(0.97, 0.97, 1, 200), 0.0, 1, id="near 1"),
        pytest.param(shares(0.04, 0.04, 1, 200), 0.0, 1, id="near 0"),
        pytest.param(shares(0.95, 0.76, 3, 150), -0.19, 3, id="three samples"),
        pytest.param(shares(0.05, 0.05, 3, 200), 0.0, 3, id="three samples near 0"),
        pytest.param(skewed, SKEWED_TRUTH, None, id="skewed amounts"),
    ],
)
def test_intervals_cover_the_true_difference(
    draw: Callable[..., Array], truth: float, share_of: int | None
) -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(600):
        low, high = interval(draw(rng), LEVEL, share_of)
        covered += low <= truth <= high
    assert 0.92 <= covered / 600 <= 0.982


def exact_coverage(seeds: int, better: float, worse: float) -> float:
    """The probability that the interval covers the truth, summed over every possible table.

    `better` and `worse` are how many seeds are expected to differ in each direction.
    """
    up, down = better / seeds, worse / seeds
    most = int(3 * (better + worse) + 20)
    covered = 0.0
    for first in range(most):
        for second in range(most - first):
            ways = comb(seeds, first) * comb(seeds - first, second)
            weight = ways * up**first * down**second * (1 - up - down) ** (seeds - first - second)
            if weight > 1e-7:
                low, high = interval(signs(first, second, seeds - first - second), LEVEL, 1)
                covered += weight * (low - 1e-9 <= up - down <= high + 1e-9)
    return covered


@pytest.mark.parametrize(
    ("better", "worse"), [(1.5, 1.5), (2, 2), (4, 4), (0, 3), (0, 8), (1, 5), (2, 10), (4, 16)]
)
def test_intervals_of_rare_changes_cover_as_often_as_they_say(better: float, worse: float) -> None:
    assert 0.93 <= exact_coverage(200, better, worse) <= 0.971


def test_two_equal_sides_differ_no_more_often_than_the_level() -> None:
    rng = np.random.default_rng(5)
    draw = shares(0.8, 0.8, 1, 200)
    found = sum(p_value(draw(rng), 1) < 0.05 for _ in range(1000))
    assert found / 1000 <= 0.065
