"""Publishes a version or holds it back, emits the event, and removes old versions."""

import hashlib
import re
from typing import Any

from prefect import get_run_logger, task
from prefect.assets import Asset, AssetProperties, materialize
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from duologue.storage.files import describe_storage_error
from duologue.storage.locations import absolute, without_credentials
from duologue.versions.history import remove_outdated
from duologue.versions.latest import publish_latest
from duologue.versions.places import Version

PUBLISHED = "duologue.dataset.published"
HELD_BACK = "duologue.dataset.held-back"

MAX_ASSET_KEY_LENGTH = 512
"""Prefect's."""


def publish(version: Version) -> bool:
    """Points `latest` at a version that passes its gates; holds back one that does not.

    A version that is held back stays next to the others, and `latest` stays as it is. Either way
    an event is emitted. To Prefect a published dataset is an asset, made from the seed file.

    Returns:
        Whether `latest` is this revision now; False if a later version is published already.

    Raises:
        ExportError: latest.json could not be replaced; the version is written.
    """
    if version.manifest.held_back:
        return hold_back(version)
    asset = dataset_asset(version)
    seeds = Asset(key=asset_key(absolute(version.manifest.seed_file.path)))
    # Never cached: `latest` may have moved on since.
    task_run = materialize(
        asset, asset_deps=[seeds], name="publish", cache_policy=NO_CACHE, persist_result=False
    )
    return task_run(_publish)(version, asset)


def _publish(version: Version, asset: Asset) -> bool:
    latest = publish_latest(version)
    is_latest = latest.names(version.manifest)
    get_run_logger().info("%s is published; latest is %s", version, latest.version)
    asset.add_metadata(event_payload(version, is_latest))
    _emit(PUBLISHED, version, is_latest)
    return is_latest


@task(name="hold back", cache_policy=NO_CACHE, persist_result=False)
def hold_back(version: Version) -> bool:
    """Says why a version is held back; returns False."""
    get_run_logger().warning("%s is held back: %s", version, "; ".join(version.manifest.held_back))
    _emit(HELD_BACK, version, is_latest=False)
    return False


def dataset_asset(version: Version) -> Asset:
    """Describes a version's dataset as Prefect's asset, the same in each run."""
    name = version.manifest.dataset
    folder = without_credentials(absolute(str(version.dataset.folder)))
    return Asset(key=asset_key(folder), properties=AssetProperties(name=name))


def asset_key(location: str) -> str:
    """Makes the key of an asset from where it is: a URL, or `file://` and an absolute path.

    Prefect refuses some characters, also `%`, so they become `_`. Of what is too long, or no plain
    URL, a digest is the key.
    """
    location = without_credentials(location)
    key = location if "://" in location else f"file://{location}"
    key = re.sub(r"[^\w.~:/@+=,;()$!*-]", "_", key)
    if re.match("[a-z0-9]+://", key) and len(key) <= MAX_ASSET_KEY_LENGTH:
        return key
    return f"duologue://{hashlib.sha256(location.encode()).hexdigest()}"


def _emit(event: str, version: Version, is_latest: bool) -> None:
    dataset = version.manifest.dataset
    emit_event(
        event=event,
        resource={
            "prefect.resource.id": f"duologue.dataset.{dataset}",
            "prefect.resource.name": dataset,
        },
        payload=event_payload(version, is_latest),
    )


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
