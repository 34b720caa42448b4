"""Waits for a flow run on another machine, which may disappear without a sign."""

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
    """When the flow run last showed a sign of life; correct even if the clock is set meanwhile."""

    at: datetime
    monotonic_seconds: float

    @classmethod
    def now(cls) -> Self:
        return cls(datetime.now(UTC), time.monotonic())

    @property
    def seconds_ago(self) -> float:
        return time.monotonic() - self.monotonic_seconds

    def since(self, seconds: float) -> datetime:
        """Returns the earliest time that events may have, if the clock was set forward or back."""
        return min(self.at, datetime.now(UTC) - timedelta(seconds=seconds))


async def final_state_of(flow_run: FlowRun, silent_after_seconds: float) -> State[Any]:
    """Waits for the end of a flow run; marks it as crashed once it has been silent for too long.

    It may wait for a worker for any time. While Prefect's server is unreachable no sign of life
    can arrive, so the silence counts from when the server is back.
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
                    return await _marked_as_crashed(flow_run.id, silent_after_seconds)
                heard = _Heard.now()
        except httpx.HTTPError as error:
            log_or_raise(error)
            heard = _Heard.now()


def log_or_raise(error: httpx.HTTPError) -> None:
    """Logs that Prefect's server is unreachable; the caller tries again.

    Raises:
        httpx.HTTPError: the server is reachable, and refuses.
    """
    if isinstance(error, httpx.HTTPStatusError) and not error.response.is_server_error:
        raise error
    get_run_logger().warning("Prefect's server is unreachable, trying again: %r", error)


async def cancel_flow_run(flow_run_id: UUID) -> None:
    """Cancels a flow run through the worker that runs it."""
    async with get_client() as client:
        state: State[Any] = Cancelling(message="The run stopped early: no seed can be simulated.")
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


async def _marked_as_crashed(flow_run_id: UUID, silent_after_seconds: float) -> State[Any]:
    state: State[Any] = Crashed(
        message=f"It sent no heartbeat for {silent_after_seconds:g} s. The process or its "
        "machine is gone; the run that waits for it starts the shard again."
    )
    async with get_client() as client:
        await client.set_flow_run_state(flow_run_id, state)
    return await _state_of(flow_run_id)  # a different one if it ended just now
