"""A version's next turns in the formats of other evaluation tools: one JSON object a line.

The tools define the fields; the tests read the files with each tool's own loader.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upath import UPath

from duologue.dataset.formats import NEXT_TURNS_FILE
from duologue.errors import UsageError
from duologue.storage.files import describe_storage_error, opened_whole, storage_errors
from duologue.storage.locations import without_credentials
from duologue.versions.loading import Dataset
from duologue.versions.tools import EvaluationTool

_ID_COLUMNS = ("next_turn_id", "conversation_id", "seed_id", "sample", "turn_index")
_COLUMNS = [*_ID_COLUMNS, "messages", "reference_reply", "context"]
_ROWS_AT_ONCE = 500
"""About 3 MB of next turns of conversations of 7 messages as Python objects."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export."""

    written: int
    """Next turns in the file."""
    left_out: int
    """Next turns without a reference reply, which the tool cannot use."""


def export_next_turns(
    dataset: Dataset, tool: EvaluationTool, file: UPath, *, replace: bool = False
) -> Exported:
    """Writes a version's next turns for a tool, in order, completely or not at all.

    Args:
        dataset: the version.
        tool: who is to read the file.
        file: where, on a disk.
        replace: whether a file that is already there may be replaced.

    Raises:
        UsageError: there is a file already, it cannot be written, the version cannot be read, or
            it holds nothing that the tool could use.
    """
    if file.exists() and not file.is_file():
        raise UsageError(f"{file}: is not a file; choose another name")
    if file.exists() and not replace:
        raise UsageError(f"{file}: is already there; choose another name, or add --force")
    laid_out = _LAYOUTS[tool]
    written = left_out = 0
    try:
        with opened_whole(file) as out:
            for row in _rows(dataset):
                line = laid_out(row, _metadata(row, dataset))
                if line is None:
                    left_out += 1
                else:
                    out.write(json.dumps(line).encode() + b"\n")
                    written += 1
            if not written:
                raise _nothing_to_export(dataset, tool, left_out)
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be written: {describe_storage_error(error)}; choose another place"
        ) from error
    return Exported(written, left_out)


def _rows(dataset: Dataset) -> Iterator[dict[str, Any]]:
    place = without_credentials(dataset.folder / NEXT_TURNS_FILE)
    with storage_errors(f"{place}: cannot be read"):
        batches = dataset.next_turns.arrow.to_batches(columns=_COLUMNS, batch_size=_ROWS_AT_ONCE)
        for batch in batches:
            yield from batch.to_pylist()


def _nothing_to_export(dataset: Dataset, tool: EvaluationTool, left_out: int) -> UsageError:
    holds = (
        f"none of its {left_out} next turns has a reference reply, which {tool} needs"
        if left_out
        else "holds no conversation"
    )
    return UsageError(f"{dataset.manifest.version}: {holds}; choose another version")


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


def _golden(row: Mapping[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """Lays a next turn out as DeepEval's ConversationalGolden, whose scenario may not be empty."""
    return {
        "name": row["next_turn_id"],
        "scenario": row["messages"][0]["content"],
        "turns": row["messages"],
        "expected_outcome": row["reference_reply"],
        "additional_metadata": metadata,
    }


def _test_case(row: Mapping[str, Any], metadata: dict[str, Any]) -> dict[str, Any] | None:
    """Lays a next turn out as promptfoo's test case.

    A variable that is a string is taken for a template, and for a file to read or a script to run
    if it starts with `file://`. In lists and objects, the messages are safe from that.
    """
    if row["reference_reply"] is None:
        return None
    return {
        "description": row["next_turn_id"],
        "vars": {
            "messages": row["messages"],
            "reference": {"role": "assistant", "content": row["reference_reply"]},
        },
        "metadata": metadata,
    }


def _sample(row: Mapping[str, Any], metadata: dict[str, Any]) -> dict[str, Any] | None:
    """Lays a next turn out as a sample of OpenAI's evals, which always has an ideal answer."""
    if row["reference_reply"] is None:
        return None
    return {"input": row["messages"], "ideal": row["reference_reply"], "metadata": metadata}


_LAYOUTS: Mapping[
    EvaluationTool, Callable[[Mapping[str, Any], dict[str, Any]], dict[str, Any] | None]
] = {
    EvaluationTool.DEEPEVAL: _golden,
    EvaluationTool.PROMPTFOO: _test_case,
    EvaluationTool.OPENAI_EVALS: _sample,
}
"""How a next turn is laid out for each tool; None if the tool cannot use it."""
