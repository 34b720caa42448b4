"""Waiting for a shard while the clock is set, by processes whose clock really is."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.support.jumping_clock import Clock
from tests.support.prefect_processes import ROOT

SILENT_AFTER_SECONDS = 12
"""The server takes up to 5 to store an event."""
HEARTBEAT_AFTER_SECONDS = 4
THREE_HOURS = 3 * 3600

WAITING = f"""
import asyncio, os, sys
from pathlib import Path
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.states import Completed, Running
from duologue.tasks.await_shard import HEARTBEAT, final_state_of

async def lives(run):
    await asyncio.sleep({HEARTBEAT_AFTER_SECONDS})
    emit_event(HEARTBEAT, {{"prefect.resource.id": f"prefect.flow-run.{{run.id}}"}})
    await asyncio.sleep({SILENT_AFTER_SECONDS})
    async with get_client() as client:
        await client.set_flow_run_state(run.id, Completed())

async def clock_is_set(seconds_wrong, after_seconds):
    await asyncio.sleep(after_seconds)
    Path(os.environ["DUOLOGUE_CLOCK"]).write_text(str(seconds_wrong))

@flow
def shard(): ...

@flow
async def waits(seconds_wrong: int, after_seconds: int, is_alive: int):
    async with get_client() as client:
        run = await client.create_flow_run(shard, state=Running())
    others = [clock_is_set(seconds_wrong, after_seconds), *([lives(run)] if is_alive else [])]
    state, *_ = await asyncio.gather(final_state_of(run, {SILENT_AFTER_SECONDS}), *others)
    print("ended as", state.name)

asyncio.run(waits(*map(int, sys.argv[1:])))
"""
"""A flow that waits for a flow run, of which it hears once, or never."""


class Case(NamedTuple):
    seconds_wrong: int
    after_seconds: int
    is_alive: bool


def test_a_shard_is_given_up_when_it_is_silent_and_not_when_the_clock_is_set(
    prefect_environment: dict[str, str], tmp_path: Path
) -> None:
    cases = {
        Case(THREE_HOURS, HEARTBEAT_AFTER_SECONDS - 3, True): "Completed",
        Case(THREE_HOURS, HEARTBEAT_AFTER_SECONDS + 1, True): "Completed",
        Case(-THREE_HOURS, HEARTBEAT_AFTER_SECONDS - 3, True): "Completed",
        Case(-THREE_HOURS, HEARTBEAT_AFTER_SECONDS - 3, False): "Crashed",
    }
    with ExitStack() as up:
        waiting = {
            case: up.enter_context(_waiting(case, prefect_environment, tmp_path)) for case in cases
        }
        printed = {case: process.communicate(timeout=600) for case, process in waiting.items()}
    ended = {case: out.rpartition("ended as ")[2].strip() for case, (out, _) in printed.items()}
    assert ended == cases, printed


def _waiting(case: Case, environment: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    place = folder / "_".join(map(str, case))
    place.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", WAITING, *(str(int(one)) for one in case)],
        cwd=ROOT,
        env={**environment, **Clock(place).environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
