"""Pushes a published version to a Vellum Test Suite."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.errors import FatalError, safe_message
from duologue.settings.test_suites import SuiteOptions
from duologue.test_suites.cases import cases_of
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
    from duologue.participants.vellum_deployment import vellum_client
    from duologue.test_suites.vellum_suite import SuiteVariables, VellumSuite

    manifest = version.manifest
    conversations, chatbot = version.folder / CONVERSATIONS_FILE, manifest.settings.chatbot
    cases = list(cases_of(conversations, manifest.dataset, suite.per, chatbot))
    variables = SuiteVariables(suite.input_name, suite.evaluation_name)
    async with vellum_client(max_concurrency=1) as client:
        result = await VellumSuite(client, suite.suite, variables, manifest.settings.call).push(
            cases, manifest.dataset, remove_gone=suite.remove_gone
        )
    get_run_logger().info(
        "Test Suite %r: %d cases created, %d replaced, %d unchanged, %d removed, %d rejected",
        suite.suite,
        *map(len, (result.created, result.replaced, result.unchanged, result.removed)),
        len(result.rejected),
    )
    if result.rejected:
        shown = "; ".join(f"{one}: {reason}" for one, reason in result.rejected[:REJECTED_SHOWN])
        raise FatalError(
            f"Test Suite {suite.suite!r}: Vellum rejected {len(result.rejected)} of {len(cases)} "
            f"cases; the first are {shown}"
        )
