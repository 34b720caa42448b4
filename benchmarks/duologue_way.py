"""Duologue's way: the whole flow, from the seed file to the published dataset.

As a process of its own: `python -m benchmarks.duologue_way SEEDS_FILE IN_FLIGHT RESULT_FILE`. The
dataset goes to the seed file's folder.

The run is then resumed, which has to ask for nothing again.

What the command line does before it starts a flow is not measured: imports, and Prefect's temporary
server, which takes seconds that say nothing of the flow and are not spent where one is configured.
"""

import asyncio
import sys
from pathlib import Path

from benchmarks.measuring import TURNS, measured
from duologue.cli.local_run import flow_ready
from duologue.dataset.manifest import Manifest
from duologue.flows.generate_dataset import generate_dataset
from duologue.settings.participants import ParticipantSettings
from duologue.settings.run import AdvancedOptions

PARTICIPANTS = [ParticipantSettings.parsed(name) for name in ("support-bot", "simulated-user")]


async def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    async with flow_ready(lambda: generate_dataset, PARTICIPANTS):
        with measured() as measurement:
            manifest = await _generated(seeds_file, in_flight)
        measurement.valid = manifest.counts.valid
        with measured() as resuming:
            await _generated(seeds_file, in_flight, resume=manifest.version)
    measurement.resume_seconds = resuming.seconds
    measurement.save(result_file)


async def _generated(seeds_file: str, in_flight: int, resume: str | None = None) -> Manifest:
    chatbot, simulated_user = PARTICIPANTS
    manifest = await generate_dataset(
        seeds=seeds_file,
        chatbot=chatbot.reference,
        simulated_user=simulated_user.reference,
        turns=TURNS,
        max_concurrency=in_flight,
        output=str(Path(seeds_file).parent / "datasets"),
        advanced=AdvancedOptions(resume=resume),
    )
    assert isinstance(manifest, Manifest)  # a run that has failures raises
    return manifest


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
