"""One row for every message that the chatbot is to answer, in two conventions."""

import json
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from duologue.dataset.schema import NEXT_TURNS_SCHEMA, columns_table
from duologue.dataset.schema_version import SCHEMA_VERSION
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents, everything_that_can_happen, many
from tests.dataset.test_readers import run_offline

DICTIONARY = Path(__file__).parents[2] / "docs" / "reference" / "data_dictionary.md"


@pytest.fixture
def version(tmp_path: Path) -> Path:
    write_version(
        DatasetFolder(str(tmp_path / "out"), "shop"), VERSION, everything_that_can_happen()
    )
    return tmp_path / "out" / "shop" / VERSION


def test_every_prefix_that_ends_with_a_user_message_is_a_row(version: Path) -> None:
    rows = pq.read_table(version / "next_turns.parquet").to_pylist()
    assert [(row["next_turn_id"], row["turn_index"]) for row in rows] == [
        ("s1-1-t1", 1),
        ("s1-1-t2", 2),
        ("s2-1-t1", 1),
    ]
    first, second, third = rows
    assert first["chat_history"] == [{"role": "USER", "text": "Hello?", "content": None}]
    assert second["chat_history"] == [
        {"role": "USER", "text": "Hello?", "content": None},
        {"role": "ASSISTANT", "text": "Hi.", "content": None},
        {"role": "USER", "text": "Refunds?", "content": None},
    ]
    assert second["messages"] == [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "Refunds?"},
    ]
    assert [row["reference_reply"] for row in rows] == ["Hi.", None, "Until 6."]
    assert [row["reference_latency_ms"] for row in rows] == [101, None, 101]
    assert (third["conversation_id"], third["seed_id"], third["sample"]) == ("s2-1", "s2", 1)
    assert (first["chatbot"], first["chatbot_release_tag"]) == ("support-bot", "production")
    assert json.loads(first["context"]) == {"a": "é", "b": "2"}


def test_no_prefix_is_lost_where_there_are_more_than_are_written_at_once(tmp_path: Path) -> None:
    manifest = write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, many(300)).manifest
    rows = pq.read_table(tmp_path / "shop" / VERSION / "next_turns.parquet").to_pylist()
    assert {file.name: file.rows for file in manifest.files}["next_turns.parquet"] == 1200
    assert [row["next_turn_id"] for row in rows] == [
        f"s{seed}-1-t{turn}" for seed in range(300) for turn in range(1, 5)
    ]
    assert all(row["chat_history"][-1]["role"] == "USER" for row in rows)
    assert all(len(row["chat_history"]) == 2 * row["turn_index"] - 1 for row in rows)


def test_jsonl_holds_the_same_rows_for_chat_models(version: Path) -> None:
    lines = (version / "next_turns.jsonl").read_bytes().splitlines()
    rows = pq.read_table(version / "next_turns.parquet").to_pylist()
    for line, row in zip(lines, rows, strict=True):
        del row["chat_history"]
        row["context"] = json.loads(row["context"])
        assert json.loads(line) == row


@pytest.mark.parametrize("text", ["a\u2028b\u0085c", 'He said "hi",\r\nthen left', "🙂 שלום"])
def test_a_line_of_jsonl_is_one_row_whatever_the_message(tmp_path: Path, text: str) -> None:
    write_version(
        DatasetFolder(str(tmp_path), "shop"), VERSION, contents(checked(text, text, "Bye"))
    )
    lines = (tmp_path / "shop" / VERSION / "next_turns.jsonl").read_text().splitlines()
    assert [json.loads(line)["messages"][0]["content"] for line in lines] == [text, text]


def test_a_version_without_valid_conversations_has_both_files(tmp_path: Path) -> None:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, contents())
    folder = tmp_path / "shop" / VERSION
    table = pq.read_table(folder / "next_turns.parquet")
    assert (table.num_rows, table.column_names) == (0, NEXT_TURNS_SCHEMA.names)
    assert (folder / "next_turns.jsonl").read_bytes() == b""


def test_pandas_polars_and_duckdb_read_what_pyarrow_reads(version: Path) -> None:
    path = version / "next_turns.parquet"
    expected = pq.read_table(path).to_pylist()
    assert pl.read_parquet(path).to_dicts() == expected
    relation = duckdb.read_parquet(str(path))
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert rows == expected
    frame = pd.read_parquet(path)
    assert [list(history) for history in frame["messages"]] == [row["messages"] for row in expected]
    assert frame["reference_reply"].isna().tolist() == [False, True, False]


def test_every_reader_of_jsonl_gets_the_messages(version: Path) -> None:
    path = version / "next_turns.jsonl"
    expected = [
        row["messages"] for row in pq.read_table(version / "next_turns.parquet").to_pylist()
    ]
    assert pd.read_json(path, lines=True)["messages"].tolist() == expected
    assert pl.read_ndjson(path)["messages"].to_list() == expected
    relation = duckdb.read_json(str(path)).select("messages")
    assert [row[0] for row in relation.fetchall()] == expected


@pytest.mark.processes
def test_hugging_face_datasets_reads_both_files_alike(version: Path, tmp_path: Path) -> None:
    code = """
from datasets import load_dataset
columns = ["next_turn_id", "messages", "reference_reply", "turn_index"]
parquet = load_dataset("parquet", data_files="next_turns.parquet", split="train")
jsonl = load_dataset("json", data_files="next_turns.jsonl", split="train")
assert parquet.select_columns(columns).to_list() == jsonl.select_columns(columns).to_list()
print(len(jsonl), jsonl[1]["messages"][2]["content"])
"""
    assert run_offline(code, version, tmp_path / "cache") == "3 Refunds?\n"


def test_the_file_carries_its_schema_version_and_what_its_columns_mean(version: Path) -> None:
    schema = pq.read_schema(version / "next_turns.parquet")
    assert schema.metadata[b"duologue.schema_version"] == SCHEMA_VERSION.encode()
    assert schema.remove_metadata().equals(NEXT_TURNS_SCHEMA.remove_metadata())


def test_the_data_dictionary_describes_every_column() -> None:
    assert columns_table(NEXT_TURNS_SCHEMA) in DICTIONARY.read_text(encoding="utf-8")
