"""The stratum of each conversation of a version, as its own files have it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from duologue.dataset.failures import (
    FAILURES_JSONL_FILE,
    InvalidConversationRecord,
    RejectedRowRecord,
    read_failures,
)
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.reliability.sampling import Stratum, stratum_of
from duologue.versions.places import Version

_COLUMNS = ("conversation_id", "warnings", "verdicts")


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What a version says about one conversation."""

    conversation_id: str
    stratum: Stratum | None
    """None if it could not be simulated, so that there is nothing to review."""
    verdicts: tuple[Mapping[str, Any], ...] = ()
    """Of judges; empty if none read it."""


def stored_outcomes(version: Version) -> Iterator[StoredOutcome]:
    """Yields every conversation of a version: valid, invalid and failed ones.

    Raises:
        UsageError: its failures.jsonl cannot be read.
    """
    for record in read_failures(version.folder / FAILURES_JSONL_FILE):
        if not isinstance(record, RejectedRowRecord):
            if isinstance(record, InvalidConversationRecord):
                plain = tuple(verdict.model_dump(mode="json") for verdict in record.verdicts)
                yield StoredOutcome(record.id, Stratum.FLAGGED, plain)
            else:
                yield StoredOutcome(record.id, None)
    with (version.folder / CONVERSATIONS_FILE).open("rb") as stored:
        file = pq.ParquetFile(stored)
        columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=columns):
            for row in batch.to_pylist():
                verdicts = tuple(row.get("verdicts") or ())
                all_passed = all(verdict["passed"] is not False for verdict in verdicts)
                stratum = stratum_of(True, bool(row["warnings"]), all_passed)
                yield StoredOutcome(row["conversation_id"], stratum, verdicts)
