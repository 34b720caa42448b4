"""Drift: measures that leave the range of earlier versions.

The expected range comes only from the earlier versions and from chance in the version itself; there
are no fixed limits. It is the median of the earlier versions plus and minus the larger of

- `drift_distances` times their usual distance from it: the mean distance without the largest, so
  that one bad night does not hide another. It is multiplied by (n - 1) / (n - 4), because few
  versions say little about what is usual. In a simulation with a million draws from a normal
  distribution, a value left the range by chance with a probability of 0.0018 after 5 versions,
  0.0004 after 10 and 0.00013 after 14.
- SAMPLING_ERRORS times the measure's own standard error, because two small datasets are never the
  same, however similar a few earlier versions were.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from statistics import fmean, median

from duologue.validation.dataset_rules.measures import share_error
from duologue.validation.quality import DatasetQuality, Measure

EARLIER_VERSIONS = 14
"""Maximum number of earlier versions that count: two weeks of nights. An intended change is usual
after half of them."""

MIN_VERSIONS = 5
"""With fewer there is no expected range: the usual distance of four could be anything."""

SAMPLING_ERRORS = 5
"""With 5, one measure leaves the range about once in 20,000 nights, given that the median of
earlier versions is also off by chance."""

MORE_IS_WORSE = frozenset(
    {
        *("failed_share", "invalid_share", "near_duplicate_share", "canned_reply_share"),
        "realism_auc",
    }
)
"""For these measures, less than before is good news."""

LESS_IS_WORSE = frozenset({"coverage"})
"""For these, more than before is."""

AT_MOST_ONE = ("_share", "_variety", "_pairs", "_auc", "coverage")
"""Name endings of measures that are shares."""


def compared(
    values: Mapping[str, float],
    errors: Mapping[str, float],
    counts: Mapping[str, int],
    earlier: Sequence[DatasetQuality],
    distances: float,
) -> dict[str, Measure]:
    """Compares a version's measures with those of earlier versions.

    Args:
        values: this version's values, by name.
        errors: standard errors by name; 0 if missing.
        counts: for measures that are plain shares: the number of conversations they are shares of.
        earlier: the quality of earlier versions, oldest first.
        distances: the range's width, as a multiple of the earlier versions' usual distance.
    """
    measures = {}
    for name, value in values.items():
        known = [quality.measures[name].value for quality in earlier if name in quality.measures]
        in_last = earlier[-1].measures.get(name) if earlier else None
        band = {}
        if len(known) >= MIN_VERSIONS:
            known = known[-EARLIER_VERSIONS:]
            # The error of the earlier share: an outage's own error would hide it.
            is_share = name in counts
            error = share_error(median(known), counts[name]) if is_share else errors.get(name, 0.0)
            band = _band(
                name, known, max(distances * _usual_distance(known), SAMPLING_ERRORS * error)
            )
        before = in_last.value if in_last else None
        measures[name] = Measure(value=_rounded(value), before=before, **band)
    return measures


def drifted(measures: Mapping[str, Measure]) -> Iterator[tuple[str, str]]:
    """Yields the name of each measure outside its expected range, and an explanation.

    Known false positives: intended changes, such as a new release of the chatbot or a different
    number of turns. They are reported until half of the earlier versions show them.
    """
    for name, measure in measures.items():
        if measure.low is None or measure.high is None:
            continue
        if not measure.low <= measure.value <= measure.high:
            before = "" if measure.before is None else f", and {measure.before:g} in the one before"
            yield (
                name,
                f"{measure.value:g}; expected {measure.low:g} to {measure.high:g} as in earlier "
                f"versions{before}",
            )


def _usual_distance(known: Sequence[float]) -> float:
    """Returns how far versions usually are from their median; the fewer, the larger."""
    middle = median(known)
    distances = sorted(abs(value - middle) for value in known)
    return fmean(distances[:-1]) * (len(known) - 1) / (len(known) - 4)


def _band(name: str, known: Sequence[float], width: float) -> dict[str, float]:
    middle = median(known)
    low = 0.0 if name in MORE_IS_WORSE else max(middle - width, 0.0)
    most = 1.0 if name.endswith(AT_MOST_ONE) else inf
    high = most if name in LESS_IS_WORSE else min(middle + width, most)
    return {"low": _rounded(low), "high": _rounded(high)}


def _rounded(value: float) -> float:
    """Rounds to four significant digits; more are noise in any dataset."""
    return float(f"{value:.4g}")
