"""An evaluation: from the version to the report.

As a process of its own: `python -m benchmarks.evaluate_way OUTPUT IN_FLIGHT RESULT_FILE`, where the
output holds one version. It is then resumed, which has to ask for nothing again.

As in `duologue_way`, what the command line does before it starts a flow is not measured.
"""

import asyncio
import sys

from benchmarks.measuring import measured
from duologue.cli.local_run import flow_ready
from duologue.evaluation.manifest import EvaluationManifest
from duologue.evaluation.replies import Side, Verdict
from duologue.flows.evaluate_dataset import evaluate_dataset
from duologue.settings.evaluation import EvaluationOptions
from duologue.settings.participants import ParticipantSettings

CANDIDATE = ParticipantSettings.parsed("support-bot")


async def main(output: str, in_flight: int, result_file: str) -> None:
    async with flow_ready(lambda: evaluate_dataset, [CANDIDATE]):
        with measured() as measurement:
            manifest = await _evaluated(output, in_flight)
        verdicts = manifest.sides[Side.CANDIDATE].verdicts
        measurement.valid = manifest.prefixes - verdicts[Verdict.FAILED]
        with measured() as resuming:
            await _evaluated(output, in_flight, resume=manifest.evaluation)
    measurement.resume_seconds = resuming.seconds
    measurement.save(result_file)


async def _evaluated(output: str, in_flight: int, resume: str | None = None) -> EvaluationManifest:
    manifest = await evaluate_dataset(
        candidate=CANDIDATE.reference,
        max_concurrency=in_flight,
        output=output,
        # The version's replies are made up, so there is no noise to compare with.
        advanced=EvaluationOptions(noise_samples=0, resume=resume),
    )
    assert isinstance(manifest, EvaluationManifest)  # a run that does not pass raises
    return manifest


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
