"""Tells two sides apart by logistic regression, with separate training and test data.

A classifier two-sample test (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", arXiv
1610.06545): if a classifier cannot tell two samples apart on conversations that it has not seen,
they may come from the same users.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Groups = NDArray[np.intp]
"""For each conversation, the number of the group that it belongs to; from 0, all in use."""

FOLDS = 2
"""With more, the folds share most of their training data, and the AUCs of equal
users scatter more than their intervals allow: on halves of 981 real users by 0.025 with 5 folds, by
0.018 with 2, which is what theory says for one sample."""
REPEATS = 5
"""How often the cross-validation is repeated, each time with other folds (5x2, after Dietterich
1998, Neural Computation 10:1895-1923)."""
RIDGE = 1.0
"""The penalty on each squared weight, as if one conversation contradicted it."""
MOST_DEVIATIONS = 4.0
"""One message of a thousand words must not decide."""
_STEPS = 25
_CLOSE_ENOUGH = 1e-6


def group_numbers(keys: Sequence[str]) -> Groups:
    """Returns the number of each key's group."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.intp)


def folds_of(groups: Groups, is_simulated: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    """Deals conversations out to folds.

    Groups stay together. Each side is spread over all folds as evenly as its groups allow, the
    largest groups first.

    Returns:
        For each conversation, the number of its fold.
    """
    count = int(groups.max()) + 1
    sides = [np.bincount(groups[side], minlength=count) for side in (is_simulated, ~is_simulated)]
    sizes = np.stack(sides, axis=1) / [max(side.sum(), 1) for side in sides]
    order = np.random.default_rng(seed).permutation(count)
    order = order[np.argsort(-np.round(sizes[order].sum(axis=1), 9), kind="stable")]
    held = [[0.0, 0.0] for _ in range(FOLDS)]
    fold = np.empty(count, dtype=np.intp)
    for name, (simulated, real) in zip(order.tolist(), sizes[order].tolist(), strict=True):
        # The fold with the fewest conversations of this group's sides.
        loads = [a * simulated + b * real for a, b in held]
        chosen = loads.index(min(loads))
        fold[name] = chosen
        held[chosen] = [held[chosen][0] + simulated, held[chosen][1] + real]
    return fold[groups]


def standardised(learned: Numbers, tested: Numbers) -> tuple[Numbers, Numbers]:
    """Scales features by the training data: mean 0, deviation 1, unknown values at the mean."""
    known = ~np.isnan(learned)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, learned, 0).sum(axis=0) / count
    deviation = np.sqrt((np.where(known, learned - mean, 0) ** 2).sum(axis=0) / count)
    deviation[deviation < 1e-9] = 1
    both = (np.nan_to_num((one - mean) / deviation) for one in (learned, tested))
    first, second = (np.clip(one, -MOST_DEVIATIONS, MOST_DEVIATIONS) for one in both)
    return first, second


def fitted(features: Numbers, is_simulated: NDArray[np.bool_]) -> Numbers:
    """Fits a ridge logistic regression by Newton's method; both sides weigh the same.

    Args:
        features: standardised; a row for each conversation.
        is_simulated: of each.

    Returns:
        The weights, the intercept last.
    """
    rows = np.column_stack([features, np.ones(len(features))])
    share = is_simulated.mean()
    importance = np.where(is_simulated, 0.5 / share, 0.5 / (1 - share))
    penalty = np.full(rows.shape[1], RIDGE)
    penalty[-1] = 1e-9
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (importance * (chance - is_simulated)) + penalty * weights
        curve = (rows * (importance * chance * (1 - chance))[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < _CLOSE_ENOUGH:
            break
    return weights


def unseen_scores(
    features: Numbers, is_simulated: NDArray[np.bool_], groups: Groups, repeats: int = REPEATS
) -> Iterator[tuple[NDArray[np.intp], Numbers]]:
    """Tests each conversation with a classifier that was fitted without its fold.

    Yields:
        For each fold of each repeat, the places of its conversations, and how simulated each seems.
    """
    for repeat in range(repeats):
        fold = folds_of(groups, is_simulated, repeat)
        for number in range(FOLDS):
            test = np.flatnonzero(fold == number)
            learn = np.flatnonzero(fold != number)
            if not _has_both(is_simulated[test]) or not _has_both(is_simulated[learn]):
                continue
            known, unknown = standardised(features[learn], features[test])
            weights = fitted(known, is_simulated[learn])
            yield test, unknown @ weights[:-1]


def _has_both(is_simulated: NDArray[np.bool_]) -> bool:
    return bool(is_simulated.any() and not is_simulated.all())
