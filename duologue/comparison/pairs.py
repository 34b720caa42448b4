"""Pairs: the conversations of both sides that have the same seed and sample."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from duologue.comparison.outcomes import Better, Measured, Outcome, Status
from duologue.comparison.paired import Array
from duologue.conversation.messages import Conversation, Role


@dataclass(frozen=True, slots=True)
class Pair:
    """What both sides made of one sample of one seed."""

    seed_id: str
    sample: int
    baseline: Measured | None
    """None if that side has no such sample."""
    candidate: Measured | None

    @property
    def statuses(self) -> tuple[Status | None, Status | None]:
        """The baseline's and the candidate's."""
        return (
            self.baseline.status if self.baseline else None,
            self.candidate.status if self.candidate else None,
        )

    @property
    def is_users_fault(self) -> bool:
        """Whether a simulated user left its role on either side."""
        return Status.USER_AT_FAULT in self.statuses

    @property
    def first_difference(self) -> int | None:
        """The first turn, from 1, that differs; None if none does or a side is missing."""
        one = self.baseline.conversation if self.baseline else None
        other = self.candidate.conversation if self.candidate else None
        return first_differing_turn(one, other) if one and other else None


def first_differing_turn(one: Conversation, other: Conversation) -> int | None:
    """Returns the first turn, from 1, in which two conversations of a seed differ.

    A turn is a chatbot reply and the user's answer. None if the conversations are the same.
    """
    turn = 0
    for index in range(max(len(one.messages), len(other.messages))):
        a, b = (each.messages[index : index + 1] for each in (one, other))
        if any(message.role is Role.ASSISTANT for message in (*a, *b)):
            turn += 1
        if [(m.role, m.text) for m in a] != [(m.role, m.text) for m in b]:
            return max(turn, 1)
    return None


def paired(baseline: Iterable[Measured], candidate: Iterable[Measured]) -> list[Pair]:
    """Pairs the conversations of both sides, in the baseline's order."""
    sides: tuple[dict[tuple[str, int], Measured], ...] = tuple(
        {(one.seed_id, one.sample): one for one in side} for side in (baseline, candidate)
    )
    keys = dict.fromkeys((*sides[0], *sides[1]))
    return [Pair(*key, sides[0].get(key), sides[1].get(key)) for key in keys]


@dataclass(frozen=True, slots=True)
class SeedValues:
    """The values of an outcome by seed: each a mean over the seed's samples."""

    baseline: Array
    candidate: Array
    most_samples: int
    """The most samples that a seed has on either side."""

    @property
    def differences(self) -> Array:
        """The candidate's minus the baseline's, one for each seed."""
        return self.candidate - self.baseline


def seed_values(
    pairs: Sequence[Pair], outcome: Outcome, with_users_faults: bool = False
) -> SeedValues:
    """Collects an outcome of both sides, for the seeds that both sides have a value for.

    A conversation that the baseline lacks says nothing, so its pair is left out. One that the
    candidate lacks counts as the worst value there is: 0 for a share, and for anything else that
    improves one way, the worst value of either side.

    Args:
        pairs: of the comparison.
        outcome: which.
        with_users_faults: include pairs in which a simulated user left its role.
    """
    worst = _worst(pairs, outcome)
    values: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for pair in pairs:
        if pair.is_users_fault and not with_users_faults:
            continue
        if pair.baseline is not None and pair.baseline.status is Status.FAILED:
            continue
        for side, measured in enumerate((pair.baseline, pair.candidate)):
            if measured is None:
                continue
            value = measured.values.get(outcome.name)
            if measured.status is Status.FAILED:
                value = worst
            if value is not None:
                values[pair.seed_id][side].append(value)
    complete = [(one, other) for one, other in values.values() if one and other]
    return SeedValues(
        np.array([np.mean(one) for one, _ in complete], dtype=np.float64),
        np.array([np.mean(other) for _, other in complete], dtype=np.float64),
        max((len(side) for both in complete for side in both), default=0),
    )


def _worst(pairs: Sequence[Pair], outcome: Outcome) -> float | None:
    if outcome.better is Better.NEITHER:
        return None
    if outcome.is_share:
        return 0.0 if outcome.better is Better.MORE else 1.0
    known = [
        measured.values[outcome.name]
        for pair in pairs
        for measured in (pair.baseline, pair.candidate)
        if measured is not None and outcome.name in measured.values
    ]
    if not known:
        return None
    return min(known) if outcome.better is Better.MORE else max(known)


def pass_hat_k(passes: Mapping[str, Sequence[bool]]) -> dict[int, float]:
    """Estimates pass^k: the probability that k samples of a seed are all good.

    Yao et al. 2024, "tau-bench" (arXiv 2406.12045): the mean over seeds of C(c, k) / C(n, k), with
    c good ones of n samples. Seeds with fewer than k samples are left out.

    Args:
        passes: whether each sample is good, by seed.

    Returns:
        By k, from 1 to the most samples of a seed.
    """
    most = max((len(samples) for samples in passes.values()), default=0)
    found = {}
    for k in range(1, most + 1):
        shares = [_all_good(samples, k) for samples in passes.values() if len(samples) >= k]
        found[k] = float(np.mean(shares))
    return found


def _all_good(samples: Sequence[bool], k: int) -> float:
    good, share = sum(samples), 1.0
    for drawn in range(k):
        share *= max(good - drawn, 0) / (len(samples) - drawn)
    return share
