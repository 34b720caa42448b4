"""Writing the dataset's version, and pointing `latest` at it."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.dataset.contents import DatasetContents
from duologue.dataset.latest import publish_latest
from duologue.dataset.manifest import Manifest
from duologue.dataset.versions import write_version
from duologue.generation import Plan


# Never cached: whether the files are there is for the storage to say.
@task(name="export", cache_policy=NO_CACHE)
def export(plan: Plan, version: str, contents: DatasetContents) -> Manifest:
    """Writes every file of the version and points `latest` at it.

    Raises:
        ExportError: a file could not be written. There is no such version then, and the
            conversations are kept for the next attempt.
    """
    manifest = write_version(plan.output, plan.dataset, version, contents)
    logger = get_run_logger()
    if manifest.counts.valid == 0:
        logger.warning("%s %s holds no conversation; latest stays", plan.dataset, version)
        return manifest
    publish_latest(plan.output, plan.dataset, manifest)
    logger.info("%s %s published: %s", plan.dataset, version, manifest.counts)
    return manifest
