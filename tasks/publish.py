"""Publishes a version or holds it back, emits the event, and removes old versions."""

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from duologue.storage.files import describe_storage_error
from duologue.storage.locations import without_credentials
from duologue.versions.history import remove_outdated
from duologue.versions.latest import publish_latest
from duologue.versions.places import Version

PUBLISHED = "duologue.dataset.published"
HELD_BACK = "duologue.dataset.held-back"


# Never cached: `latest` may have moved on since.
@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(version: Version) -> bool:
    """Points `latest` at a version that passes its gates; holds back one that does not.

    A version that is held back stays next to the others, and `latest` stays as it is. Either way
    an event is emitted.

    Returns:
        Whether `latest` is this revision now; False if a later version is published already.

    Raises:
        ExportError: latest.json could not be replaced; the version is written.
    """
    logger = get_run_logger()
    manifest = version.manifest
    is_latest = False
    if manifest.held_back:
        logger.warning("%s is held back: %s", version, "; ".join(manifest.held_back))
    else:
        latest = publish_latest(version)
        is_latest = latest.names(manifest)
        logger.info("%s is published; latest is %s", version, latest.version)
    emit_event(
        event=HELD_BACK if manifest.held_back else PUBLISHED,
        resource={
            "prefect.resource.id": f"duologue.dataset.{manifest.dataset}",
            "prefect.resource.name": manifest.dataset,
        },
        payload=event_payload(version, is_latest),
    )
    return is_latest


def event_payload(version: Version, is_latest: bool) -> dict[str, Any]:
    """Returns what a Prefect automation or another flow needs to work with a version."""
    manifest = version.manifest
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "revision": manifest.revision,
        "path": without_credentials(version.folder.absolute()),
        "files": [file.name for file in manifest.files],
        "counts": manifest.counts.model_dump(),
        "held_back": list(manifest.held_back),
        "is_latest": is_latest,
    }


def remove_old_versions(version: Version, keep_versions: int | None) -> None:
    """Removes the versions that need not stay, with their checkpoints.

    If that fails, the error is logged and the run continues: the new version is there.

    Args:
        version: just written; it stays.
        keep_versions: how many of the newest stay; None for all.
    """
    logger = get_run_logger()
    try:
        removed = remove_outdated(version.dataset, keep_versions, version.manifest.version)
        if removed:
            logger.info("removed %d outdated versions: %s", len(removed), ", ".join(removed))
    except Exception as error:
        logger.warning("outdated versions could not be removed: %s", describe_storage_error(error))
