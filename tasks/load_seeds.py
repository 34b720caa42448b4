"""Reads the seed file."""

from collections import Counter

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from duologue.errors import UsageError
from duologue.plans.generation import Plan
from duologue.seeds import SeedFile


# Never cached: a Retry reads the current file.
@task(name="load-seeds", cache_policy=NO_CACHE, persist_result=False)
def load_seeds(plan: Plan) -> SeedFile:
    """Reads the seeds of a run.

    Raises:
        UsageError: the file cannot be read, or none of its rows can.
    """
    seed_file = plan.read_seeds()
    logger = get_run_logger()
    logger.info("%d seeds read (%s)", len(seed_file.seeds), seed_file.columns_note)
    for row in seed_file.rejected:
        logger.warning("row rejected: %s", row)
    for rule, count in Counter(warning.rule for warning in seed_file.warnings).items():
        logger.warning("%d seeds break the rule %s on their own", count, rule)
    if not seed_file.seeds:
        raise UsageError(
            f"{seed_file.path}: all {seed_file.rows_read} rows were rejected; the first: "
            f"{seed_file.rejected[0]}"
        )
    return seed_file
