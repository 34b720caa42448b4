"""A reliability measurement as a page of Markdown."""

from collections.abc import Sequence

from duologue.reliability.intervals import Estimate
from duologue.reliability.measuring import Reliability

DISAGREEMENTS_SHOWN = 100


def reliability_page(title: str, reliability: Reliability) -> str:
    """Lays out everything that was measured.

    Args:
        title: what it was measured on.
        reliability: the figures.
    """
    parts = [
        f"# Measured reliability of {title}",
        f"{reliability.reviewed} conversations reviewed. All shares are weighted, with 95 % "
        f"intervals in brackets. Broken: {shown(reliability.broken)}.",
        _table(
            ["stratum", "conversations", "reviewed"],
            [(s.stratum, f"{s.conversations:,.0f}", s.reviewed) for s in reliability.strata],
        ),
        _table(
            ["reported by", "name", "severity", "found", "precision", "recall"],
            [
                (s.source, s.name, s.severity or "", s.found, shown(s.precision), shown(s.recall))
                for s in reliability.signals
            ],
        ),
    ]
    if reliability.kinds:
        rows = [(k.kind, k.conversations, shown(k.recall)) for k in reliability.kinds]
        parts += ["## Kinds", _table(["kind", "reviewed", "found invalid"], rows)]
    parts += ["## Reviewers", _reviewers(reliability)]
    if reliability.disagreements:
        parts += ["## Disagreements", _disagreements(reliability)]
    return "\n\n".join(parts) + "\n"


def shown(estimate: Estimate | None) -> str:
    """Shows a share in percent, as in `95.2 % (88.1 to 98.4)`; `-` if there is none."""
    if estimate is None:
        return "-"
    low, high = 100 * estimate.low, 100 * estimate.high
    return f"{100 * estimate.estimate:.1f} % ({low:.1f} to {high:.1f})"


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _reviewers(reliability: Reliability) -> str:
    lines = [f"- {_cell(name)}: {count}" for name, count in reliability.reviewers.items()]
    for agreement in reliability.agreements:
        kappa = "undefined" if agreement.kappa is None else f"{agreement.kappa:.3f}"
        lines.append(
            f"- {_cell(' and '.join(agreement.reviewers))} agree on {100 * agreement.agreed:.1f} % "
            f"of {agreement.conversations} conversations; Cohen's kappa {kappa}"
        )
    return "\n".join(lines)


def _disagreements(reliability: Reliability) -> str:
    found = reliability.disagreements
    lines = [
        f"- `{_cell(item.conversation_id)}`: {_cell(item.detail)}"
        for item in found[:DISAGREEMENTS_SHOWN]
    ]
    if len(found) > DISAGREEMENTS_SHOWN:
        lines.append(f"- and {len(found) - DISAGREEMENTS_SHOWN} more in reliability.json")
    return "\n".join(lines)
