"""Waiting for a flow run on another machine, which may be lost without a word."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

import httpx
from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.events.filters import (
    EventFilter,
    EventNameFilter,
    EventOccurredFilter,
    EventResourceFilter,
)
from prefect.states import Cancelling, Crashed

SECONDS_BETWEEN_LOOKS = 2

HEARTBEAT = "prefect.flow-run.heartbeat"


@dataclass(frozen=True, slots=True)
class _Heard:
    """When something was heard last, also where the clock is set meanwhile."""

    at: datetime
    monotonic_seconds: float

    @classmethod
    def now(cls) -> Self:
        return cls(datetime.now(UTC), time.monotonic())

    @property
    def seconds_ago(self) -> float:
        return time.monotonic() - self.monotonic_seconds

    def since(self, seconds: float) -> datetime:
        """From when on events may be of this time, by a clock that was set forward or back."""
        return min(self.at, datetime.now(UTC) - timedelta(seconds=seconds))


async def final_state_of(flow_run: FlowRun, silent_after_seconds: float) -> State[Any]:
    """Waits for the end of a flow run, or calls it crashed once nothing is heard of it any more.

    One that waits for a worker may wait as long as it has to. While Prefect's server is away
    nothing can be heard, so that silence counts from when it is back.
    """
    heard = _Heard.now()
    state = flow_run.state
    while True:
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            before, state = state, await _state_of(flow_run.id)
            if state.is_final():
                return state
            if state.is_scheduled() or before is None or before.id != state.id:
                heard = _Heard.now()
            elif heard.seconds_ago > silent_after_seconds:
                if await _is_silent(flow_run.id, heard.since(silent_after_seconds)):
                    return await _called_crashed(flow_run.id, silent_after_seconds)
                heard = _Heard.now()
        except httpx.HTTPError as error:
            log_or_raise(error)
            heard = _Heard.now()


def log_or_raise(error: httpx.HTTPError) -> None:
    """Tells that Prefect's server is away, which is no reason to fail.

    Raises:
        httpx.HTTPError: the server is there, and will not do what it is asked.
    """
    if isinstance(error, httpx.HTTPStatusError) and not error.response.is_server_error:
        raise error
    get_run_logger().warning("Prefect's server cannot be asked, so it is again later: %r", error)


async def cancel_flow_run(flow_run_id: UUID) -> None:
    """Has a flow run cancelled by the worker that runs it."""
    async with get_client() as client:
        state: State[Any] = Cancelling(message="Another shard found that no seed can be simulated.")
        await client.set_flow_run_state(flow_run_id, state, force=True)


async def _state_of(flow_run_id: UUID) -> State[Any]:
    async with get_client() as client:
        state = (await client.read_flow_run(flow_run_id)).state
    assert state is not None
    return state


async def _is_silent(flow_run_id: UUID, since: datetime) -> bool:
    heartbeats = EventFilter(
        event=EventNameFilter(name=[HEARTBEAT]),
        resource=EventResourceFilter(id=[f"prefect.flow-run.{flow_run_id}"]),
        occurred=EventOccurredFilter(since=since),
    )
    async with get_client() as client:
        return (await client.read_events(heartbeats, limit=1)).total == 0


async def _called_crashed(flow_run_id: UUID, silent_after_seconds: float) -> State[Any]:
    state: State[Any] = Crashed(
        message=f"Nothing was heard of it for {silent_after_seconds:g} s. The process or its "
        "machine is gone; the run that waits for it begins the shard again."
    )
    async with get_client() as client:
        await client.set_flow_run_state(flow_run_id, state)
    return await _state_of(flow_run_id)  # another one where it ended in this very moment
