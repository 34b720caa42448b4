"""Running the flows in the tests' own process, and what became of it."""

import asyncio
import json
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State, TaskRun
from prefect.flow_engine import run_flow_async
from prefect.states import AwaitingRetry

from duologue.dataset.manifest import IncompleteDatasetError, Manifest
from duologue.flows.generate_dataset import generate_dataset
from duologue.flows.rerun_failed_seeds import rerun_failed_seeds

QUICK: dict[str, Any] = {
    "seed_retries": 0,
    "call": {"max_attempts": 1, "first_wait_seconds": 0.001, "longest_wait_seconds": 0.002},
}
"""Advanced options of a run whose failures are final at once."""

ANYTHING_PASSES = {"max_failed_share": 1, "max_invalid_share": 1}
"""Gates."""


async def generated(seeds: Path, **parameters: Any) -> State[Any]:
    """Runs `generate_dataset` on the stand-in's Workflow Deployments."""
    parameters = {
        "chatbot": "support-bot",
        "simulated_user": "simulated-user",
        "output": str(output_of(seeds)),
        "advanced": QUICK,
        **parameters,
    }
    state = await generate_dataset(seeds=str(seeds), **parameters, return_state=True)
    assert isinstance(state, State)
    return state


async def rerun(seeds: Path, **parameters: Any) -> State[Any]:
    """Runs `rerun_failed_seeds` on what `generated` made."""
    parameters = {"output": str(output_of(seeds)), **parameters}
    return await rerun_failed_seeds(**parameters, return_state=True)


async def retried(state: State[Any], flow: Flow[..., Any] = generate_dataset) -> State[Any]:
    """Runs a flow run again, as Retry in the UI does."""
    async with get_client() as client:
        flow_run_id = state.state_details.flow_run_id
        assert flow_run_id is not None
        await client.set_flow_run_state(flow_run_id, AwaitingRetry(), force=True)
        flow_run = await client.read_flow_run(flow_run_id)
    again = await run_flow_async(
        flow,
        flow_run=flow_run,
        parameters=flow.validate_parameters(flow_run.parameters),
        return_type="state",
    )
    assert isinstance(again, State)
    return again


async def manifest_of(state: State[Any]) -> Manifest:
    """The manifest that a run ended with."""
    ended_with = await state.aresult(raise_on_failure=False)
    if isinstance(ended_with, IncompleteDatasetError):
        return ended_with.manifest
    assert isinstance(ended_with, Manifest), ended_with
    return ended_with


async def task_runs(state: State[Any], at_least: int = 1) -> list[TaskRun]:
    """A run's task runs, once the server, which records them a little later, has that many."""
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    async with get_client() as client:
        while len(runs := await client.read_task_runs(flow_run_filter=of_run)) < at_least:
            await asyncio.sleep(0.1)
    return runs


async def events_of(state: State[Any], *names: str) -> list[dict[str, Any]]:
    """The events with these names that a run emitted, once the server has stored one."""
    run = f"prefect.flow-run.{state.state_details.flow_run_id}"
    query = {"filter": {"event": {"name": names}, "related": {"id": [run]}}}
    async with get_client() as client:
        while True:
            answer = await client._client.post("/events/filter", json=query)
            if found := answer.json()["events"]:
                return list(found)
            await asyncio.sleep(0.2)


def output_of(seeds: Path) -> Path:
    """Where the datasets of a test's seed file are."""
    return seeds.parent / "datasets"


def folder(seeds: Path, manifest: Manifest) -> Path:
    """Where a revision is."""
    suffix = "" if manifest.revision == 1 else f"-r{manifest.revision}"
    return output_of(seeds) / manifest.dataset / f"{manifest.version}{suffix}"


def latest(seeds: Path) -> dict[str, Any]:
    """What latest.json says."""
    parsed: dict[str, Any] = json.loads((output_of(seeds) / "seeds" / "latest.json").read_text())
    return parsed
