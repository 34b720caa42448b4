"""Checks that a run can use its Vellum Test Suite."""

from duologue.settings.test_suites import SuiteOptions, SuiteRunSettings


async def check_access(suite: SuiteOptions | SuiteRunSettings | None) -> None:
    """Checks that a run can use its Test Suite, before anything is billed.

    Raises:
        UsageError: it has a Test Suite, but no usable API key or base URL.
    """
    if suite is not None:
        from duologue.participants.vellum_deployment import vellum_client

        async with vellum_client(max_concurrency=1):
            pass  # whether the Test Suite exists is checked when there are cases for it
