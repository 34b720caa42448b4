"""Duologue's way: the whole flow, from the seed file to the published dataset.

As a process of its own: `python -m benchmarks.duologue_way SEEDS_FILE IN_FLIGHT RESULT_FILE`. The
dataset goes to the seed file's folder.

The run is then resumed, which has to ask for nothing again.

The temporary Prefect server is started before anything is measured, as the command line starts it:
it takes seconds that say nothing of the flow, and where a server is configured they are not spent
at all. So is the Vellum SDK imported.
"""

import asyncio
import sys
from pathlib import Path

from benchmarks.beginning import begun
from benchmarks.measuring import TURNS, measured
from duologue.dataset.manifest import Manifest
from duologue.generation import AdvancedOptions
from flows.generate_dataset import generate_dataset


async def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    async with begun():
        with measured() as measurement:
            manifest = await _generated(seeds_file, in_flight)
        measurement.valid = manifest.counts.valid
        with measured() as resuming:
            await _generated(seeds_file, in_flight, resume=manifest.version)
    measurement.resume_seconds = resuming.seconds
    measurement.save(result_file)


async def _generated(seeds_file: str, in_flight: int, resume: str | None = None) -> Manifest:
    manifest = await generate_dataset(
        seeds=seeds_file,
        chatbot="support-bot",
        simulated_user="simulated-user",
        turns=TURNS,
        max_concurrency=in_flight,
        output=str(Path(seeds_file).parent / "datasets"),
        advanced=AdvancedOptions(resume=resume),
    )
    assert isinstance(manifest, Manifest)  # a run that has failures raises
    return manifest


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
