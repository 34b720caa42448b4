"""Compares the speed of `compare_chatbots` with the ideal.

    python -m benchmarks.compare_speed

Prints what was measured and whether the target is reached; exit code 1 where it is missed.
"""

import argparse
import sys
from dataclasses import replace

from benchmarks.measuring import CALLS_PER_SEED
from benchmarks.running import AS_INSTALLED, Scenario, Way, check_installed, run_way
from tests.support.vellum_stand_in import stand_in_process

PAIRS = 1000
CONVERSATIONS = Scenario("1,000 pairs", seeds=PAIRS, in_flight=64, latency_ms=200)
MOST_TIMES_IDEAL = 1.2
"""Target: how much longer the whole may take than the calls of both sides alone."""
COMPARISON = Way("comparison", "benchmarks.compare_way", str(AS_INSTALLED))


def main() -> None:
    """Compares once, prints the figures and the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="fewer, to see that it works")
    pairs = parser.parse_args().pairs
    check_installed()
    scenario = replace(CONVERSATIONS, seeds=pairs)
    with stand_in_process(scenario.latency_ms, keep_log=False) as vellum_url:
        run = run_way(scenario, COMPARISON, vellum_url)
    measurement, calls = run.measurement, 2 * pairs * CALLS_PER_SEED
    if (measurement.valid, run.calls) != (2 * pairs, calls):
        sys.exit(
            f"{measurement.valid} valid conversations with {run.calls} calls; expected {2 * pairs} "
            f"with {calls}"
        )
    ideal = 2 * scenario.ideal_seconds
    times = measurement.seconds / ideal
    print(
        f"{pairs} pairs, {CONVERSATIONS.in_flight} in flight, {CONVERSATIONS.latency_ms} ms: "
        f"{measurement.seconds:.1f} s, {times:.2f} times the ideal; "
        f"CPU {measurement.cpu_seconds / pairs * 1000:.1f} ms a pair; "
        f"peak {measurement.peak_mb:.0f} MB; resumed in {measurement.resume_seconds:.1f} s"
    )
    print(f"{'reached' if times <= MOST_TIMES_IDEAL else 'MISSED'}: at most {MOST_TIMES_IDEAL}")
    sys.exit(0 if times <= MOST_TIMES_IDEAL else 1)


if __name__ == "__main__":
    main()
