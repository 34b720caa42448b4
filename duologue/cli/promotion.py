"""Moving a release tag to the candidate of a comparison, and back."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from duologue.cli.terminal import Console
from duologue.errors import UsageError

if TYPE_CHECKING:
    from upath import UPath

    from duologue.comparison.manifest import ComparisonManifest


def promote(
    folder: "UPath", manifest: "ComparisonManifest", tag: str, apply: bool, console: Console
) -> None:
    """Moves a release tag to the candidate's release, and records where it pointed before.

    Args:
        folder: the comparison's.
        manifest: of the comparison.
        tag: the release tag.
        apply: False only says what would be done.
        console: where it is said.

    Raises:
        UsageError: the candidate cannot be promoted, or Vellum refuses.
    """
    import asyncio

    from duologue.participants.vellum_release_tags import move_release_tag, tagged_release
    from duologue.versions.promotions import Promotion, planned_promotion, write_promotion

    deployment, release = planned_promotion(manifest, tag)
    before = asyncio.run(tagged_release(deployment, tag))
    what = f"release tag {tag} of {deployment}: from release {before} to {release}"
    if before == release:
        _say(console, f"Nothing to promote: {tag} of {deployment} is at {release} already")
        return
    if not apply:
        command = f"duologue compare --resume {manifest.comparison} --promote {tag} --apply"
        _say(console, f"Would move {what}. To do it: {command}")
        return
    promotion = Promotion(
        deployment=deployment,
        tag=tag,
        release_before=before,
        release_after=release,
        promoted_at=datetime.now(UTC),
    )
    # Recorded first: what was moved without a record could not be undone.
    write_promotion(folder, promotion)
    asyncio.run(move_release_tag(deployment, tag, release))
    _say(console, f"Moved {what}. To undo: duologue compare --undo {manifest.comparison}")


def undo(folder: "UPath", console: Console) -> None:
    """Moves the release tag of a promotion back to the release it pointed to before.

    Raises:
        UsageError: nothing was promoted, it was undone already, the tag was moved meanwhile, or
            Vellum refuses.
    """
    import asyncio

    from duologue.participants.vellum_release_tags import move_release_tag, tagged_release
    from duologue.versions.promotions import read_promotion, write_promotion

    promotion = read_promotion(folder)
    subject = f"release tag {promotion.tag} of {promotion.deployment}"
    if promotion.undone_at is not None:
        raise UsageError(f"{subject}: was moved back already, at {promotion.undone_at:%Y-%m-%d}")
    now = asyncio.run(tagged_release(promotion.deployment, promotion.tag))
    if now not in (promotion.release_after, promotion.release_before):
        raise UsageError(
            f"{subject}: points to release {now} now, not to {promotion.release_after}, so "
            "somebody moved it since; move it in Vellum"
        )
    asyncio.run(move_release_tag(promotion.deployment, promotion.tag, promotion.release_before))
    write_promotion(folder, promotion.model_copy(update={"undone_at": datetime.now(UTC)}))
    _say(console, f"Moved {subject} back to release {promotion.release_before}")


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)
