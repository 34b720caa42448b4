"""The options of the runs, so that what goes wrong goes wrong soon."""

from typing import Any

CALL = {
    "timeout_seconds": 1,
    "deadline_seconds": 15,
    "first_wait_seconds": 0.02,
    "longest_wait_seconds": 0.2,
}
ADVANCED: dict[str, Any] = {
    "call": CALL,
    "seed_retries": 1,
    "seed_retry_delay_seconds": 0.05,
    "gates": {"max_failed_share": 0.2, "max_invalid_share": 0.2},
    "keep_versions": 2,
}
"""Quick, because much goes wrong; most versions pass their gates, and some are held back."""
