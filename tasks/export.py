"""Writes a version of the dataset."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.dataset.contents import DatasetContents
from duologue.versions.places import DatasetFolder, Version
from duologue.versions.writing import write_version


# Never cached: only the storage knows whether the files exist.
@task(name="export", cache_policy=NO_CACHE, persist_result=False)
def export(dataset: DatasetFolder, version: str, contents: DatasetContents) -> Version:
    """Writes every file of the version; the next revision if the version exists.

    Raises:
        ExportError: a file could not be written. There is no such version then, and the
            conversations are kept for the next attempt.
    """
    written = write_version(dataset, version, contents)
    get_run_logger().info("%s written: %s", written, written.manifest.counts)
    return written
