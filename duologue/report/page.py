"""Rendering the report of a version as one HTML page."""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import RawIOBase

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from duologue.dataset.contents import DatasetContents
from duologue.dataset.counts import Counts
from duologue.dataset.gates import Gates
from duologue.dataset.manifest import Manifest
from duologue.report.blocks import MOST_CHARACTERS, conversation_blocks
from duologue.report.plots import bars, line
from duologue.validation.rule import Severity

REPORT_FILE = "report.html"

VERSIONS_DRAWN = 14
"""How many earlier versions a measure is drawn over: two weeks of nights."""

MOST_ROWS = 100
"""Of a list whose whole is in the dataset's files."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A distribution, as a picture and as the numbers behind it."""

    title: str
    svg: Markup | None
    """None where there are too many values to draw."""
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Trend:
    """How a measure went over the versions."""

    name: str
    svg: Markup
    rows: Sequence[tuple[str, float, float | None, float | None]]
    """By version, oldest first: its name, the measure, and the band it was expected within."""


def write_report(
    manifest: Manifest,
    contents: DatasetContents,
    earlier: Sequence[Manifest],
    file: RawIOBase,
) -> None:
    """Writes the report of a version whose data files are written and in its manifest.

    Args:
        manifest: of the version; the report itself is not in it yet.
        contents: of the version.
        earlier: the manifests of the versions before it, oldest first, for what is drawn over time.
        file: where it is written to, as UTF-8.
    """
    blocks = conversation_blocks(contents)
    script, style = _resource("report.js"), _resource("report.css")
    page = _environment().from_string(_resource("report.html.jinja"))
    pieces = page.generate(
        policy=_content_security_policy(script, style),
        script=Markup(script),
        style=Markup(style),
        manifest=manifest,
        gates=_gate_rows(manifest.counts, manifest.settings.gates),
        rules=_rule_rows(contents),
        rules_plot=bars("Conversations by the rule that they break", manifest.broken_rules),
        distributions=[
            Plot(_spoken(name), bars(f"Conversations by {_spoken(name)}", counts), counts)
            for name, counts in manifest.quality.distributions.items()
        ],
        trends=_trends(manifest, earlier),
        rejected=contents.seed_file.rejected,
        blocks=blocks,
        shown=sum(block.count for block in blocks),
        most_rows=MOST_ROWS,
        most_characters=MOST_CHARACTERS,
    )
    for piece in pieces:
        # Half of a surrogate pair, which the reason of a failure may hold, is shown as its escape.
        file.write(piece.encode(errors="backslashreplace"))


def _environment() -> Environment:
    environment = Environment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["thousands"] = "{:,}".format
    environment.filters["figure"] = "{:.4g}".format
    environment.filters["spoken"] = _spoken
    return environment


def _resource(name: str) -> str:
    return (files("duologue.report") / name).read_text(encoding="utf-8")


def _content_security_policy(script: str, style: str) -> str:
    """Allows the page its own script and style and nothing else: no network, no eval, no HTML made
    of text.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_source_hash(script)}'",
            f"style-src '{_source_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _source_hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def _gate_rows(counts: Counts, gates: Gates) -> list[tuple[str, str, str]]:
    """Lists what each gate is about, what it asks for, and what the version has."""
    conversations = counts.conversations or 1  # of none, none failed
    return [
        (
            "share failed",
            f"at most {gates.max_failed_share:.1%}",
            f"{counts.failed / conversations:.1%}",
        ),
        (
            "share invalid",
            f"at most {gates.max_invalid_share:.1%}",
            f"{counts.invalid / conversations:.1%}",
        ),
        ("valid conversations", f"at least {gates.min_conversations:,}", f"{counts.valid:,}"),
    ]


def _rule_rows(contents: DatasetContents) -> list[tuple[str, Severity, int]]:
    """Lists the broken rules, how severe each is, and how many conversations break it."""
    broken = Counter(
        pair
        for checked in contents.checked
        for pair in {(violation.rule, violation.severity) for violation in checked.violations}
    )
    return [(rule, severity, count) for (rule, severity), count in sorted(broken.items())]


def _trends(manifest: Manifest, earlier: Sequence[Manifest]) -> list[Trend]:
    """Draws each measure of the version over the versions that have it, this one included."""
    trends = []
    for name in manifest.quality.measures:
        having = [item for item in (*earlier, manifest) if name in item.quality.measures]
        if len(having) > 1:
            measures = [item.quality.measures[name] for item in having]
            svg = line(
                f"{_spoken(name)} over {len(having)} versions",
                [f"{item.started_at:%m-%d}" for item in having],
                [measure.value for measure in measures],
                [measure.low for measure in measures],
                [measure.high for measure in measures],
            )
            rows = [
                (item.version, measure.value, measure.low, measure.high)
                for item, measure in zip(having, measures, strict=True)
            ]
            trends.append(Trend(name, svg, rows))
    return trends


def _spoken(name: str) -> str:
    return name.replace("_", " ")
