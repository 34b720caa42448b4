"""Writes a version of the dataset."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.dataset.contents import DatasetContents
from duologue.dataset.coverage import coverage_of
from duologue.dataset.realism import realism_of
from duologue.errors import DuologueError, UsageError
from duologue.realism.result import Realism
from duologue.traffic.coverage import Coverage
from duologue.versions.places import DatasetFolder, Version
from duologue.versions.realism import store_realism
from duologue.versions.writing import write_version


# Never cached: only the storage knows whether the files exist.
@task(name="export", cache_policy=NO_CACHE, persist_result=False)
def export(dataset: DatasetFolder, version: str, contents: DatasetContents) -> Version:
    """Writes every file of the version; the next revision if the version exists.

    Raises:
        ExportError: a file could not be written. There is no such version then, and the
            conversations are kept for the next attempt.
    """
    logger = get_run_logger()
    realism = realism_of(contents)
    written = write_version(dataset, version, contents, realism, _coverage(contents))
    logger.info("%s written: %s", written, written.manifest.counts)
    if realism.problem is not None:
        logger.warning("realism was not measured: %s", realism.problem)
    if realism.measured is not None:
        _store(written, realism.measured)
    return written


def _coverage(contents: DatasetContents) -> Coverage | None:
    """Measures the coverage; a problem costs the run no conversation."""
    try:
        return coverage_of(contents)
    except UsageError as error:
        get_run_logger().warning("coverage was not measured: %s", error)
        return None


def _store(version: Version, measured: Realism) -> None:
    """Stores the details next to the dataset; the version has the figure that counts."""
    logger = get_run_logger()
    logger.info("realism: AUC %.3f, grade %s", measured.auc, measured.grade)
    try:
        store_realism(version, measured)
    except DuologueError as error:
        logger.warning("the realism of %s was not stored: %s", version, error)
