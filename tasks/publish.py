"""Publishes a version or holds it back, emits the event, and removes old versions."""

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from duologue.dataset.manifest import Manifest
from duologue.storage.files import reason_of
from duologue.storage.locations import without_credentials
from duologue.versions.history import remove_outdated
from duologue.versions.latest import publish_latest, read_latest
from duologue.versions.places import dataset_folder, version_folder

PUBLISHED = "duologue.dataset.published"
HELD_BACK = "duologue.dataset.held-back"


# Never cached: `latest` may have moved on since.
@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(output: str, manifest: Manifest) -> bool:
    """Points `latest` to a version that passes its gates; holds back one that does not.

    A version that is held back stays next to the others, and `latest` stays as it is. Either way
    an event is emitted.

    Returns:
        Whether `latest` is this revision now; False if a later version is published already.

    Raises:
        ExportError: latest.json could not be replaced; the version is written.
    """
    logger = get_run_logger()
    name = f"{manifest.dataset} {manifest.version} revision {manifest.revision}"
    is_latest = False
    if manifest.held_back:
        logger.warning("%s is held back: %s", name, "; ".join(manifest.held_back))
    else:
        latest = publish_latest(output, manifest.dataset, manifest)
        is_latest = (latest.version, latest.revision) == (manifest.version, manifest.revision)
        logger.info("%s is published; latest is %s", name, latest.version)
    emit_event(
        event=HELD_BACK if manifest.held_back else PUBLISHED,
        resource={
            "prefect.resource.id": f"duologue.dataset.{manifest.dataset}",
            "prefect.resource.name": manifest.dataset,
        },
        payload=event_payload(output, manifest, is_latest),
    )
    return is_latest


def names_latest(output: str, manifest: Manifest) -> bool:
    """Checks whether `latest` is this revision.

    Raises:
        UsageError: latest.json is damaged.
    """
    latest = read_latest(dataset_folder(output, manifest.dataset))
    place = manifest.version, manifest.revision
    return latest is not None and (latest.version, latest.revision) == place


def event_payload(output: str, manifest: Manifest, is_latest: bool) -> dict[str, Any]:
    """Returns what a Prefect automation or another flow needs to work with a version."""
    folder = version_folder(output, manifest.dataset, manifest.version, manifest.revision)
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "revision": manifest.revision,
        "path": without_credentials(folder.absolute()),
        "files": [file.name for file in manifest.files],
        "counts": manifest.counts.model_dump(),
        "held_back": list(manifest.held_back),
        "is_latest": is_latest,
    }


def remove_old_versions(output: str, manifest: Manifest, keep_versions: int | None) -> None:
    """Removes the versions that need not stay, with their checkpoints.

    If that fails, the error is logged and the run goes on: the new version is there.

    Args:
        output: where datasets are.
        manifest: of the version that was just written; it stays.
        keep_versions: how many of the newest stay; None for all.
    """
    logger = get_run_logger()
    try:
        removed = remove_outdated(output, manifest.dataset, keep_versions, manifest.version)
        if removed:
            logger.info("removed %d outdated versions: %s", len(removed), ", ".join(removed))
    except Exception as error:
        logger.warning("outdated versions could not be removed: %s", reason_of(error))
