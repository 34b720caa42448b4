"""Rendering the report of a version as one HTML page."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import RawIOBase

from markupsafe import Markup

from duologue.dataset.contents import DatasetContents
from duologue.dataset.failures import RejectedRowRecord, failures
from duologue.dataset.judges import no_verdict_notes, share_passed
from duologue.dataset.manifest import Manifest
from duologue.reliability.decisions import KINDS
from duologue.reliability.markdown import shown
from duologue.reliability.measuring import VersionReliability, by_finding
from duologue.report.blocks import MOST_CHARACTERS, conversation_blocks
from duologue.report.plots import bars, line
from duologue.report.rendering import spoken, write_page
from duologue.report.review_sample import review_sample
from duologue.settings.rules import MEASURES, Severity
from duologue.storage.locations import without_credentials
from duologue.traffic.coverage import Coverage

REPORT_FILE = "report.html"

VERSIONS_DRAWN = 14
"""How many earlier versions a measure is drawn over: two weeks of nights."""

MOST_ROWS = 100
"""Of a list; the dataset's files have all of it."""


MOST_GAPS = 20
"""Of the clusters that the version does not cover: the largest."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A distribution, as a picture and as the numbers behind it."""

    title: str
    svg: Markup | None
    """None where there are too many values to draw."""
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Trend:
    """How a measure developed over the versions."""

    name: str
    svg: Markup
    rows: Sequence[tuple[str, float, float | None, float | None]]
    """By version, oldest first: its name, the measure, and the band it was expected within."""


def write_report(
    manifest: Manifest,
    contents: DatasetContents,
    earlier: Sequence[Manifest],
    file: RawIOBase,
    measured: VersionReliability | None = None,
    coverage: Coverage | None = None,
) -> None:
    """Writes the report of a version whose data files are written and in its manifest.

    Args:
        manifest: of the version; the report itself is not in it yet.
        contents: of the version.
        earlier: the manifests of the versions before it, oldest first, for what is drawn over time.
        file: where it is written to, as UTF-8.
        measured: how reliable rules and judges were where people reviewed last.
        coverage: how much of the real traffic the version covers, if that was measured.
    """
    blocks = conversation_blocks(contents)
    write_page(
        "report.html.jinja",
        ["page.css", "report.css", "review.css"],
        ["packed.js", "report.js", "review.js"],
        file,
        manifest=manifest,
        gates=_gate_rows(manifest),
        kinds=_kinds(contents),
        measures=MEASURES,
        rules=_rule_rows(contents),
        measured=measured,
        coverage=coverage,
        most_gaps=MOST_GAPS,
        missing_command=_missing_command(manifest),
        reliability={} if measured is None else by_finding(measured.reliability),
        estimate=shown,
        rules_plot=bars("Conversations by the rule that they break", manifest.broken_rules),
        distributions=[
            Plot(spoken(name), bars(f"Conversations by {spoken(name)}", counts), counts)
            for name, counts in manifest.quality.distributions.items()
        ],
        trends=_trends(manifest, earlier),
        rejected=[item for item in failures(contents) if isinstance(item, RejectedRowRecord)],
        judge_notes=list(no_verdict_notes(manifest.judges)),
        blocks=blocks,
        shown=sum(block.count for block in blocks),
        most_rows=MOST_ROWS,
        most_characters=MOST_CHARACTERS,
        review=review_sample(manifest.version, contents),
        review_kinds=KINDS,
    )


def _kinds(contents: DatasetContents) -> list[tuple[str, str, int]]:
    """Lists the kinds of conversations: the value that the list filters by, its name, the count."""
    warned = sum(bool(checked.warnings) for checked in contents.valid)
    counts = contents.counts
    return [
        ("", "all", counts.conversations),
        ("failed", "failed", counts.failed),
        ("invalid", "invalid", counts.invalid),
        ("warning", "with a warning", warned),
        ("valid", "valid", counts.valid),
    ]


def _missing_command(manifest: Manifest) -> str:
    """Returns the command that writes a seed for each cluster that is not covered."""
    real = shlex.quote(without_credentials(manifest.settings.realism.real or ""))
    return f"duologue seeds coverage {manifest.version} --real {real} --missing more_seeds.csv"


def _gate_rows(manifest: Manifest) -> list[tuple[str, str, str]]:
    """Lists what each gate is about, what it asks for, and what the version has."""
    counts, gates = manifest.counts, manifest.settings.gates
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
        *_realism_row(manifest),
        *(
            (f"verdicts that pass {name}", f"at least {least:.1%}", _passed(manifest, name))
            for name, least in gates.min_passed.items()
        ),
    ]


def _realism_row(manifest: Manifest) -> list[tuple[str, str, str]]:
    most = manifest.settings.gates.max_realism_auc
    if most is None:
        return []
    measured = manifest.quality.measures.get("realism_auc")
    return [
        (
            "AUC, simulated against real users",
            f"at most {most:g}",
            "not measured" if measured is None else f"{measured.value:.3f}",
        )
    ]


def _passed(manifest: Manifest, criterion: str) -> str:
    share = share_passed(manifest.judges, criterion)
    return "no verdict" if share is None else f"{share:.1%}"


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
                f"{spoken(name)} over {len(having)} versions",
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
