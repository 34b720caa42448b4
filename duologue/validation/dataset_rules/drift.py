"""Where a measure leaves what it was in earlier versions.

The band is made of the earlier versions alone, and of the chance that is in the version itself; no
number says how much change is much. It is the median of the earlier versions plus and minus the
larger of

- `drift_distances` times their usual distance from it: the mean of their distances without the
  largest, so that one bad night among them hides no other. It is multiplied by (n - 1) / (n - 4),
  because what few versions keep within says little of what is usual. Simulated with a million
  draws from a normal distribution, a value leaves the band by chance with a probability of 0.0018
  after 5 versions, 0.0004 after 10 and 0.00013 after 14.
- SAMPLING_ERRORS times the measure's own standard error, because a small dataset is never twice the
  same, however alike a few of its earlier versions were.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from statistics import fmean, median

from duologue.validation.dataset_rules.measures import share_error
from duologue.validation.quality import DatasetQuality, Measure

EARLIER_VERSIONS = 14
"""The most that the band is made of: two weeks of nights. A change that is meant to be is usual
after half of them."""

FEWEST_VERSIONS = 5
"""With fewer there is no band: the usual distance of four is anything."""

SAMPLING_ERRORS = 5
"""With 5, and the median of earlier versions being off by chance too, one measure leaves the band
once in some 20,000 nights."""

MORE_IS_WORSE = frozenset(
    {"failed_share", "invalid_share", "near_duplicate_share", "canned_reply_share"}
)
"""Of these, less than before is good news."""


AT_MOST_ONE = ("_share", "_variety", "_pairs")
"""How the measures end that are shares of something."""


def compared(
    values: Mapping[str, float],
    errors: Mapping[str, float],
    counts: Mapping[str, int],
    earlier: Sequence[DatasetQuality],
    distances: float,
) -> dict[str, Measure]:
    """Sets the measures of a version beside those of the versions before it.

    Args:
        values: of this version, by name.
        errors: the standard error of each, where it was estimated; it is taken for 0 otherwise.
        counts: of measures that are plain shares instead: of how many conversations.
        earlier: of the versions before, oldest first.
        distances: how many times their usual distance from their median these may be left behind.
    """
    measures = {}
    for name, value in values.items():
        known = [quality.measures[name].value for quality in earlier if name in quality.measures]
        in_last = earlier[-1].measures.get(name) if earlier else None
        band = {}
        if len(known) >= FEWEST_VERSIONS:
            known = known[-EARLIER_VERSIONS:]
            # A share's chance is that of what it was before: an outage's own would cover it up.
            is_share = name in counts
            error = share_error(median(known), counts[name]) if is_share else errors.get(name, 0.0)
            band = _band(
                name, known, max(distances * _usual_distance(known), SAMPLING_ERRORS * error)
            )
        before = in_last.value if in_last else None
        measures[name] = Measure(value=_rounded(value), before=before, **band)
    return measures


def drifted(measures: Mapping[str, Measure]) -> Iterator[tuple[str, str]]:
    """Finds measures outside of their bands; gives the name of each and what happened to it.

    Known false positives: changes that are meant, such as a new release of the chatbot or other
    turns. They are told until half of the earlier versions have them.
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
    """Measures how far versions usually are from their median; the fewer, the more is usual."""
    middle = median(known)
    distances = sorted(abs(value - middle) for value in known)
    return fmean(distances[:-1]) * (len(known) - 1) / (len(known) - 4)


def _band(name: str, known: Sequence[float], width: float) -> dict[str, float]:
    middle = median(known)
    low = 0.0 if name in MORE_IS_WORSE else max(middle - width, 0.0)
    most = 1.0 if name.endswith(AT_MOST_ONE) else inf
    return {"low": _rounded(low), "high": _rounded(min(middle + width, most))}


def _rounded(value: float) -> float:
    """Rounds to four digits that count: more are chance in any dataset."""
    return float(f"{value:.4g}")
