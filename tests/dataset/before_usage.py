"""Files as a Duologue wrote them that could not record usage."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from duologue.dataset.schema import USAGE_COLUMNS


def write_as_before_usage(conversations: Path) -> None:
    """Takes the columns out of a `conversations.parquet`."""
    table = pq.read_table(conversations)
    messages = [
        [{k: v for k, v in message.items() if k not in USAGE_COLUMNS} for message in row]
        for row in table["messages"].to_pylist()
    ]
    column = table.schema.get_field_index("messages")
    older = table.set_column(column, "messages", [messages]).drop_columns(list(USAGE_COLUMNS))
    pq.write_table(older, conversations)


def write_version_as_before_usage(folder: Path) -> None:
    """Takes every trace of usage and budgets out of a version."""
    write_as_before_usage(folder / "conversations.parquet")
    for name in ("manifest.json", "failures.jsonl"):
        text = (folder / name).read_text()
        whole = [text] if name.endswith(".json") else text.splitlines()
        older = [json.dumps(_without_usage(json.loads(piece))) for piece in whole]
        (folder / name).write_text("".join(f"{piece}\n" for piece in older))


def _without_usage(value: Any) -> Any:
    if isinstance(value, dict):
        new = ("usage", "record_usage", "budget")
        return {k: _without_usage(v) for k, v in value.items() if k not in new}
    return [_without_usage(item) for item in value] if isinstance(value, list) else value
