"""Plots as inline SVG without colours, which the page's style sets.

Drawn by leather, because a plot of it is 3 KB of plain SVG and needs no script, no fonts and no
inline style; the other libraries tried add 16 KB of style for each plot, or megabytes of script.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

import leather
from markupsafe import Markup

MOST_BARS = 40
"""A plot with more bars is unreadable; the table next to it lists them."""

_WIDTH = 420
_HEIGHT_OF_BAR = 24
_HEIGHT_OF_LINE_PLOT = 160
_CHARACTERS_IN_LABEL = 28


def bars(title: str, counts: Mapping[str, int]) -> Markup | None:
    """Draws a horizontal bar for each count, in order.

    Returns:
        None where there is nothing to draw, or too much to be seen.
    """
    if not 0 < len(counts) <= MOST_BARS:
        return None
    most = max(1, *counts.values())
    chart = leather.Chart()
    chart.add_bars([(count, _label(name)) for name, count in counts.items()])
    chart.add_x_scale(0, most)
    chart.add_x_axis(ticks=sorted({0, most // 2, most}), tick_formatter=_thousands)
    return _svg(chart, title, 60 + _HEIGHT_OF_BAR * len(counts))


def line(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
) -> Markup:
    """Draws a measure over the versions, with its expected band as two more lines.

    Args:
        title: what is drawn, for those who do not see it.
        labels: of the versions, oldest first, at least two; the first and the last are shown.
        values: of each version.
        lows: the lower end of the band; None where a version has none.
        highs: the upper end of it.
    """
    drawn = [value for value in (*values, *lows, *highs) if value is not None]
    lowest, highest = min(drawn), max(drawn)
    margin = (highest - lowest) * 0.1 or 1  # keeps the line off the frame, and a level one amid it
    chart = leather.Chart()
    for series, of_series in (("measured", values), ("low", lows), ("high", highs)):
        if any(value is not None for value in of_series):
            chart.add_line(list(enumerate(of_series)), name=series)
    chart.add_x_scale(0, len(labels) - 1)
    chart.add_x_axis(
        ticks=[0, len(labels) - 1], tick_formatter=lambda index, *_: labels[int(index)]
    )
    chart.add_y_scale(lowest - margin, highest + margin)
    chart.add_y_axis(
        ticks=sorted({lowest, highest}), tick_formatter=lambda value, *_: f"{value:.3g}"
    )
    return _svg(chart, title, _HEIGHT_OF_LINE_PLOT)


def sparkline(title: str, values: Sequence[float]) -> Markup:
    """Draws a measure over the versions as a line the size of a word; its end has a dot.

    Args:
        title: what is drawn, for those who do not see it.
        values: of each version, oldest first, at least two.
    """
    middle = (min(values) + max(values)) / 2
    span = (max(values) - min(values)) or 1
    points = [
        (2 + 96 * index / (len(values) - 1), 10 - 16 * (value - middle) / span)
        for index, value in enumerate(values)
    ]
    root = ET.Element("svg", {"viewBox": "0 0 100 20", "role": "img", "class": "sparkline"})
    ET.SubElement(root, "title").text = title
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ET.SubElement(root, "polyline", {"points": drawn})
    x, y = points[-1]
    ET.SubElement(root, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "2"})
    return Markup(ET.tostring(root, encoding="unicode"))  # ElementTree escapes every text


def _svg(chart: leather.Chart, title: str, height: int) -> Markup:
    root = ET.Element("svg", {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "class": "plot"})
    ET.SubElement(root, "title").text = title
    root.append(chart.to_svg_group(_WIDTH, height))
    return Markup(ET.tostring(root, encoding="unicode"))  # ElementTree escapes every text


def _label(name: str) -> str:
    shown = len(name) <= _CHARACTERS_IN_LABEL
    return name if shown else f"{name[: _CHARACTERS_IN_LABEL - 1]}…"


def _thousands(value: int, *_: int) -> str:
    return f"{value:,}"
