"""Compares the speed of `evaluate_dataset` with the ideal.

    python -m benchmarks.evaluate_speed

Prints what was measured and whether the target is reached; exit code 1 where it is missed.
"""

import statistics
import sys
import time

from benchmarks.measuring import Measurement
from benchmarks.running import (
    AS_INSTALLED,
    calls_of,
    check_installed,
    environment,
    fresh_folder,
    printed_by,
)
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, many
from tests.support.vellum_stand_in import stand_in_process

CONVERSATIONS = 256
PREFIXES = CONVERSATIONS * 4
"""In whole rounds of what is in flight: else the last round alone keeps from the ideal."""
IN_FLIGHT = 64
LATENCY_MS = 200
IDEAL_SECONDS = PREFIXES / IN_FLIGHT * LATENCY_MS / 1000
MOST_TIMES_IDEAL = 1.4
"""Target: how much longer the whole may take than the calls alone, in the median of the runs."""
RUNS = 5
"""Of some four seconds each, so that a machine's whims would decide on one of them."""


def main() -> None:
    """Evaluates some times, prints the figures and the target."""
    times = statistics.median(_times_ideal() for _ in range(RUNS))
    is_reached = times <= MOST_TIMES_IDEAL
    verdict = "reached" if is_reached else "MISSED"
    print(f"{verdict}: {times:.2f} times the ideal in the median, at most {MOST_TIMES_IDEAL}")
    sys.exit(0 if is_reached else 1)


def _times_ideal() -> float:
    started_at = time.time()
    measurement = evaluated()
    times = measurement.seconds / IDEAL_SECONDS
    print(
        f"{PREFIXES} prefixes, {IN_FLIGHT} in flight, {LATENCY_MS} ms: "
        f"{measurement.seconds:.1f} s, {times:.2f} times the ideal; "
        f"CPU {measurement.cpu_seconds / PREFIXES * 1000:.1f} ms a prefix; "
        f"peak {measurement.peak_mb:.0f} MB; "
        f"start-up {measurement.began_at - started_at:.1f} s; "
        f"resumed in {measurement.resume_seconds:.1f} s",
        flush=True,
    )
    return times


def evaluated() -> Measurement:
    """Evaluates a version in a process and a folder of its own.

    Raises:
        SystemExit: the process failed, a reply is missing, or there were more or fewer calls than
            needed.
    """
    check_installed()
    folder = fresh_folder()
    output, result_file = folder / "datasets", folder / "result.json"
    manifest = write_version(
        DatasetFolder(str(output), "shop"), VERSION, many(CONVERSATIONS)
    ).manifest
    publish_latest(DatasetFolder(str(output), "shop").version(manifest))
    with stand_in_process(LATENCY_MS, keep_log=False) as vellum_url:
        arguments = [str(output), str(IN_FLIGHT), str(result_file)]
        printed = printed_by(
            [AS_INSTALLED, "-m", "benchmarks.evaluate_way", *arguments],
            environment(vellum_url, prefect_home=folder / "prefect"),
        )
        if not result_file.exists():
            sys.exit(f"the evaluation failed:\n{printed[-5000:]}")
        measurement, calls = Measurement.load(result_file), calls_of(vellum_url)
    if (measurement.valid, calls) != (PREFIXES, PREFIXES):
        sys.exit(f"{measurement.valid} replies with {calls} calls; expected {PREFIXES} of both")
    return measurement


if __name__ == "__main__":
    main()
