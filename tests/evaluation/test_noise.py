"""The test that decides whether a chatbot is worse than its noise, on simulated evaluations."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.noise_power import LEVEL, Bank
from duologue.evaluation.noise import below_noise, closeness, difference, findable_share

Array = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def bank() -> Bank:
    """Replies of a chatbot that paraphrases at random."""
    return Bank(60)


def seeds_of(seeds: int, prefixes: int = 4) -> npt.NDArray[np.intp]:
    return np.repeat(np.arange(seeds), prefixes)


def test_closeness_is_the_similarity_to_the_nearest_other_reply() -> None:
    similarities = np.array([[1, 0.2, 0.3, 0.1], [0.2, 1, 0.7, 0.4], [0.3, 0.7, 1, 0.6]])
    with_reference = np.vstack([similarities, [0.1, 0.4, 0.6, 1]])[None]
    assert closeness(with_reference, 3).tolist() == [[0.3, 0.7, 0.7]]
    assert closeness(with_reference[:, :2, :2], 2).tolist() == [[0.2, 0.2]]


def test_the_p_value_is_that_of_all_permutations() -> None:
    """Four seeds of one prefix: 81 ways to pick the candidate, counted one by one."""
    values = np.random.default_rng(5).random((4, 3))
    values[:, 0] -= 0.3

    def largest(picks: tuple[int, ...]) -> float:
        """The largest standardised excess if these columns were the candidate's."""
        below = values.mean(axis=1, keepdims=True) - values
        counted = [below]
        for of in (values, -below):
            counted += [(of < np.quantile(of, share)).astype(float) for share in (0.02, 0.05)]
            counted += [(of < np.quantile(of, share)).astype(float) for share in (0.1, 0.2)]
        excess = []
        for one in counted:
            spread = np.sqrt(sum(np.var(row) for row in one))
            mean = sum(np.mean(row) for row in one)
            excess.append((sum(one[n, pick] for n, pick in enumerate(picks)) - mean) / spread)
        return float(max(excess))

    observed = largest((0, 0, 0, 0))
    exact = np.mean([largest(picks) >= observed - 1e-9 for picks in product(range(3), repeat=4)])
    found = difference(values, seeds_of(4, 1), LEVEL).p_value
    assert 0.05 < exact < 0.95, "otherwise this says little"
    assert found == pytest.approx(exact, abs=0.025)


def test_a_wrong_reply_counts_by_how_unlikely_it_is_where_all_others_are_the_same() -> None:
    """In each of k seeds the candidate is one of four, and the odd one out."""
    for wrong, expected in ((1, 1 / 4), (3, 1 / 64), (5, 1 / 1024)):
        values = np.ones((400, 4))
        values[: wrong * 4 : 4, 0] = 0.2
        found = difference(values, seeds_of(100), LEVEL).p_value
        random_error = (expected / 2000) ** 0.5  # of a share among 2,000 permutations
        assert found == pytest.approx(expected, abs=3 * random_error + 1 / 2000)


def test_an_unchanged_chatbot_passes_at_least_98_of_100_evaluations(bank: Bank) -> None:
    failed = sum(bank.failed(100, 3, wrong=0) for _ in range(1000))
    assert failed <= 20, "1 % are allowed; more than 20 of 1,000 have a probability of 0.2 %"


def test_one_wrong_reply_in_ten_fails_at_least_95_of_100_evaluations(bank: Bank) -> None:
    for seeds in (100, 200):
        failed = sum(bank.failed(seeds, 3, wrong=0.1) for _ in range(100))
        assert failed >= 95


def bimodal(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return np.where(rng.random(shape) < 0.5, rng.normal(0.2, 0.05, shape), rng.normal(0.9, 0.05))


def half_deterministic(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    values = rng.beta(1, 2, shape)
    values[::2] = 1.0
    return values


def by_session(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """A good or a bad mood for the whole conversation."""
    moods = np.repeat(rng.random((shape[0] // 4, shape[1])), 4, axis=0)
    values: Array = np.where(moods < 0.2, 0.1, 0.6) + rng.normal(0, 0.02, shape)
    return values


NOISES = {
    "heavy tail": lambda rng, shape: rng.beta(0.6, 1, shape),
    "bimodal": bimodal,
    "half of the prefixes have one answer": half_deterministic,
    "hardly any": lambda rng, shape: 1 - 1e-6 * rng.random(shape),
    "one odd reply": lambda rng, shape: np.where(rng.random(shape) < 0.002, 0.3, 1.0),
    "the same for a whole conversation": by_session,
}


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("seeds", [5, 40])
def test_the_level_holds_whatever_the_noise(noise: str, seeds: int) -> None:
    rng = np.random.default_rng(3)
    p_values = np.array(
        [
            difference(NOISES[noise](rng, (seeds * 4, 4)), seeds_of(seeds), LEVEL).p_value
            for _ in range(300)
        ]
    )
    for level, most in ((0.01, 9), (0.05, 28), (0.2, 82)):
        assert np.count_nonzero(p_values <= level) <= most, "p < 0.2 % if the level holds"


def test_where_all_replies_are_the_same_nothing_is_worse() -> None:
    values = np.ones((400, 4))
    assert difference(values, seeds_of(100), LEVEL).p_value == 1.0
    assert not below_noise(values).any()
    assert findable_share(values, np.full(400, 0.1), seeds_of(100), LEVEL) == 0.02


def test_five_seeds_are_too_few_to_tell_but_a_hundred_are_not(bank: Bank) -> None:
    unrelated = bank.values(100, 3, wrong=1)[:, 0]
    shares = []
    for seeds in (2, 5, 50, 100):
        values = bank.values(seeds, 3, wrong=0)
        shares.append(findable_share(values, unrelated[: len(values)], seeds_of(seeds), LEVEL))
    assert shares[0] is None
    assert shares[1] is None or shares[1] >= 0.3
    assert shares[2] is not None
    assert 0.07 <= shares[2] <= 0.15
    assert shares[3] is not None
    assert 0.05 <= shares[3] <= 0.1


def test_one_reply_in_100_of_an_unchanged_chatbot_is_below_the_noise(bank: Bank) -> None:
    unchanged = np.mean([below_noise(bank.values(100, 3, wrong=0)).mean() for _ in range(50)])
    wrong = np.mean([below_noise(bank.values(100, 3, wrong=0.1)).mean() for _ in range(50)])
    assert unchanged <= 0.012
    assert wrong >= 3 * unchanged


def test_a_reply_is_below_the_noise_where_usually_all_are_the_same() -> None:
    rng = np.random.default_rng(2)
    values = rng.beta(1, 2, (400, 4))
    values[:200] = 1.0
    values[10, 0] = 0.3
    assert below_noise(values)[:200].nonzero()[0].tolist() == [10]


def test_a_first_column_that_is_better_is_found_on_request_only() -> None:
    rng = np.random.default_rng(2)
    values = rng.beta(2, 2, (200, 4))
    values[:, 0] = 0.95
    assert difference(values, seeds_of(50), LEVEL).p_value > 0.9
    assert difference(values, seeds_of(50), LEVEL, two_sided=True).p_value <= 0.001
