"""One process that makes run after run, as a machine does that is not restarted for weeks.

    python -m tests.soak.long_lived SETTINGS.json

Each run is of another size: with a task run for each conversation, and in batches. What fails is
gone on with until there is a version; then its failed seeds are simulated again, or it is
evaluated, or neither. For each run there is a line of JSON in the report.
"""

import asyncio
import gc
import random
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from pydantic import BaseModel, ConfigDict

from duologue.dataset.manifest import IncompleteDatasetError, Manifest
from duologue.evaluation.manifest import FailedEvaluationError
from duologue.flows.evaluate_dataset import evaluate_dataset
from duologue.flows.generate_dataset import generate_dataset
from duologue.flows.rerun_failed_seeds import rerun_failed_seeds
from duologue.tasks.identify_run import VERSION_TAG
from tests.soak.misbehaviour import CANDIDATE
from tests.soak.options import ADVANCED, CALL
from tests.soak.paying import Paying

SIZES = [20, 60, 120, 210, 300]
"""Seeds; beyond 200, conversations share task runs."""
REJECTED = 2
"""Rows of each seed file that hold no message."""
RUNS_OF_A_DATASET = 6
MOST_ATTEMPTS = 60
SECONDS_BETWEEN_ATTEMPTS = 1


class Settings(BaseModel):
    """What the process gets as input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    """For what it writes itself."""
    output: str
    results: Path
    """Where Prefect stores the errors that flow runs end with."""
    vellum: str
    random_seed: int
    seconds: float


class Line(BaseModel):
    """What became of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    conversations: int
    version: str
    errors: tuple[str, ...]
    """What attempts ended with that made no version, revision or evaluation."""
    kept: int
    """Conversations that were finished when an attempt failed, of all runs so far."""
    paid_again: tuple[str, ...]
    """Those of this run that were requested again."""
    then: str
    """What was done with the version."""
    rss_mb: float
    handles: int
    threads: int


class LongLived:
    """Makes runs, one after another."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._random = random.Random(settings.random_seed)
        self._paying = Paying(settings.vellum, Path(settings.output))
        self._process = psutil.Process()

    async def live(self) -> None:
        until, number = time.monotonic() + self._settings.seconds, 0
        while time.monotonic() < until:
            number += 1
            line = await self._run(number)
            with (self._settings.folder / "long_lived.jsonl").open("a") as report:
                report.write(line.model_dump_json() + "\n")

    async def _run(self, number: int) -> Line:
        run, count = f"run{number}", self._random.choice(SIZES)
        parameters = self._parameters(run, number, count)
        version, errors, paid_again = "", list[str](), list[str]()
        while not isinstance(manifest := await self._attempt(parameters, version), Manifest):
            state, error = manifest
            errors.append(f"{type(error).__name__}: {error}")
            if len(errors) == MOST_ATTEMPTS:
                raise RuntimeError(f"{run}: no version after {MOST_ATTEMPTS} attempts: {errors}")
            paid_again += self._paying.paid_again(run)
            version = version or await _version_of(state)
            if version:
                self._paying.note(run, version)
            await asyncio.sleep(SECONDS_BETWEEN_ATTEMPTS)
        paid_again += self._paying.paid_again(run)
        then, error = await self._then(manifest)
        errors += [error] if error else []
        gc.collect()
        return Line(
            run=run,
            conversations=count,
            version=manifest.version,
            errors=tuple(errors),
            kept=self._paying.kept,
            paid_again=tuple(paid_again),
            then=then,
            rss_mb=round(self._process.memory_info().rss / 2**20, 1),
            handles=self._process.num_fds(),
            threads=self._process.num_threads(),
        )

    async def _attempt(
        self, parameters: dict[str, Any], resume: str
    ) -> Manifest | tuple[State[Any], Any]:
        """Makes or resumes a version; returns its manifest, or what there is instead."""
        advanced = {**ADVANCED, "resume": resume or None}
        state = await generate_dataset(**parameters, advanced=advanced, return_state=True)
        assert isinstance(state, State)
        ended_with = await state.aresult(raise_on_failure=False)
        if isinstance(ended_with, IncompleteDatasetError):
            return ended_with.manifest
        return ended_with if isinstance(ended_with, Manifest) else (state, ended_with)

    def _parameters(self, run: str, number: int, count: int) -> dict[str, Any]:
        seeds = self._settings.folder / f"{run}.csv"
        rows = [f"{run}-{n},Where is my order {n} of {run}?\n" for n in range(count)]
        rows += [f"{run}-empty-{n},\n" for n in range(REJECTED)]
        seeds.write_text("seed_id,message\n" + "".join(rows))
        return {
            "seeds": str(seeds),
            "chatbot": "support-bot",
            "simulated_user": "simulated-user",
            "turns": 2,
            "output": self._settings.output,
            "name": f"long-lived-{number // RUNS_OF_A_DATASET}",
        }

    async def _then(self, manifest: Manifest) -> tuple[str, str]:
        """Does something with the version; returns what, and the error it ended with, if any."""
        counts = manifest.counts
        place = {"output": self._settings.output, "name": manifest.dataset}
        match self._random.choice(["rerun", "evaluate", "nothing"]):
            case "rerun" if counts.valid < counts.conversations:
                rerun = rerun_failed_seeds(manifest.version, **place, return_state=True)
                return "rerun", await _error_of(await rerun)
            case "evaluate" if counts.valid:
                call = {"call": CALL}
                evaluation = evaluate_dataset(
                    manifest.version, CANDIDATE, **place, advanced=call, return_state=True
                )
                return "evaluate", await _error_of(await evaluation)
            case _:
                return "nothing", ""


async def _error_of(state: State[Any]) -> str:
    """What a run ended with; nothing where it wrote what it was to write."""
    ended_with = await state.aresult(raise_on_failure=False)
    if isinstance(ended_with, IncompleteDatasetError | FailedEvaluationError):
        return ""
    return f"{type(ended_with).__name__}: {ended_with}" if state.is_failed() else ""


async def _version_of(state: State[Any]) -> str:
    """The version that a run was to make; nothing where it did not come so far."""
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    async with get_client() as client:
        tags = (await client.read_flow_run(flow_run_id)).tags
    return next((tag.removeprefix(VERSION_TAG) for tag in tags if tag.startswith(VERSION_TAG)), "")


if __name__ == "__main__":
    settings = Settings.model_validate_json(Path(sys.argv[1]).read_text())
    asyncio.run(LongLived(settings).live())
