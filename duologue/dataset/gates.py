"""The gates: how good a version has to be for `latest` to name it."""

from collections.abc import Iterable

from duologue.dataset.counts import Counts
from duologue.settings.rules import Severity
from duologue.settings.run import Gates
from duologue.validation.quality import DatasetFinding


def reasons_to_hold_back(
    counts: Counts,
    gates: Gates,
    findings: Iterable[DatasetFinding] = (),
    stopped_early: str | None = None,
) -> tuple[str, ...]:
    """Returns why a version is not published, a sentence each; nothing if it passes all gates.

    Args:
        counts: of the version.
        gates: of the version.
        findings: of the dataset rules; one holds the version back if its rule is `invalid`.
        stopped_early: why the run did not try all seeds; None if it did.
    """
    reasons = [f"the run stopped early: {stopped_early}"] if stopped_early else []
    for kind, number, most in (
        ("failed", counts.failed, gates.max_failed_share),
        ("invalid", counts.invalid, gates.max_invalid_share),
    ):
        # A hair more is let through: 0.29 of 100 is 28.999999999999996 in floating point.
        if number > most * counts.conversations + 1e-9:
            reasons.append(
                f"{number} of {counts.conversations} conversations {_are(kind)} "
                f"({number / counts.conversations:.1%}); "
                f"max_{kind}_share allows {most:.1%}"
            )
    if counts.valid < gates.min_conversations:
        reasons.append(
            f"{counts.valid} conversations are valid; "
            f"min_conversations asks for {gates.min_conversations}"
        )
    reasons += [
        f"{finding.rule}: {finding.detail}"
        for finding in findings
        if finding.severity is Severity.INVALID
    ]
    return tuple(reasons)


def _are(kind: str) -> str:
    return kind if kind == "failed" else f"are {kind}"
