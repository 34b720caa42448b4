"""The record of a promotion: which release a tag pointed to before, so that it can be undone.

COMPARISONS/COMPARISON/promotion.json
"""

from datetime import datetime

from pydantic import ValidationError
from upath import UPath

from duologue.comparison.manifest import ComparisonManifest
from duologue.errors import UsageError
from duologue.settings.options import Record
from duologue.settings.participants import ParticipantKind, ParticipantSettings
from duologue.storage.files import write_whole
from duologue.storage.locations import without_credentials

PROMOTION_FILE = "promotion.json"


class Promotion(Record):
    """A release tag that was moved to the candidate's release."""

    deployment: str
    tag: str
    release_before: str
    """The id of the release that the tag pointed to."""
    release_after: str
    """The id of the candidate's release."""
    promoted_at: datetime
    undone_at: datetime | None = None
    """Null while the promotion stands."""


def check_promotable(candidate: ParticipantSettings, tag: str) -> None:
    """Checks, before anything is billed, that a candidate can have a release tag.

    Raises:
        UsageError: it is no Workflow Deployment.
    """
    if candidate.kind is not ParticipantKind.VELLUM:
        raise UsageError(
            f"promote {tag!r}: {candidate.reference} is no Workflow Deployment, so it has no "
            "release tags; promote only those"
        )


def planned_promotion(manifest: ComparisonManifest, tag: str) -> tuple[str, str]:
    """Returns the Workflow Deployment to promote, and the id of the release that was compared.

    Raises:
        UsageError: the candidate is none, was not pinned to a release, or fails a gate.
    """
    candidate = manifest.settings.candidate
    check_promotable(candidate, tag)
    subject = f"promote {tag!r}: {candidate.reference}"
    if candidate.release_id is None:
        raise UsageError(
            f"{subject} could not be pinned to a release, because the API key may not read "
            "deployments; use a key that may, and compare again"
        )
    if manifest.failed_gates:
        raise UsageError(f"{subject} does not pass its gates, so nothing was moved")
    return candidate.deployment, candidate.release_id


def read_promotion(folder: UPath) -> Promotion:
    """Reads what a comparison promoted.

    Raises:
        UsageError: it promoted nothing, or the record cannot be read.
    """
    path = folder / PROMOTION_FILE
    try:
        return Promotion.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(
            f"{without_credentials(path)}: not found; expected the record of a promotion; check "
            "the comparison"
        ) from None
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(path)}: is not the record of a promotion of this Duologue "
            f"({error.title}); use the Duologue that wrote it"
        ) from None


def write_promotion(folder: UPath, promotion: Promotion) -> None:
    """Records a promotion, or that it was undone."""
    content = promotion.model_dump_json(indent=2) + "\n"
    write_whole(folder / PROMOTION_FILE, content.encode())
