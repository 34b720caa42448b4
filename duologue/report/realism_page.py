"""Rendering how human simulated users are as one HTML page, which runs no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import RawIOBase
from typing import Protocol

from markupsafe import Markup

from duologue.realism.features import Part
from duologue.realism.grades import UP_TO
from duologue.realism.result import FeatureDifference, Realism
from duologue.report.plots import bars, line
from duologue.report.rendering import spoken, write_page

DRAWN = 12
"""Features whose distributions are drawn: the most different ones. The table has all."""


class _Measured(Protocol):
    @property
    def dataset(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def realism(self) -> Realism: ...


@dataclass(frozen=True, slots=True)
class PastRealism:
    """What was measured on an earlier version."""

    version: str
    realism: Realism


@dataclass(frozen=True, slots=True)
class Drawn:
    """A feature's two distributions, in percent of the conversations."""

    feature: FeatureDifference
    simulated: Markup | None
    real: Markup | None
    rows: Sequence[tuple[str, int, int]]
    """By range of values: simulated and real."""


def write_realism_report(
    measured: _Measured, earlier: Sequence[PastRealism], file: RawIOBase
) -> None:
    """Writes the page on a version's realism.

    Args:
        measured: what was measured on the version.
        earlier: what was measured on versions before it, oldest first.
        file: where it is written to, as UTF-8.
    """
    realism = measured.realism
    deciding = [one for one in realism.features if one.decides]
    write_page(
        "realism.html.jinja",
        ["page.css"],
        [],
        file,
        manifest=measured,
        realism=realism,
        deciding=deciding,
        opening=[one for one in realism.features if one.part == Part.OPENING],
        drawn=[_drawn(one) for one in deciding[:DRAWN]],
        trend=_trend(measured, earlier),
        grades=UP_TO,
        spoken=spoken,
    )


def _drawn(feature: FeatureDifference) -> Drawn:
    simulated, real = (_percent(side.counts) for side in (feature.simulated, feature.real))
    name = spoken(feature.feature)
    return Drawn(
        feature,
        bars(f"Simulated users by {name}, % of conversations", simulated),
        bars(f"Real users by {name}, % of conversations", real),
        [(label, simulated[label], real[label]) for label in simulated],
    )


def _percent(counts: Mapping[str, int]) -> dict[str, int]:
    total = max(sum(counts.values()), 1)
    return {label: round(100 * count / total) for label, count in counts.items()}


def _trend(measured: _Measured, earlier: Sequence[PastRealism]) -> Markup | None:
    past = [*earlier, PastRealism(measured.version, measured.realism)]
    if len(past) < 2:
        return None
    return line(
        f"AUC over {len(past)} versions, with its 95 % interval",
        [item.version[:8] for item in past],
        [item.realism.auc for item in past],
        [item.realism.interval[0] for item in past],
        [item.realism.interval[1] for item in past],
    )
