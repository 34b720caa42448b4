"""Whether a run may use what it is to use on Vellum."""

from duologue.settings.test_suites import SuiteOptions, SuiteRunSettings


async def check_access(suite: SuiteOptions | SuiteRunSettings | None) -> None:
    """Refuses a run that could not work with its Test Suite, before it pays for anything.

    Raises:
        UsageError: it has a Test Suite, but no usable key or base URL.
    """
    if suite is not None:
        from duologue.participants.vellum_deployment import vellum_client

        async with vellum_client(max_concurrency=1):
            pass  # whether the Test Suite is there is asked when there is something for it
