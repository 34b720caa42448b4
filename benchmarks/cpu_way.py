"""A run whose computing `cpu_split` divides among those who did it.

As a process of its own: `python -m benchmarks.cpu_way WAY SEEDS_FILE IN_FLIGHT PER_TASK_RUN
RESULT_FILE`, where WAY is one of `Way`, and PER_TASK_RUN how many conversations share a task run.
The dataset goes to the seed file's folder.

What the command line does before it starts a flow is not measured.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.measuring import TURNS, Measurement, measured
from duologue.cli.local_run import flow_ready
from duologue.conversation.messages import Message
from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest
from duologue.flows.generate_dataset import generate_dataset
from duologue.participants.opening import open_participants
from duologue.plans.generation import Job, plan_generation
from duologue.seeds import read_seeds
from duologue.settings.participants import ParticipantSettings
from duologue.settings.run import AdvancedOptions, RunSettings
from duologue.simulation import Draft, Participants, simulate
from duologue.tasks.concurrency import infrequent_garbage_collection, run_all
from duologue.validation.check import CheckedConversation, check_conversation
from duologue.validation.loading import load_rules
from duologue.versions.places import new_version
from duologue.versions.writing import write_version

LATENCY_MS = "BENCHMARK_LATENCY_MS"
"""The environment variable that says how long a reply of this process takes."""

NOTE = "garbage_collected.<locals>.note"
"""The function here that is called by the garbage collector, and so costs something itself."""


class Way(StrEnum):
    """What is left out, so that the difference to the whole is its part."""

    WHOLE = "whole"
    """Nothing: `generate_dataset` with Workflow Deployments."""
    WITHOUT_SDK = "without-sdk"
    """`generate_dataset` with participants that are functions of this process."""
    WITHOUT_PREFECT = "without-prefect"
    """The same conversations, checks and files; no flow, no tasks, and nothing kept meanwhile."""


@dataclass
class CpuMeasurement(Measurement):
    """What a process computed."""

    main_thread_seconds: float = 0
    """What of it the main thread computed."""
    garbage_seconds: float = 0
    """What of it the garbage collector took."""


async def answer(chat_history: Sequence[Message]) -> str:
    """A chatbot that takes as long as the stand-in for Vellum, and computes next to nothing."""
    await asyncio.sleep(float(os.environ[LATENCY_MS]) / 1000)
    return f"Answer {len(chat_history)} is on page {hash(chat_history[-1].text) % 10_000}."


async def ask(chat_history: Sequence[Message]) -> str:
    """A simulated user of the same kind."""
    await asyncio.sleep(float(os.environ[LATENCY_MS]) / 1000)
    return f"And question {len(chat_history)} of {hash(chat_history[-1].text) % 10_000}?"


def main(way: Way, seeds_file: str, in_flight: int, per_task_run: int, result_file: str) -> None:
    participants = {"chatbot": "support-bot", "simulated_user": "simulated-user"}
    if way is Way.WITHOUT_SDK:
        here = "python:benchmarks.cpu_way"
        participants = {"chatbot": f"{here}:answer", "simulated_user": f"{here}:ask"}
    asyncio.run(_prepared(list(participants.values())))
    parameters = {
        **participants,
        "seeds": seeds_file,
        "turns": TURNS,
        "max_concurrency": in_flight,
        "output": str(Path(seeds_file).parent / "datasets"),
        "advanced": AdvancedOptions(conversations_per_task_run=per_task_run),
    }
    generate = generate_without_prefect if way is Way.WITHOUT_PREFECT else generate_dataset
    with measured() as measurement, garbage_collected() as garbage_seconds:
        main_thread_before = time.thread_time()
        manifest = work(generate, parameters)
        main_thread_seconds = time.thread_time() - main_thread_before
    measurement.valid = manifest.counts.valid
    CpuMeasurement(
        **asdict(measurement),
        main_thread_seconds=main_thread_seconds,
        garbage_seconds=sum(garbage_seconds),
    ).save(result_file)


async def _prepared(participants: Sequence[str]) -> None:
    async with flow_ready(
        lambda: generate_dataset, list(map(ParticipantSettings.parsed, participants))
    ):
        pass


def work(generate: Callable[..., Coroutine[Any, Any, Any]], parameters: dict[str, Any]) -> Manifest:
    """What is measured; `cpu_samples` knows the main thread's samples by this function."""
    manifest = asyncio.run(generate(**parameters))
    assert isinstance(manifest, Manifest)  # a run that has failures raises
    return manifest


async def generate_without_prefect(**parameters: Any) -> Manifest:
    """Does what the flow does, as far as it is done without Prefect."""
    plan, started_at = plan_generation(**parameters), datetime.now(UTC)
    seed_file, version = read_seeds(plan.seeds_path), new_version(started_at, str(uuid4()))
    jobs = plan.jobs(seed_file, version)
    checked = await _simulated(jobs, plan.settings)
    contents = DatasetContents(
        seed_file, tuple(checked[job.key] for job in jobs), (), plan.settings, started_at
    )
    return write_version(plan.dataset, version, contents).manifest


async def _simulated(jobs: Sequence[Job], settings: RunSettings) -> dict[str, CheckedConversation]:
    rules, in_flight = load_rules(settings.rules), asyncio.Semaphore(settings.max_concurrency)
    participants = [settings.chatbot, settings.simulated_user]
    checked: dict[str, CheckedConversation] = {}

    async with open_participants(participants, settings.call, settings.max_concurrency) as opened:

        async def simulate_one(job: Job) -> None:
            async with in_flight:
                conversation = await simulate(
                    Draft.of(job.seed),
                    job.seed,
                    job.sample,
                    Participants(opened[0], opened[1]),
                    settings.simulation,
                )
            checked[job.key] = check_conversation(
                conversation, job.seed, settings.simulation, rules
            )

        with infrequent_garbage_collection():
            await run_all(simulate_one, jobs)
    return checked


@contextmanager
def garbage_collected() -> Iterator[list[float]]:
    """Times the garbage collector while its block runs; seconds of computing, one each time."""
    seconds: list[float] = []
    began = 0.0

    def note(phase: str, info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.thread_time()
        else:
            seconds.append(time.thread_time() - began)

    gc.callbacks.append(note)
    try:
        yield seconds
    finally:
        gc.callbacks.remove(note)


if __name__ == "__main__":
    main(Way(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
