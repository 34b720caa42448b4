"""Rendering the report of an evaluation as one HTML page, which runs no script at all."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from io import RawIOBase

from duologue.evaluation.manifest import Estimate, EvaluationManifest
from duologue.evaluation.noise_sentences import noise_sentences
from duologue.evaluation.replies import ScoredReply, Side, Verdict
from duologue.evaluation.scorers import SIMILARITY
from duologue.report.comparisons import (
    against_baseline,
    by_prefix,
    comparison_groups,
    kinds_of_replies,
)
from duologue.report.plots import bars
from duologue.report.rendering import spoken, write_page
from duologue.settings.evaluation import EvaluationGates

EVALUATION_REPORT_FILE = "report.html"


def write_evaluation_report(
    manifest: EvaluationManifest, scored: Sequence[ScoredReply], file: RawIOBase
) -> None:
    """Writes the report of an evaluation whose data files are written and in its manifest.

    Args:
        manifest: of the evaluation; the report itself is not in it yet.
        scored: every reply, of both sides where there is a baseline.
        file: where it is written to, as UTF-8.
    """
    compared = by_prefix(scored)
    groups = comparison_groups(compared)
    changes = Counter(map(against_baseline, compared))
    similarities = _similarities(scored)
    write_page(
        "evaluation.html.jinja",
        ["page.css", "evaluation.css"],
        [],
        file,
        manifest=manifest,
        duration=_duration(manifest.seconds),
        verdicts=list(Verdict),
        changes=changes,
        kinds=kinds_of_replies(groups, changes, manifest.settings.baseline is not None),
        rules=manifest.broken_rules,
        scorers=manifest.scores,
        clear=_clear,
        asked_for=_asked_for(manifest.settings.gates),
        causes=manifest.causes,
        noise=noise_sentences(manifest.noise),
        similarities=similarities,
        similarity_plot=bars("The candidate's replies by similarity", similarities),
        groups=groups,
        shown=sum(len(group.shown) for group in groups),
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _clear(difference: Estimate) -> str | None:
    """Returns whether a difference is `better` or `worse`; None if its interval includes 0."""
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else None


def _asked_for(gates: EvaluationGates) -> list[str]:
    return [
        f"at most {gates.max_failed_share:.1%} failed",
        f"at most {gates.max_regressed_share:.1%} break a rule or fail before a judge",
        *(["no worse than the noise"] if gates.noise_level else []),
        *(f"{spoken(name)} at least {least:g}" for name, least in gates.min_scores.items()),
        *(
            f"{spoken(name)} at most {most:g} below the baseline's"
            for name, most in gates.max_drops.items()
        ),
    ]


def _similarities(scored: Iterable[ScoredReply]) -> dict[str, int]:
    """Counts the candidate's replies by tenths of their similarity, the least similar first."""
    tenths = Counter(
        min(9, max(0, math.floor(similarity * 10)))
        for reply in scored
        if reply.side is Side.CANDIDATE and (similarity := reply.scores.get(SIMILARITY)) is not None
    )
    if not tenths:
        return {}
    return {f"{tenth / 10:g} to {(tenth + 1) / 10:g}": tenths[tenth] for tenth in range(10)}
