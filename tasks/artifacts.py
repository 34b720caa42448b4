"""What a run shows in the Prefect UI: its progress, and at the end a summary and the failures.

They hold ids, counts and reasons, never a conversation's text.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from prefect import get_run_logger
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest
from duologue.dataset.storage import without_credentials
from duologue.dataset.versions import version_folder
from duologue.generation import Plan
from duologue.progress import Progress

SECONDS_BETWEEN_UPDATES = 5


@asynccontextmanager
async def progress_artifact(progress: Progress) -> AsyncIterator[None]:
    """Keeps a progress bar in the UI up to date."""
    artifact = await acreate_progress_artifact(
        progress.percent, key="conversations", description="Conversations simulated"
    )

    async def update() -> None:
        with _no_reason_to_fail():
            await aupdate_progress_artifact(artifact, progress.percent)

    async def keep_updating() -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_UPDATES)
            await update()

    updates = asyncio.create_task(keep_updating())
    try:
        yield
    finally:
        updates.cancel()
        with suppress(asyncio.CancelledError):
            await updates
        await update()


async def show_summary(plan: Plan, manifest: Manifest, contents: DatasetContents) -> None:
    """Leaves a summary of the version in the UI, and a table of what failed and why."""
    folder = version_folder(plan.output, manifest.dataset, manifest.version, manifest.revision)
    with _no_reason_to_fail():
        await acreate_markdown_artifact(
            summary(manifest, without_credentials(folder)),
            key="summary",
            description=f"{manifest.dataset} {manifest.version}",
        )
        if failures := failure_rows(contents):
            await acreate_table_artifact(
                failures, key="failures", description="What is not in the dataset, and why"
            )


@contextmanager
def _no_reason_to_fail() -> Iterator[None]:
    """Logs what kept an artifact from being written: the conversations are there without it."""
    try:
        yield
    except Exception as error:
        get_run_logger().warning("an artifact could not be written: %r", error)


def summary(manifest: Manifest, folder: str) -> str:
    """Renders the version's counts and files, and where they are, as Markdown."""
    counts = manifest.counts
    rows = {
        "rows read": counts.rows_read,
        "rejected rows": counts.rejected,
        "seeds": counts.seeds,
        "conversations": counts.conversations,
        "valid": counts.valid,
        "invalid": counts.invalid,
        "failed": counts.failed,
        "seconds": round(manifest.seconds, 1),
    }
    lines = [
        f"# {manifest.dataset} {manifest.version}",
        "",
        f"{manifest.chatbot.spelling} with {manifest.simulated_user.spelling}, "
        f"{manifest.simulation.turns} turns; revision {manifest.revision}, in `{folder}`.",
        "",
        "| | |",
        "|---|---:|",
        *(f"| {name} | {value} |" for name, value in rows.items()),
        "",
        "| file | rows | bytes |",
        "|---|---:|---:|",
        *(f"| {file.name} | {_shown(file.rows)} | {file.bytes} |" for file in manifest.files),
    ]
    return "\n".join(lines)


def _shown(rows: int | None) -> str:
    return "" if rows is None else str(rows)


def failure_rows(contents: DatasetContents) -> list[dict[str, str | int]]:
    """Lists what did not make it into the dataset, without any of its text."""
    rejected: list[dict[str, str | int]] = [
        {"id": f"line {row.line}", "kind": "rejected row", "reason": row.reason}
        for row in contents.seed_file.rejected
    ]
    failed: list[dict[str, str | int]] = [
        {"id": seed.conversation_id, "kind": "failed seed", "reason": seed.reason}
        for seed in contents.failed
    ]
    invalid: list[dict[str, str | int]] = [
        {
            "id": checked.conversation.conversation_id,
            "kind": "invalid conversation",
            "reason": ", ".join(checked.broken_rules),
        }
        for checked in contents.invalid
    ]
    return failed + invalid + rejected
