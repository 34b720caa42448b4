"""Shows a run in the Prefect UI: its progress, and at the end a summary and the failures.

Artifacts contain ids, counts and reasons, never a conversation's text.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from slugify import slugify

from duologue.dataset.changes import Changes
from duologue.dataset.contents import DatasetContents
from duologue.dataset.counts import Counts
from duologue.dataset.failures import Failure, InvalidConversationRecord, failures
from duologue.dataset.judges import JudgeSummary, no_verdict_notes
from duologue.dataset.manifest import Manifest
from duologue.progress import Progress, watch_progress
from duologue.report.page import REPORT_FILE
from duologue.storage.locations import without_credentials
from duologue.validation.quality import DatasetFinding
from duologue.versions.latest import Latest, read_latest
from duologue.versions.places import Version

SECONDS_BETWEEN_UPDATES = 5

IDS_SHOWN = 5
"""Of the conversations that changed or are missing; the files have them all."""

FINDINGS_SHOWN = 10
"""Of the dataset rules; the manifest has them all."""

REASONS_SHOWN = 5
"""Enough to see whether there is one cause or many; the table of failures has them all."""


@asynccontextmanager
async def progress_artifact(progress: Progress) -> AsyncIterator[None]:
    """Keeps a progress bar in the UI up to date, and reports the start to `watch_progress`."""
    watch_progress.get()(progress)
    artifact: UUID | None = None
    with best_effort():
        artifact = await acreate_progress_artifact(
            progress.percent,
            key=progress.of,
            description=f"{progress.of.capitalize()} of {progress.name} that have ended",
        )

    async def update() -> None:
        if artifact is not None:
            with best_effort():
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


async def show_summary(version: Version, contents: DatasetContents) -> None:
    """Writes a summary of the version, and a table of what failed and why, as artifacts.

    Their keys hold the dataset's name: the UI shows all artifacts of a key on one page, which is
    the dataset's history then.
    """
    manifest, folder = version.manifest, version.folder
    of_dataset = slugify(manifest.dataset)
    with best_effort():
        latest = read_latest(version.dataset.folder)
        await acreate_markdown_artifact(
            summary(manifest, contents, without_credentials(folder.absolute()), latest),
            key=f"summary-{of_dataset}",
            description=str(version),
        )
    with best_effort():
        if failures := failure_rows(contents):
            await acreate_table_artifact(
                failures, key=f"failures-{of_dataset}", description=f"Not in {version}, and why"
            )


@contextmanager
def best_effort() -> Iterator[None]:
    """Logs an error in its block and continues: the result of the run does not depend on it."""
    try:
        yield
    except Exception as error:
        get_run_logger().warning("an artifact could not be written: %r", error)


def summary(
    manifest: Manifest,
    contents: DatasetContents,
    folder: str,
    latest: Latest | None,
) -> str:
    """Renders a version as Markdown: whether it is published, its counts, changes and files.

    Args:
        manifest: of the version.
        contents: of the version.
        folder: where its files are.
        latest: what `latest` names; None where nothing is published.
    """
    settings, changes = manifest.settings, manifest.changes
    # A later revision counts from the first attempt, be that yesterday.
    took = f", in {manifest.seconds:.0f} s" if manifest.revision == 1 else ""
    return "\n".join(
        [
            f"## {manifest.dataset}, revision {manifest.revision}",
            "",
            *_publication(manifest, latest),
            "",
            _report(folder),
            "",
            f"`{settings.chatbot.reference}` with `{settings.simulated_user.reference}`, "
            f"{settings.simulation.turns} turns{took}.",
            "",
            *_spent(manifest),
            *_counts(manifest, changes),
            "",
            *_reasons(manifest, contents),
            *_judges(manifest.judges),
            *_findings(manifest.quality.findings),
            *(_changes(changes) if changes else []),
            "### Files",
            "",
            f"In `{folder}`:",
            "",
            "| file | rows | bytes |",
            "|---|---:|---:|",
            *(f"| {file.name} | {_shown(file.rows)} | {file.bytes:,} |" for file in manifest.files),
        ]
    )


def _report(folder: str) -> str:
    """Says where the report is: a link if browsers follow it from here, else an address to copy."""
    report = f"{folder}/{REPORT_FILE}"
    address = report if "://" in report else Path(report).absolute().as_uri()
    shown = f"[{REPORT_FILE}]({address})" if address.startswith("http") else f"`{address}`"
    return f"Read the conversations: {shown}"


def _spent(manifest: Manifest) -> list[str]:
    lines = []
    if manifest.usage:
        lines += [f"Its calls used {manifest.usage.summary}.", ""]
    if manifest.left_undone:
        undone = f"{manifest.left_undone} conversations were left undone"
        lines += [f"The run's budget was spent, and {undone}.", ""]
    for limit in manifest.account_limits:
        lines += [f"{limit}.", ""]
    return lines


def _reasons(manifest: Manifest, contents: DatasetContents) -> list[str]:
    """Lists why conversations are missing, the most frequent reason first, and what to do."""
    ids_by_reason: dict[tuple[str, str], list[str]] = {}
    for row in failure_rows(contents):
        if row["kind"] != "rejected row":
            # How long it was tried for differs from one to the next.
            reason = re.sub(r" \(gave up after .*\)$", "", row["reason"])
            ids_by_reason.setdefault((row["kind"], reason), []).append(row["id"])
    if not ids_by_reason:
        return []
    most_frequent = sorted(ids_by_reason.items(), key=lambda item: -len(item[1]))
    rest = len(most_frequent) - REASONS_SHOWN
    return [
        "### What is missing, and why",
        "",
        *(
            f"- {len(ids)} {kind}{'s' if len(ids) > 1 else ''}: {reason} ({_some(ids)})"
            for (kind, reason), ids in most_frequent[:REASONS_SHOWN]
        ),
        *([f"- {rest} further reasons, in the table of failures"] if rest > 0 else []),
        "",
        "**Retry**, in this run's menu, simulates only these again. Later, or elsewhere: the "
        f"deployment `rerun-failed-seeds` with version `{manifest.version}`, or "
        f"`duologue rerun {manifest.version} --name {manifest.dataset}`.",
        "",
    ]


def _judges(judges: Mapping[str, JudgeSummary]) -> list[str]:
    """Lists what each judge said, and why it gave no verdict."""
    if not judges:
        return []
    rows = [
        f"| {judge} | {name} | {one.passed} of {one.passed + one.failed} | "
        f"{'' if one.mean_score is None else f'{one.mean_score:.3f}'} | {one.severity} |"
        for judge, summary in judges.items()
        for name, one in summary.criteria.items()
    ]
    return [
        "### What the judges said",
        "",
        "| judge | criterion | passed | mean score | if failed |",
        "|---|---|---:|---:|---|",
        *rows,
        "",
        *(f"- {note}" for note in no_verdict_notes(judges)),
        "",
    ]


def _findings(findings: Sequence[DatasetFinding]) -> list[str]:
    """Lists what the dataset rules found."""
    if not findings:
        return []
    rest = len(findings) - FINDINGS_SHOWN
    return [
        "### What stands out",
        "",
        *(
            f"- {finding.severity} `{finding.rule}`: {finding.detail}"
            + (f" ({_some(finding.conversation_ids)})" if finding.conversation_ids else "")
            for finding in findings[:FINDINGS_SHOWN]
        ),
        *([f"- {rest} further findings, in the manifest"] if rest > 0 else []),
        "",
    ]


def _publication(manifest: Manifest, latest: Latest | None) -> list[str]:
    named = f"`latest` is {latest.version}" if latest else "nothing is published yet"
    if manifest.held_back:
        return [f"**Held back**; {named}.", "", *(f"- {why}" for why in manifest.held_back)]
    if latest and not latest.names(manifest):
        return [f"Written; {named}, which is newer."]
    return ["**Published**: `latest` leads to it."]


def _counts(manifest: Manifest, changes: Changes | None) -> list[str]:
    columns = {"now": manifest.counts}
    if changes:
        columns["before"] = changes.counts_before
    return [
        f"| | {' | '.join(columns)} |",
        f"|---|{'---:|' * len(columns)}",
        *(
            f"| {field.replace('_', ' ')} | "
            f"{' | '.join(str(getattr(counts, field)) for counts in columns.values())} |"
            for field in Counts.model_fields
        ),
    ]


def _changes(changes: Changes) -> list[str]:
    conversations = {
        "newly failing": changes.newly_failing,
        "newly good": changes.newly_good,
        "added": changes.added,
        "removed": changes.removed,
        "with other messages": changes.changed,
    }
    before = f"{changes.before_version}, revision {changes.before_revision}"
    lines = [
        *(f"- setting {setting}" for setting in changes.settings),
        *(f"- {len(ids)} {kind}: {_some(ids)}" for kind, ids in conversations.items() if ids),
    ]
    return [f"### What differs from {before}", "", *(lines or ["- nothing"]), ""]


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(f"`{id}`" for id in ids[:IDS_SHOWN])
    return shown if len(ids) <= IDS_SHOWN else f"{shown} and {len(ids) - IDS_SHOWN} more"


def _shown(rows: int | None) -> str:
    return "" if rows is None else str(rows)


def failure_rows(contents: DatasetContents) -> list[dict[str, str]]:
    """Lists what is not in the dataset, without any of its text."""
    return [
        {"id": item.id, "kind": item.kind.replace("_", " "), "reason": _reason(item)}
        for item in failures(contents)
    ]


def _reason(item: Failure) -> str:
    """Says why, in the same words for all conversations that break the same rules."""
    if isinstance(item, InvalidConversationRecord):
        return ", ".join(item.broken_rules)
    return item.reason
