"""The gates: how good a version has to be for `latest` to name it."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from duologue.dataset.counts import Counts
from duologue.form import as_form
from duologue.validation.quality import DatasetFinding
from duologue.validation.rule import Severity

Share = Annotated[float, Field(ge=0, le=1)]


class Gates(BaseModel):
    """What a version has to keep to be published. One that does not is kept, but held back."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    max_failed_share: Share = 0.1
    """The largest share of its conversations that may have failed, from 0 to 1."""
    max_invalid_share: Share = 0.1
    """The largest share of its conversations that may be invalid, from 0 to 1."""
    min_conversations: Annotated[int, Field(ge=1)] = 1
    """The fewest valid conversations."""


def reasons_to_hold_back(
    counts: Counts, gates: Gates, findings: Iterable[DatasetFinding] = ()
) -> tuple[str, ...]:
    """Says, in a sentence each, which gates a version does not pass; nothing if it passes all.

    What the dataset rules found is one where a person made its rule `invalid`.
    """
    reasons = []
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
