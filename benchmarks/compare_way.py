"""A comparison: from the seed file to the report.

As a process of its own: `python -m benchmarks.compare_way SEEDS_FILE IN_FLIGHT RESULT_FILE`. It is
then resumed, which has to ask for nothing again.

As in `duologue_way`, what the command line does before it starts a flow is not measured.
"""

import asyncio
import sys
from pathlib import Path

from benchmarks.duologue_way import PARTICIPANTS
from benchmarks.measuring import TURNS, measured
from duologue.cli.local_run import flow_ready
from duologue.comparison.manifest import ComparisonManifest
from duologue.flows.compare_chatbots import compare_chatbots
from duologue.settings.comparison import ComparisonOptions


async def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    async with flow_ready(lambda: compare_chatbots, PARTICIPANTS):
        with measured() as measurement:
            manifest = await _compared(seeds_file, in_flight)
        measurement.valid = sum(side.counts.valid for side in manifest.sides.values())
        with measured() as resuming:
            await _compared(seeds_file, in_flight, resume=manifest.comparison)
    measurement.resume_seconds = resuming.seconds
    measurement.save(result_file)


async def _compared(
    seeds_file: str, in_flight: int, resume: str | None = None
) -> ComparisonManifest:
    chatbot, simulated_user = (one.reference for one in PARTICIPANTS)
    manifest = await compare_chatbots(
        seeds=seeds_file,
        baseline=chatbot,
        candidate=chatbot,
        simulated_user=simulated_user,
        turns=TURNS,
        max_concurrency=in_flight,
        output=str(Path(seeds_file).parent / "datasets"),
        advanced=ComparisonOptions(resume=resume),
    )
    assert isinstance(manifest, ComparisonManifest)  # a run that does not pass raises
    return manifest


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
