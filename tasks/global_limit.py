"""Keeps all flow runs, on all machines, within one of Prefect's global concurrency limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.concurrency.asyncio import concurrency
from prefect.exceptions import ObjectNotFound

from duologue.errors import UsageError

LEASE_SECONDS = 60
"""How long the slots of a killed process stay taken; Prefect's minimum. The lease is renewed while
the process lives."""


@asynccontextmanager
async def within_global_limit(name: str | None, slots: int) -> AsyncIterator[None]:
    """Waits until enough slots are free, and holds them to the end.

    It takes all slots of a flow run at once: one slot per conversation would take three calls of
    Prefect's API and a thread each.

    Args:
        name: of the global concurrency limit; None for none.
        slots: conversations in flight concurrently.

    Raises:
        UsageError: there is no such limit, or it has fewer slots than that.
    """
    if name is None:
        yield
        return
    await check_global_limit(name, slots)
    get_run_logger().info("waiting for %d slots of the global limit %s", slots, name)
    # Conversations that are billed must not be lost because the server is unreachable: if the lease
    # cannot be renewed, the run continues, and Prefect logs a warning.
    async with concurrency(
        name,
        occupy=slots,
        lease_duration=LEASE_SECONDS,
        strict=True,
        raise_on_lease_renewal_failure=False,
    ):
        yield


async def check_global_limit(name: str | None, slots: int) -> None:
    """Checks a limit before anything is billed.

    Raises:
        UsageError: there is no such limit, or it has fewer slots than a flow run takes.
    """
    if name is None:
        return
    async with get_client() as client:
        try:
            limit = await client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            raise UsageError(
                f"global_limit is {name!r}, but Prefect's server knows no such global concurrency "
                f"limit; make it with `prefect gcl create {name} --limit {slots}`"
            ) from None
    if limit.limit < slots:
        raise UsageError(
            f"max_concurrency is {slots}, but the global limit {name!r} has {limit.limit} slots, "
            "and a flow run takes one for each conversation that it may have in flight; lower "
            f"max_concurrency, or `prefect gcl update {name} --limit {slots}`"
        )
