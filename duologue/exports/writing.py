"""Writes what a tool reads: one JSON object a line, all of them or no file."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from upath import UPath

from duologue.dataset.formats import NEXT_TURNS_FILE
from duologue.errors import UsageError
from duologue.exports.layouts import LAYOUTS, WHOLE_CONVERSATIONS, Row
from duologue.exports.tools import Tool
from duologue.storage.files import describe_storage_error, opened_whole, storage_errors
from duologue.storage.locations import without_credentials
from duologue.versions.loading import Dataset

_ID_COLUMNS = ("next_turn_id", "conversation_id", "seed_id", "sample", "turn_index")
_COLUMNS = [*_ID_COLUMNS, "messages", "reference_reply", "context"]
_ROWS_AT_ONCE = 500
"""About 3 MB of next turns of conversations of 7 messages as Python objects."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export."""

    written: int
    """Lines in the file."""
    left_out: int
    """What the tool cannot use."""


def export_version(dataset: Dataset, tool: Tool, file: UPath, *, replace: bool = False) -> Exported:
    """Writes a version for a tool, in order, completely or not at all.

    Args:
        dataset: the version.
        tool: who is to read the file.
        file: where, on a disk.
        replace: whether a file that is already there may be replaced.

    Raises:
        UsageError: there is a file already, it cannot be written, the version cannot be read, or
            it holds nothing that the tool could use.
    """
    rows = _rows(dataset)
    if tool in WHOLE_CONVERSATIONS:
        rows = _last_answered(rows)
    lines = (LAYOUTS[tool](row, _metadata(row, dataset)) for row in rows)
    done = write_lines(lines, file, replace=replace)
    if done.written:
        return done
    holds = (
        f"none of its {done.left_out} next turns has a reference reply, which {tool} needs"
        if done.left_out
        else "holds no conversation"
    )
    raise UsageError(f"{dataset.manifest.version}: {holds}; choose another version")


def write_lines(lines: Iterable[dict[str, Any] | None], file: UPath, *, replace: bool) -> Exported:
    """Writes objects as JSONL, completely or not at all; none at all leaves no file.

    Args:
        lines: the objects; None for what is left out.
        file: where, on a disk.
        replace: whether a file that is already there may be replaced.

    Raises:
        UsageError: there is a file already, or it cannot be written.
    """
    if file.exists() and not file.is_file():
        raise UsageError(f"{file}: is not a file; choose another name")
    if file.exists() and not replace:
        raise UsageError(f"{file}: is already there; choose another name, or add --force")
    written = left_out = 0
    try:
        with opened_whole(file) as out:
            for line in lines:
                if line is None:
                    left_out += 1
                    continue
                out.write(json.dumps(line).encode() + b"\n")
                written += 1
            if not written:
                raise _NothingError
    except _NothingError:
        pass
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be written: {describe_storage_error(error)}; choose another place"
        ) from error
    return Exported(written, left_out)


class _NothingError(Exception):
    """There is no line; the file is not replaced."""


def _rows(dataset: Dataset) -> Iterator[Row]:
    place = without_credentials(dataset.folder / NEXT_TURNS_FILE)
    with storage_errors(f"{place}: cannot be read"):
        batches = dataset.next_turns.arrow.to_batches(columns=_COLUMNS, batch_size=_ROWS_AT_ONCE)
        for batch in batches:
            yield from batch.to_pylist()


def _last_answered(rows: Iterable[Row]) -> Iterator[Row]:
    """Yields the last next turn of each conversation that has a reply, or its first without."""
    for _, of_conversation in groupby(rows, itemgetter("conversation_id")):
        first, *others = of_conversation
        replied = (row for row in reversed(others) if row["reference_reply"] is not None)
        yield next(replied, first)


def _metadata(row: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Identifies the row of the dataset in a tool's results."""
    manifest = dataset.manifest
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "revision": manifest.revision,
        **{column: row[column] for column in _ID_COLUMNS},
        "context": json.loads(row["context"]),
    }
