"""Pushes a published version to a Vellum Test Suite."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.errors import FatalError, safe_message
from duologue.settings.test_suites import SuiteOptions
from duologue.versions.places import Version

REJECTED_SHOWN = 5
"""Enough to see whether there is one cause or many."""


async def push_if_wanted(version: Version) -> str | None:
    """Pushes a version that is now `latest`, if its run has a Test Suite.

    Whatever goes wrong is no reason to fail: the dataset is good and published. The task run
    fails, so that it is seen.

    Returns:
        What went wrong, for the run's state; None where all is well.
    """
    manifest = version.manifest
    suite = manifest.settings.test_suite
    if suite is None:
        return None
    try:
        await push_test_suite(version, suite)
    except Exception as error:
        why = safe_message(error)
        problem = (
            f"{manifest.dataset} {manifest.version} is published, but not all of it is in its "
            f"Test Suite: {why}"
        )
        get_run_logger().error("%s", problem)
        return problem
    return None


# Never cached: only Vellum knows what the Test Suite contains.
@task(name="push-test-suite", cache_policy=NO_CACHE, persist_result=False)
async def push_test_suite(version: Version, suite: SuiteOptions) -> None:
    """Updates the Test Suite to contain the version's conversations.

    Raises:
        UsageError: the version has no conversation to push.
        ParticipantError: Vellum could not be reached, or refused, or rejected some cases.
    """
    from duologue.test_suites.vellum_suite import push_version

    result = await push_version(version, suite, version.manifest.settings.call)
    get_run_logger().info(
        "Test Suite %r: %d cases created, %d replaced, %d unchanged, %d removed, %d rejected",
        suite.suite,
        *map(len, (result.created, result.replaced, result.unchanged, result.removed)),
        len(result.rejected),
    )
    if result.rejected:
        shown = "; ".join(f"{one}: {reason}" for one, reason in result.rejected[:REJECTED_SHOWN])
        raise FatalError(
            f"Test Suite {suite.suite!r}: Vellum rejected {len(result.rejected)} of "
            f"{result.cases} cases; the first are {shown}"
        )
