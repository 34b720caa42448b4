"""What a command does before it starts a flow, and what is therefore not measured of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from duologue.cli.prefect_server import temporary_server


@asynccontextmanager
async def begun() -> AsyncIterator[None]:
    """Has Prefect's temporary server running, unless one is configured, and the SDK imported.

    To be entered once the flow is imported: the Vellum SDK changes pydantic for all models made
    after it, and Prefect's would take longer.
    """
    with temporary_server() as wait_until_ready:
        from duologue.participants.vellum_deployment import vellum_client

        async with vellum_client(max_concurrency=1):  # much of the SDK is imported by its client
            pass
        wait_until_ready()
        yield
