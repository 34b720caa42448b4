"""The columns are the contract, and the data dictionary describes exactly them."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duologue.dataset.formats import (
    CONVERSATIONS_CSV_COLUMNS,
    FAILURES_CSV_COLUMNS,
    write_conversations_parquet,
)
from duologue.dataset.schema import (
    CONVERSATIONS_SCHEMA,
    columns_table,
    conversation_row,
)
from duologue.dataset.schema_version import SCHEMA_VERSION
from tests.dataset.making import checked, contents, everything_that_can_happen

DICTIONARY = Path(__file__).parents[2] / "docs" / "reference" / "data_dictionary.md"


def written() -> pa.Table:
    file: Any = io.BytesIO()
    write_conversations_parquet(everything_that_can_happen(), file)
    return pq.read_table(file)


def test_the_columns_are_those_that_readers_were_promised() -> None:
    assert written().column_names == [
        "conversation_id",
        "seed_id",
        "sample",
        "seed_message",
        "messages",
        "turn_count",
        "end_reason",
        "chatbot",
        "chatbot_release_tag",
        "chatbot_release_id",
        "simulated_user",
        "simulated_user_release_tag",
        "simulated_user_release_id",
        "context",
        "warnings",
        "started_at",
        "ended_at",
        "duration_ms",
        "attempts",
        "generator_version",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "models",
        "verdicts",
        "opening_messages",
        "persona",
        "goal",
        "facts",
        "expected_outcome",
        "language",
    ]


def test_the_file_carries_its_schema_version_and_what_its_columns_mean() -> None:
    schema = written().schema
    assert schema.metadata[b"duologue.schema_version"] == SCHEMA_VERSION.encode()
    assert schema.remove_metadata().equals(CONVERSATIONS_SCHEMA.remove_metadata())
    text = schema.field("messages").type.value_type.field("text")
    assert text.metadata[b"description"] == (
        b"The message, exactly. Empty only if `content` is not null."
    )


def test_a_row_says_all_of_its_conversation() -> None:
    first, second = written().to_pylist()
    assert first["conversation_id"] == "s1-1"
    assert first["seed_id"] == "s1"
    assert first["sample"] == 1
    assert first["seed_message"] == "Hello?"
    not_recorded = dict.fromkeys(["input_tokens", "output_tokens", "cost_usd", "models"])
    assert first["messages"] == [
        {"role": "USER", "text": "Hello?", "execution_id": None, "latency_ms": None}
        | {"attempts": None, "content": None, **not_recorded},
        {"role": "ASSISTANT", "text": "Hi.", "execution_id": "execution-1", "latency_ms": 101}
        | {"attempts": 2, "content": None, **not_recorded},
        {"role": "USER", "text": "Refunds?", "execution_id": None, "latency_ms": 102}
        | {"attempts": 3, "content": None, **not_recorded},
    ]
    assert not_recorded.items() <= first.items()
    assert first["turn_count"] == 1
    assert first["end_reason"] == "max_turns"
    assert (first["chatbot"], first["chatbot_release_tag"]) == ("support-bot", "production")
    assert first["simulated_user"] == "local:duologue.workflows.simulated_user"
    assert first["simulated_user_release_tag"] is None
    assert first["context"] == '{"a": "é", "b": "2"}'
    assert (first["warnings"], second["warnings"]) == ([], ["restated"])
    assert first["started_at"].isoformat() == "2026-11-24T05:35:16.123456+00:00"
    assert first["ended_at"].isoformat() == "2026-11-24T05:35:17.373456+00:00"
    assert first["duration_ms"] == 1250
    used = {"input_tokens": 120, "output_tokens": 30, "cost_usd": 0.25}
    used_in_all = {**used, "models": ["gpt-4o", "gpt-4o-mini"]}
    assert used_in_all.items() <= second.items()
    assert not_recorded.items() <= second["messages"][0].items()
    assert used_in_all.items() <= second["messages"][1].items()


# A list cannot be null in the file: pyarrow writes none as an empty one.
@pytest.mark.parametrize(
    "column",
    [f.name for f in CONVERSATIONS_SCHEMA if not f.nullable and not pa.types.is_list(f.type)],
)
def test_a_column_that_is_never_null_cannot_be_written_as_null(column: str) -> None:
    made = contents()
    row = conversation_row(checked("Hi", "Ho"), made.settings)
    table = pa.Table.from_pylist([{**row, column: None}], schema=CONVERSATIONS_SCHEMA)
    with pytest.raises(pa.ArrowInvalid, match="contains nulls"):
        pq.write_table(table, io.BytesIO())


def test_the_data_dictionary_describes_every_column_of_conversations_parquet() -> None:
    assert columns_table() in DICTIONARY.read_text(encoding="utf-8")


def test_the_data_dictionary_describes_every_column_of_failures_csv() -> None:
    table = "\n".join(
        ["| column | meaning |", "|---|---|"]
        + [f"| `{name}` | {meaning} |" for name, meaning in FAILURES_CSV_COLUMNS.items()]
    )
    assert table in DICTIONARY.read_text(encoding="utf-8")


def test_conversations_csv_has_the_same_columns_except_for_the_messages() -> None:
    names = ["chat_history" if n == "messages" else n for n in CONVERSATIONS_SCHEMA.names]
    assert list(CONVERSATIONS_CSV_COLUMNS) == names
