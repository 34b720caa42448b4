"""A reliability measurement, as tables for a terminal."""

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from duologue.cli.terminal import Console, counted

if TYPE_CHECKING:
    from duologue.reliability.intervals import Estimate
    from duologue.reliability.measuring import Reliability, VersionReliability

DISAGREEMENTS_SHOWN = 20
"""--format json has them all."""


def print_reliability(reliability: "Reliability") -> None:
    """Prints how reliable rules and judges are, how far reviewers agree, and where not."""
    console = Console()
    reviewers = ", ".join(f"{name} {count}" for name, count in reliability.reviewers.items())
    console.print(
        Text(f"{counted(reliability.reviewed, 'conversation')} reviewed ({reviewers})"),
        soft_wrap=True,
    )
    share = shown_estimate(reliability.broken)
    console.print(Text(f"Broken, %: {share}; in brackets 95 % intervals"), soft_wrap=True)
    for stratum in reliability.strata:
        if not stratum.reviewed:
            console.print(
                Text(
                    f"None of the {stratum.conversations:,.0f} conversations in the stratum "
                    f"{stratum.stratum} is reviewed: the figures do not cover them."
                ),
                soft_wrap=True,
            )
    console.print()
    console.print(_signals_table(reliability))
    if reliability.kinds:
        console.print()
        console.print(_kinds_table(reliability))
    _print_agreement(console, reliability)


def print_measured(measured: "VersionReliability | None") -> None:
    """Prints how reliable rules and judges were where people reviewed last, if they did."""
    if measured is None:
        return
    console = Console()
    reviewed = counted(measured.reliability.reviewed, "reviewed conversation")
    console.print(
        Text(f"\nMeasured on {reviewed} of {measured.version}, in brackets 95 % intervals:"),
        soft_wrap=True,
    )
    console.print(_signals_table(measured.reliability))


def shown_estimate(estimate: "Estimate | None") -> str:
    """Shows a share in percent with its interval, as in `95.2 (88-98)`; `-` if there is none."""
    if estimate is None:
        return "-"
    share, low, high = (100 * each for each in (estimate.estimate, estimate.low, estimate.high))
    return f"{share:.1f} ({low:.0f}-{high:.0f})"


def _signals_table(reliability: "Reliability") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("rule or criterion", "severity"):
        table.add_column(heading, overflow="fold")
    for heading in ("found", "precision, %", "recall, %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for signal in reliability.signals:
        name = f"judge: {signal.name}" if signal.source == "judge" else signal.name
        cells = (
            name,
            signal.severity or "",
            str(signal.found),
            shown_estimate(signal.precision),
            shown_estimate(signal.recall),
        )
        table.add_row(*map(Text, cells))
    return table


def _kinds_table(reliability: "Reliability") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("kind of broken conversation", overflow="fold")
    table.add_column("reviewed", justify="right")
    table.add_column("found invalid, %", justify="right", no_wrap=True)
    for kind in reliability.kinds:
        cells = (kind.kind, str(kind.conversations), shown_estimate(kind.recall))
        table.add_row(*map(Text, cells))
    return table


def _print_agreement(console: Console, reliability: "Reliability") -> None:
    for agreement in reliability.agreements:
        kappa = "undefined" if agreement.kappa is None else f"{agreement.kappa:.3f}"
        names = " and ".join(agreement.reviewers)
        console.print(
            Text(
                f"\n{names} agree on {100 * agreement.agreed:.1f} % of "
                f"{counted(agreement.conversations, 'conversation')}; Cohen's kappa {kappa}"
            ),
            soft_wrap=True,
        )
    if not reliability.disagreements:
        return
    shown = reliability.disagreements[:DISAGREEMENTS_SHOWN]
    console.print("\nDisagreements:")
    for item in shown:
        console.print(Text(f"  {item.conversation_id}: {item.detail}"), soft_wrap=True)
    more = len(reliability.disagreements) - len(shown)
    if more:
        console.print(f"  and {more} more; --format json lists them all")
