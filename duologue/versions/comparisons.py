"""Writing a comparison completely, or not at all.

    COMPARISONS/COMPARISON/baseline/COMPARISON/…    a simulated side, like a version
    COMPARISONS/COMPARISON/candidate/COMPARISON/…
    COMPARISONS/COMPARISON/pairs.parquet, report.html, and last of all comparison.json

A run that is retried writes the next revision of each side, and replaces the other files.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from upath import UPath

from duologue.comparison.gates import failed_gates, gated_outcomes
from duologue.comparison.manifest import (
    COMPARISON_MANIFEST_FILE,
    ComparisonManifest,
    SideRecord,
)
from duologue.comparison.outcomes import Measured, Outcome
from duologue.comparison.pairs import Pair, paired
from duologue.comparison.result import answer, differences_of, pair_counts, reliability
from duologue.comparison.rows import write_pairs
from duologue.comparison.sides import Side
from duologue.comparison.verdicts import judges_of
from duologue.dataset.judges import JudgeSummary
from duologue.dataset.manifest import FileRecord, installed_version, seconds_between
from duologue.participants.concurrency import AccountLimit
from duologue.report.comparison_page import COMPARISON_REPORT_FILE, write_comparison_report
from duologue.settings.comparison import ComparisonSettings
from duologue.storage.files import make_folder, prove_writable, write_whole
from duologue.storage.locations import without_credentials
from duologue.versions.places import Version
from duologue.versions.writing import export_errors, write_file

PAIRS_FILE = "pairs.parquet"


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One side: its conversations, and their outcomes."""

    version: Version
    measured: Sequence[Measured]
    """Every conversation, also those that failed."""
    is_published: bool
    """Whether it is an earlier version, whose conversations are used as they are."""


@dataclass(frozen=True, slots=True)
class ComparisonContents:
    """What a comparison produced."""

    dataset: str
    settings: ComparisonSettings
    outcomes: Sequence[Outcome]
    """All that are compared."""
    sides: Mapping[Side, ComparedSide]
    failed_scorers: Mapping[str, int]
    judges: Mapping[Side, Mapping[str, JudgeSummary]]
    """What the judges said of each side; empty if there are none."""
    started_at: datetime
    """UTC."""
    stopped_early: str | None = None
    """Why the run did not simulate all conversations; None if it did."""
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of the participants allowed, if they refused calls."""


def check_comparisons_writable(comparisons: UPath) -> None:
    """Proves that comparisons can be written, before anything is billed.

    Raises:
        UsageError: they cannot; says why.
    """
    prove_writable(comparisons, "output", "choose a folder that this user can write to")


def write_comparison(folder: UPath, contents: ComparisonContents) -> ComparisonManifest:
    """Writes every file of a comparison, its manifest last.

    Args:
        folder: the comparison's, named as the comparison is.
        contents: what was compared; both sides are written already.

    Raises:
        ExportError: it could not be written. The conversations are kept for the next attempt.
    """
    place = without_credentials(folder)
    with export_errors(f"comparison {folder.name}: cannot be written to {place}"):
        make_folder(folder)
        with suppress(FileNotFoundError):
            (folder / COMPARISON_MANIFEST_FILE).unlink()
        pairs = paired(*(contents.sides[side].measured for side in (Side.BASELINE, Side.CANDIDATE)))
        rows = write_file(folder / PAIRS_FILE, partial(write_pairs, pairs))
        manifest = _manifest(folder.name, contents, pairs, [rows])
        report = write_file(
            folder / COMPARISON_REPORT_FILE, partial(write_comparison_report, manifest, pairs)
        )
        manifest = manifest.model_copy(update={"files": (rows, report)})
        content = manifest.model_dump_json(indent=2) + "\n"
        write_whole(folder / COMPARISON_MANIFEST_FILE, content.encode())
        return manifest


def _manifest(
    comparison: str,
    contents: ComparisonContents,
    pairs: Sequence[Pair],
    files: Sequence[FileRecord],
) -> ComparisonManifest:
    settings = contents.settings
    created_at = datetime.now(UTC)
    gated, confidence = gated_outcomes(settings.gates), settings.confidence
    differences = differences_of(pairs, contents.outcomes, gated, confidence)
    counts = pair_counts(pairs)
    of_gates = [outcome for outcome in contents.outcomes if outcome.name in gated]
    return ComparisonManifest(
        comparison=comparison,
        dataset=contents.dataset,
        settings=settings,
        duologue_version=installed_version(),
        started_at=contents.started_at,
        created_at=created_at,
        seconds=seconds_between(contents.started_at, created_at),
        sides={side: _side(one) for side, one in contents.sides.items()},
        pairs=counts,
        answer=answer(differences, confidence),
        differences=differences,
        sensitivity=differences_of(pairs, of_gates, gated, confidence, with_users_faults=True)
        if any(counts.users_fault.values())
        else (),
        reliability={side: reliability(one.measured) for side, one in contents.sides.items()},
        failed_scorers=dict(contents.failed_scorers),
        judges={side: dict(found) for side, found in contents.judges.items()},
        account_limits=contents.account_limits,
        stopped_early=contents.stopped_early,
        failed_gates=failed_gates(
            differences,
            counts,
            settings.gates,
            contents.stopped_early,
            confidence,
            _judges_of_gates(contents, gated),
        ),
        files=tuple(files),
    )


def _judges_of_gates(
    contents: ComparisonContents, gated: Collection[str]
) -> dict[str, JudgeSummary]:
    needed = judges_of(gated, contents.settings.judges)
    found = contents.judges.get(Side.CANDIDATE, {})
    return {judge: summary for judge, summary in found.items() if judge in needed}


def _side(side: ComparedSide) -> SideRecord:
    manifest = side.version.manifest
    return SideRecord(
        chatbot=manifest.settings.chatbot,
        version=manifest.version,
        path=without_credentials(side.version.folder.absolute()),
        is_published=side.is_published,
        counts=manifest.counts,
    )
