"""The gates: how good a version has to be for `latest` to name it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from duologue.dataset.counts import Counts
from duologue.dataset.judges import JudgeSummary, missed_gates
from duologue.dataset.realism import NOT_MEASURED, RunRealism
from duologue.settings.rules import Severity
from duologue.settings.run import Gates
from duologue.validation.quality import DatasetFinding


def reasons_to_hold_back(
    counts: Counts,
    gates: Gates,
    findings: Iterable[DatasetFinding] = (),
    stopped_early: str | None = None,
    broken_replies: int = 0,
    judges: Mapping[str, JudgeSummary] = MappingProxyType({}),
    realism: RunRealism = NOT_MEASURED,
) -> tuple[str, ...]:
    """Returns one sentence for each gate that a version fails; empty if it passes them all.

    Args:
        counts: of its conversations.
        gates: the limits.
        findings: of the dataset rules; those of severity `invalid` count as failed gates.
        stopped_early: why the run did not try all seeds; None if it did.
        broken_replies: conversations in which the chatbot's reply was none (`broken_reply`).
        judges: what the judges said.
        realism: how well the simulated users can be told from real ones.
    """
    reasons = [f"the run stopped early: {stopped_early}"] if stopped_early else []
    for gate, what, number, most in (
        ("max_failed_share", "failed", counts.failed, gates.max_failed_share),
        ("max_invalid_share", "are invalid", counts.invalid, gates.max_invalid_share),
        (
            "max_broken_reply_share",
            "have a broken reply",
            broken_replies,
            gates.max_broken_reply_share,
        ),
    ):
        # A hair more is let through: 0.29 of 100 is 28.999999999999996 in floating point.
        if number > most * counts.conversations + 1e-9:
            reasons.append(
                f"{number} of {counts.conversations} conversations {what} "
                f"({number / counts.conversations:.1%}); "
                f"{gate} allows {most:.1%}"
            )
    if counts.valid < gates.min_conversations:
        reasons.append(
            f"{counts.valid} conversations are valid; "
            f"min_conversations requires {gates.min_conversations}"
        )
    reasons += missed_gates(judges, gates.min_passed)
    reasons += _too_easily_told(realism, gates.max_realism_auc)
    reasons += [
        f"{finding.rule}: {finding.detail}"
        for finding in findings
        if finding.severity is Severity.INVALID
    ]
    return tuple(reasons)


def _too_easily_told(realism: RunRealism, most: float | None) -> list[str]:
    if most is None:
        return []
    if realism.measured is None:
        return [f"realism could not be measured: {realism.problem or 'no file of real users'}"]
    if realism.measured.auc <= most:
        return []
    return [
        f"simulated users are too easy to tell from real ones: AUC {realism.measured.auc:.3f}; "
        f"max_realism_auc allows {most:g}"
    ]
