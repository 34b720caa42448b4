"""Reading a version back: its conversations in batches, or all that its run produced."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from upath import UPath

from duologue.conversation.messages import Conversation
from duologue.dataset.contents import DatasetContents
from duologue.dataset.counts import Counts, UnaccountedSeedsError
from duologue.dataset.failures import (
    FAILURES_JSONL_FILE,
    FailedSeedRecord,
    InvalidConversationRecord,
    RejectedRowRecord,
    read_failures,
)
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE
from duologue.dataset.schema import SCHEMA_VERSION_KEY, USAGE_COLUMNS
from duologue.dataset.schema_version import SCHEMA_VERSION
from duologue.errors import UsageError
from duologue.seeds import RejectedRow, Seed, SeedFile
from duologue.simulation import FailedSeed
from duologue.storage.files import describe_storage_error
from duologue.storage.locations import without_credentials
from duologue.validation.check import check_conversation
from duologue.validation.loading import load_rules
from duologue.validation.verdict import Verdict
from duologue.versions.places import Version

_SEED_COLUMNS = ["seed_message", "context"]
_COLUMNS = [
    "conversation_id",
    "seed_id",
    "sample",
    "messages",
    "end_reason",
    "started_at",
    "ended_at",
    "attempts",
    *USAGE_COLUMNS,
    "verdicts",
    "opening_messages",
]
_ROWS_AT_ONCE = 500
"""About 3 MB of conversations of 7 messages as Python objects."""


def read_conversations(path: UPath, of: str | None = None) -> Iterator[Conversation]:
    """Opens a `conversations.parquet` and yields its conversations, in the file's order.

    They are read on demand, so that the first of many arrives immediately.

    Args:
        path: the Parquet file.
        of: only the conversations of the seed with this id, or the one with this id itself.

    Raises:
        UsageError: the file is not there, or was not written by this Duologue or an older one.
    """
    return (conversation for _, conversation in read_seeded_conversations(path, of))


def read_seeded_conversations(
    path: UPath, of: str | None = None
) -> Iterator[tuple[Seed, Conversation]]:
    """Like `read_conversations`, each with its seed."""
    judged = read_judged_conversations(path, of)
    return ((seed, conversation) for seed, conversation, _ in judged)


def read_judged_conversations(
    path: UPath, of: str | None = None
) -> Iterator[tuple[Seed, Conversation, tuple[Verdict, ...]]]:
    """Like `read_seeded_conversations`, each with the judges' verdicts."""
    with _opened(path) as file:
        check_schema_version(path, file.schema_arrow)
    return _judged_conversations(path, of)


def _judged_conversations(
    path: UPath, of: str | None
) -> Iterator[tuple[Seed, Conversation, tuple[Verdict, ...]]]:
    with _opened(path) as file:
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=[*_SEED_COLUMNS, *_COLUMNS]):
            if of is not None:
                batch = batch.filter(
                    (pc.field("seed_id") == of) | (pc.field("conversation_id") == of)
                )
            for row in batch.to_pylist():
                seed = Seed(
                    seed_id=row["seed_id"],
                    message=row.pop("seed_message"),
                    context=json.loads(row.pop("context")),
                )
                # Older files do not have these columns.
                row["opening"] = row.pop("opening_messages", None) or 0
                verdicts = tuple(map(Verdict.model_validate, row.pop("verdicts", None) or ()))
                yield seed, Conversation.model_validate(_with_usage(row)), verdicts


def _with_usage(row: dict[str, Any]) -> dict[str, Any]:
    """Collects the usage columns of a conversation, and those of its messages.

    Older files do not have these columns.
    """
    for item in (row, *row["messages"]):
        columns = {name: item.pop(name, None) for name in USAGE_COLUMNS}
        item["usage"] = {k: v for k, v in columns.items() if v is not None} or None
    return row


