"""Every reader that people use gets the same rows out of a version."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, everything_that_can_happen

DICTIONARY = Path(__file__).parents[2] / "docs" / "reference" / "data_dictionary.md"
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def version(tmp_path: Path) -> Path:
    write_version(
        DatasetFolder(str(tmp_path / "out"), "007"), VERSION, everything_that_can_happen()
    )
    return tmp_path / "out" / "007" / VERSION


def run_offline(code: str, folder: Path, cache: Path) -> str:
    """Runs Python in a folder, without a network for Hugging Face; returns what it prints."""
    environment = os.environ | {
        "HF_HOME": str(cache),
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def plain(value: Any) -> Any:
    """Lists for a reader's arrays, so that rows compare."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if hasattr(value, "__len__") else value


def test_pandas_polars_and_duckdb_read_what_pyarrow_reads(version: Path) -> None:
    path = version / "conversations.parquet"
    expected = pq.read_table(path).to_pylist()

    polars_rows = pl.read_parquet(path).to_dicts()
    assert polars_rows == expected

    relation = duckdb.read_parquet(str(path))
    duckdb_rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert duckdb_rows == expected

    frame = pd.read_parquet(path)
    assert list(frame.columns) == list(expected[0])
    assert str(frame["started_at"].dt.tz) == "UTC"
    assert frame["started_at"].dt.to_pydatetime().tolist() == [r["started_at"] for r in expected]
    for column in ("seed_message", "context", "end_reason", "turn_count", "duration_ms"):
        assert frame[column].tolist() == [row[column] for row in expected]
    assert [[message["text"] for message in messages] for messages in frame["messages"]] == [
        [message["text"] for message in row["messages"]] for row in expected
    ]
    assert [list(warnings) for warnings in frame["warnings"]] == [r["warnings"] for r in expected]


@pytest.mark.processes
def test_hugging_face_datasets_reads_the_file_and_the_folder(version: Path, tmp_path: Path) -> None:
    code = """
import json, os
from datasets import load_dataset
by_file = load_dataset("parquet", data_files="conversations.parquet", split="train")
by_card = load_dataset(os.getcwd(), split="train")
assert by_file.to_list() == by_card.to_list()
print(json.dumps(by_file.to_list(), default=str))
"""
    rows = json.loads(run_offline(code, version, tmp_path / "cache"))
    expected = pq.read_table(version / "conversations.parquet").to_pylist()
    assert rows == json.loads(json.dumps(expected, default=str))


def test_the_card_is_one_that_hugging_face_understands(version: Path, tmp_path: Path) -> None:
    code = """
from huggingface_hub import DatasetCard
card = DatasetCard.load("README.md")
print(card.data.pretty_name, card.data.language, card.data.size_categories)
"""
    assert run_offline(code, version, tmp_path / "cache") == "007 ['und'] ['n<1K']\n"


@pytest.mark.parametrize("document", ["README.md", "the data dictionary"])
def test_every_example_of_a_document_runs_in_the_folder_of_a_version(
    version: Path, tmp_path: Path, document: str
) -> None:
    path = DICTIONARY if document == "the data dictionary" else version / document
    examples = PYTHON_BLOCK.findall(path.read_text(encoding="utf-8"))
    assert len(examples) >= 4
    run_offline("\n".join(examples), version, tmp_path / "cache")
