"""How often the noise test fails an unchanged chatbot, and one with some wrong replies.

    python -m benchmarks.noise_power [EVALUATIONS]

The chatbot paraphrases at random (`tests/support/paraphrasing.py`); conversations have four
prefixes, as those with three turns have.
"""

import random
import sys

import numpy as np
import numpy.typing as npt

from duologue.evaluation.noise import closeness, difference
from duologue.evaluation.scorers import similarity
from tests.support.paraphrasing import TOPICS, paraphrase

LEVEL = 0.01
PREFIXES = 4
"""Of one seed."""

Array = npt.NDArray[np.float64]


class Bank:
    """Replies to each topic, and how similar all of them are to each other."""

    def __init__(self, replies: int, random_seed: int = 1) -> None:
        rng = random.Random(random_seed)
        texts = [paraphrase(topic, rng) for topic in TOPICS for _ in range(replies)]
        self._replies = replies
        self._similarities = np.array([[similarity(a, b) for b in texts] for a in texts])
        self._rng = np.random.default_rng(random_seed)

    def values(
        self, seeds: int, samples: int, wrong: float, kept: npt.NDArray[np.intp] | None = None
    ) -> Array:
        """Simulates an evaluation; returns the closeness of its replies.

        Args:
            seeds: how many seeds.
            samples: how many times the version's chatbot is asked again.
            wrong: the share of the candidate's replies that answer another topic.
            kept: the replies of an earlier evaluation's noise, from `asked_again`.
        """
        replies = self.asked_again(seeds, samples) if kept is None else kept.copy()
        topics = replies[:, 1] // self._replies
        is_wrong = self._rng.random(len(replies)) < wrong
        topics[is_wrong] += self._rng.integers(1, len(TOPICS), is_wrong.sum())
        replies[:, 0] = self._replies * (topics % len(TOPICS))
        replies[:, 0] += self._rng.integers(0, self._replies, len(replies))
        return closeness(self._similarities[replies[:, :, None], replies[:, None]], samples + 1)

    def asked_again(self, seeds: int, samples: int) -> npt.NDArray[np.intp]:
        """Draws the replies of a version's chatbot, the reference reply last."""
        topics = self._rng.integers(0, len(TOPICS), seeds * PREFIXES)
        drawn = self._rng.integers(0, self._replies, (len(topics), samples + 2))
        return topics[:, None] * self._replies + drawn

    def failed(
        self, seeds: int, samples: int, wrong: float, kept: npt.NDArray[np.intp] | None = None
    ) -> bool:
        """Checks whether a simulated evaluation finds the candidate to be worse."""
        values = self.values(seeds, samples, wrong, kept)
        of_seed = np.repeat(np.arange(seeds), PREFIXES)
        return difference(values, of_seed, LEVEL).p_value <= LEVEL


def main() -> None:
    """Prints the shares that fail, and how often 100 evaluations with one noise go well."""
    evaluations = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    bank = Bank(150)
    print("seeds  samples  unchanged   5 % wrong  10 % wrong  20 % wrong")
    for seeds in (25, 50, 100, 200):
        for samples in (1, 2, 3, 5):
            shares = (
                np.mean([bank.failed(seeds, samples, wrong) for _ in range(evaluations)])
                for wrong in (0, 0.05, 0.1, 0.2)
            )
            print(f"{seeds:5}  {samples:7}  ", "  ".join(f"{share:10.1%}" for share in shares))
    passed = []
    for _ in range(evaluations // 5):
        kept = bank.asked_again(100, 3)
        passed.append(100 - sum(bank.failed(100, 3, 0, kept) for _ in range(100)))
    good = np.mean(np.array(passed) >= 95)
    print(f"100 evaluations that share one noise: at least 95 pass for {good:.1%} of the noises")


if __name__ == "__main__":
    main()