@contextmanager
def _opened(path: UPath) -> Iterator[pq.ParquetFile]:
    try:
        with path.open("rb") as stored, pq.ParquetFile(stored) as file:
            yield file
    except FileNotFoundError as error:
        raise UsageError(f"{without_credentials(path)}: not found") from error
    except OSError as error:
        raise UsageError(
            f"{without_credentials(path)}: cannot be read: {describe_storage_error(error)}"
        ) from error
    except UsageError:
        raise
    # pyarrow and our models may raise anything on a file that is damaged or not ours.
    except Exception as error:
        raise UsageError(
            f"{without_credentials(path)}: is not a complete Parquet file of Duologue; expected a "
            "dataset's conversations.parquet"
        ) from error


def check_schema_version(path: UPath, schema: pa.Schema) -> None:
    """Refuses a Parquet file that Duologue did not write, or with another schema version.

    Raises:
        UsageError: it was not, or has.
    """
    version = (schema.metadata or {}).get(SCHEMA_VERSION_KEY, b"").decode()
    if not version:
        raise UsageError(
            f"{without_credentials(path)}: is not of Duologue; expected a dataset's "
            "conversations.parquet"
        )
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"{without_credentials(path)}: has schema version {version}, and this Duologue reads "
            f"version {SCHEMA_VERSION}; use the Duologue that wrote it, or a newer one"
        )


def read_contents(version: Version) -> DatasetContents:
    """Reads all that a version's run produced, from the version's own files.

    The conversations are checked again: by the current rules, with the severities and thresholds
    of the version's run.

    Raises:
        UsageError: a file is missing, was changed, or was written by another Duologue; or a rule
            of its run cannot be found.
    """
    folder, manifest = version.folder, version.manifest
    records = read_failures(folder / FAILURES_JSONL_FILE)
    failed = [record for record in records if isinstance(record, FailedSeedRecord)]
    invalid = [record for record in records if isinstance(record, InvalidConversationRecord)]
    at: dict[int, tuple[Seed, Conversation | FailedSeedRecord, tuple[Verdict, ...]]] = {
        record.position: (record.seed, record, ()) for record in failed
    }
    at |= {
        record.position: (record.seed, record.conversation, record.verdicts) for record in invalid
    }
    valid = read_judged_conversations(folder / CONVERSATIONS_FILE)
    in_order = [
        at.pop(position) if position in at else next(valid, None)
        for position in range(manifest.counts.conversations)
    ]
    made = [item for item in in_order if item is not None]
    rules = load_rules(manifest.settings.rules)
    contents = DatasetContents(
        seed_file=SeedFile(
            path=manifest.seed_file.path,
            sha256=manifest.seed_file.sha256,
            columns_note=manifest.seed_file.columns_note,
            seeds=tuple({seed.seed_id: seed for seed, _, _ in made}.values()),
            rejected=tuple(
                RejectedRow(record.file, record.line, record.reason)
                for record in records
                if isinstance(record, RejectedRowRecord)
            ),
        ),
        checked=tuple(
            check_conversation(outcome, seed, manifest.settings.simulation, rules).judged(verdicts)
            for seed, outcome, verdicts in made
            if isinstance(outcome, Conversation)
        ),
        failed=tuple(
            FailedSeed(record.seed, record.sample, record.error_class, record.reason, record.draft)
            for record in failed
        ),
        settings=manifest.settings,
        started_at=manifest.started_at,
        judge_usage={
            name: judge.usage for name, judge in manifest.judges.items() if judge.usage is not None
        },
    )
    every_place_filled = None not in in_order and next(valid, None) is None
    if not (every_place_filled and _adds_up(contents, manifest.counts)):
        raise UsageError(
            f"{without_credentials(folder)}: {CONVERSATIONS_FILE} and {FAILURES_JSONL_FILE} do "
            f"not add up to the {manifest.counts.conversations} conversations of its "
            f"{MANIFEST_FILE}; one of them was changed"
        )
    return contents


def _adds_up(contents: DatasetContents, counts: Counts) -> bool:
    """Compares all counts except those that the current rules may change."""
    try:
        rules_apart = contents.counts.model_copy(
            update={"valid": counts.valid, "invalid": counts.invalid}
        )
    except UnaccountedSeedsError:
        return False
    return rules_apart == counts
