"""How two sides differ in each feature: distributions, their distance, a sentence, examples."""

from collections.abc import Callable, Sequence
from math import exp, isnan

import numpy as np

from duologue.realism.classifier import Numbers
from duologue.realism.features import Feature, Kind, messages_of
from duologue.realism.result import DECIMALS, Distribution, Example, FeatureDifference
from duologue.realism.users import Spoken, UserSide, digest

EXAMPLES = 3
RANGES = 8
"""The number of ranges in the distribution of a number."""
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_SHARES = ("none", "up to a quarter", "up to half", "up to three quarters", "up to all")


def difference(
    feature: Feature,
    users: tuple[Sequence[UserSide], Sequence[UserSide]],
    values: tuple[Numbers, Numbers],
    weights: tuple[Numbers, Numbers],
    features: int,
    names: tuple[str, str],
) -> FeatureDifference | None:
    """Compares two sides in one feature; None if one of them has no value at all.

    Args:
        feature: which one.
        users: the simulated and the real ones.
        values: the feature's, one for each user; nan where it has none.
        weights: of how many messages each value is the mean.
        features: how many are compared, for what counts as clear.
        names: of the sides, as the subject of a sentence.
    """
    known = tuple(one[~np.isnan(one)] for one in values)
    if not len(known[0]) or not len(known[1]):
        return None
    distance = ks_distance(known[0], known[1])
    told = tuple(_told(feature, *pair) for pair in zip(values, weights, strict=True))
    ranges = _ranges(feature, np.concatenate(known))
    simulated, real = (
        _distribution(of_side, value, ranges) for of_side, value in zip(known, told, strict=True)
    )
    return FeatureDifference(
        feature=feature.name,
        part=feature.part,
        decides=feature.decides,
        distance=round(distance, DECIMALS),
        is_clear=_is_clear(distance, len(known[0]), len(known[1]), features),
        sentence=_sentence(feature, told, names),
        simulated=simulated,
        real=real,
        examples=_examples(feature, users[0], values[0], told),
    )


def ks_distance(first: Numbers, second: Numbers) -> float:
    """Returns the largest difference between two cumulative distributions, from 0 to 1."""
    at = np.unique(np.concatenate([first, second]))
    shares = (np.searchsorted(np.sort(one), at, side="right") / len(one) for one in (first, second))
    return float(np.abs(next(shares) - next(shares)).max())


def _is_clear(distance: float, first: int, second: int, features: int) -> bool:
    """Tests a distance at 5 % for all features together (Smirnov 1948, and Bonferroni)."""
    return 2 * exp(-2 * distance**2 * first * second / (first + second)) < 0.05 / features


def _told(feature: Feature, values: Numbers, weights: Numbers) -> float:
    """Returns the value of a side: a share of all its messages, or the median conversation's."""
    known = ~np.isnan(values)
    if feature.kind is Kind.SHARE:
        return float(np.average(values[known], weights=weights[known]))
    return float(np.median(values[known]))


def _sentence(feature: Feature, told: tuple[float, ...], names: tuple[str, str]) -> str:
    simulated, real = (_figure(feature, value) for value in told)
    who, others = names
    text = feature.sentence.format(
        who=who, who_of=who[:1].lower() + who[1:], others=others, simulated=simulated, real=real
    )
    return text[:1].upper() + text[1:]


def _figure(feature: Feature, value: float) -> str:
    if feature.kind is Kind.SHARE or feature.name in PERCENTAGES:
        percent = 100 * value
        return f"{percent:.0f} %" if percent >= 9.95 or percent == 0 else f"{percent:.1f} %"
    return f"{value:.1f}"


PERCENTAGES = ("words_variation", "variety", "takes_up")
"""Numbers that read best in percent."""


def _ranges(feature: Feature, values: Numbers) -> Callable[[Numbers], dict[str, int]]:
    """Returns a function that counts values by ranges, which fit the values of both sides."""
    if feature.kind is Kind.SHARE:
        edges, labels = np.array([0, 0.25, 0.5, 0.75]), list(_SHARES)
    else:
        rounded = np.unique([float(f"{q:.2g}") for q in np.quantile(values, _inner_quantiles())])
        edges = rounded
        texts = [_figure(feature, edge) for edge in edges]
        labels = [f"up to {texts[0]}", *(f"to {text}" for text in texts[1:]), f"over {texts[-1]}"]

    def counted(of_side: Numbers) -> dict[str, int]:
        places = np.searchsorted(edges, of_side - 1e-12, side="left")
        counts = np.bincount(places, minlength=len(labels))
        merged: dict[str, int] = {}
        for label, count in zip(labels, counts, strict=True):
            merged[label] = merged.get(label, 0) + int(count)
        return merged

    return counted


def _inner_quantiles() -> Numbers:
    return np.linspace(0, 1, RANGES + 1)[1:-1]


def _distribution(
    values: Numbers, told: float, ranges: Callable[[Numbers], dict[str, int]]
) -> Distribution:
    tenth, quarter, half, three, nine = (
        round(float(q), DECIMALS) for q in np.quantile(values, _QUANTILES)
    )
    return Distribution(
        conversations=len(values),
        value=round(told, DECIMALS),
        quantiles=(tenth, quarter, half, three, nine),
        counts=ranges(values),
    )


def _examples(
    feature: Feature, users: Sequence[UserSide], values: Numbers, told: tuple[float, ...]
) -> tuple[Example, ...]:
    """Finds simulated messages that show a difference, in different conversations if possible.

    If the simulated users do something more often than real ones, they are messages with it; if
    less often, messages without it; and of a number, messages with the usual one.
    """
    wanted = told[0]
    if feature.kind is Kind.SHARE:
        wanted = 1.0 if told[0] >= told[1] else 0.0
    of_users = [
        (abs(feature.scaled(value) - feature.scaled(wanted)), digest(user), user)
        for user, value in zip(users, values, strict=True)
        if not isnan(value)
    ]
    in_order = [user for _, _, user in sorted(of_users, key=lambda triple: triple[:2])]
    found = [_closest(feature, user, wanted) for user in in_order[: 4 * EXAMPLES]]
    best = sorted(found, key=lambda pair: pair[0])[:EXAMPLES]
    return tuple(example for _, example in best)


def _closest(feature: Feature, user: UserSide, wanted: float) -> tuple[float, Example]:
    mark = feature.of_message
    spoken: Sequence[Spoken] = messages_of(user, feature.part)
    if mark is None:
        return 0.0, Example(conversation_id=user.id, message_index=user.spoken[-1].position)
    marked = [
        (abs(feature.scaled(value) - feature.scaled(wanted)), message.position)
        for message in spoken
        if (value := mark(message)) is not None
    ]
    distance, position = min(marked)
    return distance, Example(conversation_id=user.id, message_index=position)
