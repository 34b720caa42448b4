"""Reading a dataset's conversations back, a batch at a time."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from upath import UPath

from duologue.conversation.messages import Conversation
from duologue.dataset.formats import FAILURES_FILE
from duologue.dataset.schema import SCHEMA_VERSION_KEY, USAGE_COLUMNS
from duologue.dataset.schema_version import SCHEMA_VERSION
from duologue.errors import UsageError
from duologue.seeds import Seed
from duologue.storage.files import reason_of
from duologue.storage.locations import without_credentials

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
]
_ROWS_AT_ONCE = 500
"""About 3 MB of conversations of 7 messages as Python objects."""


def read_conversations(path: UPath, of: str | None = None) -> Iterator[Conversation]:
    """Opens a `conversations.parquet` and gives its conversations, in the file's order.

    They are read as they are asked for, so that the first of many comes at once.

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
    with _opened(path) as file:
        check_schema_version(path, file.schema_arrow)
    return _seeded_conversations(path, of)


def _seeded_conversations(path: UPath, of: str | None) -> Iterator[tuple[Seed, Conversation]]:
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
                yield seed, Conversation.model_validate(_with_usage(row))


def _with_usage(row: dict[str, Any]) -> dict[str, Any]:
    """Puts the columns of a conversation's usage together, and those of its messages'.

    Older files have no such columns.
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
            f"{without_credentials(path)}: cannot be read: {reason_of(error)}"
        ) from error
    except UsageError:
        raise
    # What pyarrow and our models make of a file that is damaged or not ours is anything.
    except Exception as error:
        raise UsageError(
            f"{without_credentials(path)}: is not a whole Parquet file of Duologue; expected a "
            "dataset's conversations.parquet"
        ) from error


def check_schema_version(path: UPath, schema: pa.Schema) -> None:
    """Refuses a Parquet file that is not of Duologue, or of another schema version.

    Raises:
        UsageError: it is.
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


def read_failures(folder: UPath) -> Iterator[str]:
    """Gives what is not in a version and why, a line each, without what was said.

    Rejected rows are left out; they are of the seed file and not of the run.
    """
    with (folder / FAILURES_FILE).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] != "rejected_row":
                yield f"{row['id']}: {row['reason']}"
