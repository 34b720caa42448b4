"""`duologue.load`: a version as its readers get it."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as arrow
import pytest

from duologue import load
from duologue.dataset.manifest import MANIFEST_FILE
from duologue.errors import UsageError
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import STARTED_AT, VERSION, everything_that_can_happen, many

YESTERDAY = "20261123T020000000Z-1a2b3c4d"


def test_latest_is_loaded_from_any_storage(output: str) -> None:
    made = everything_that_can_happen()
    publish_latest(write_version(DatasetFolder(output, "shop"), VERSION, made))
    dataset = load("latest", output)
    assert (dataset.manifest.version, dataset.folder.name) == (VERSION, VERSION)
    ids = dataset.conversations.arrow.to_table(columns=["conversation_id"]).to_pydict()
    assert ids == {"conversation_id": ["s1-1", "s2-1"]}
    asked = dataset.next_turns.arrow.to_table(
        columns=["next_turn_id"], filter=~pc.field("reference_reply").is_null()
    )
    assert asked.to_pydict() == {"next_turn_id": ["s1-1-t1", "s2-1-t1"]}


def test_a_version_a_folder_and_a_dataset_s_folder_are_loaded(tmp_path: Path) -> None:
    output = str(tmp_path)
    write_version(DatasetFolder(output, "shop"), YESTERDAY, many(1))
    publish_latest(write_version(DatasetFolder(output, "shop"), VERSION, many(2)))
    assert load(YESTERDAY, output).manifest.version == YESTERDAY
    assert load(str(tmp_path / "shop" / YESTERDAY)).manifest.version == YESTERDAY
    assert load(str(tmp_path / "shop")).manifest.version == VERSION
    assert len(load("latest", output, "shop").conversations) == 2


def test_what_was_loaded_stays_as_it_was_when_a_newer_one_is_published(tmp_path: Path) -> None:
    output = str(tmp_path)
    publish_latest(write_version(DatasetFolder(output, "shop"), YESTERDAY, many(1)))
    dataset = load(output=output)
    publish_latest(write_version(DatasetFolder(output, "shop"), VERSION, many(2)))
    assert len(dataset.conversations) == 1
    assert len(load(output=output).conversations) == 2


def test_nothing_is_read_before_it_is_requested(tmp_path: Path) -> None:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, many(1))
    dataset = load(VERSION, str(tmp_path))
    (dataset.folder / "conversations.parquet").unlink()
    assert isinstance(dataset.next_turns.arrow, arrow.Dataset)
    with pytest.raises(UsageError, match=r"conversations\.parquet: not found"):
        _ = dataset.conversations


def test_an_older_version_says_that_it_has_no_next_turns(tmp_path: Path) -> None:
    manifest = write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, many(1)).manifest
    older = manifest.model_copy(
        update={
            "duologue_version": "0.0.9",
            "files": tuple(file for file in manifest.files if "next_turns" not in file.name),
        }
    )
    folder = tmp_path / "shop" / VERSION
    (folder / MANIFEST_FILE).write_text(older.model_dump_json())
    with pytest.raises(
        UsageError, match=r"next_turns\.parquet: .* Duologue 0\.0\.9, which did not"
    ):
        _ = load(str(folder)).next_turns


def test_what_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="latest: nothing is published"):
        load(output=str(tmp_path))


def test_pandas_gets_lists_of_dicts_whole_numbers_and_utc_times(output: str) -> None:
    write_version(DatasetFolder(output, "shop"), VERSION, everything_that_can_happen())
    dataset = load(VERSION, output)
    frame = dataset.conversations.to_pandas()
    assert frame.columns.tolist() == dataset.conversations.arrow.schema.names
    assert len(frame) == len(dataset.conversations) == 2
    assert (
        frame["messages"].tolist() == dataset.conversations.arrow.to_table()["messages"].to_pylist()
    )
    said = pd.json_normalize(frame.explode("messages")["messages"].tolist())
    assert said["text"].tolist() == ["Hello?", "Hi.", "Refunds?", "Open?", "Until 6."]
    assert frame["warnings"].tolist() == [[], ["restated"]]
    assert frame["models"].tolist() == [None, ["gpt-4o", "gpt-4o-mini"]]
    assert frame["input_tokens"].tolist() == [pd.NA, 120]
    assert str(frame["turn_count"].dtype) == "Int32"
    assert frame["started_at"].tolist() == [STARTED_AT, STARTED_AT]
    json.loads(frame.to_json(orient="records", date_format="iso"))


def test_pandas_gets_the_columns_and_rows_that_are_named(tmp_path: Path) -> None:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, everything_that_can_happen())
    rows = load(VERSION, str(tmp_path)).next_turns
    frame = rows.to_pandas(["messages", "turn_index"], filter=pc.field("turn_index") == 2)
    assert frame.columns.tolist() == ["messages", "turn_index"]
    assert [item[-1]["content"] for item in frame["messages"]] == ["Refunds?"]
    assert rows.to_pandas(["messages"])["messages"].map(len).tolist() == [1, 3, 1]
    none = rows.to_pandas(filter=pc.field("turn_index") == 9)
    assert (len(none), none.columns.tolist()) == (0, rows.arrow.schema.names)


def test_duckdb_takes_the_arrow_dataset(tmp_path: Path) -> None:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, everything_that_can_happen())
    rows = load(VERSION, str(tmp_path)).conversations.arrow
    found = duckdb.from_arrow(rows).select("conversation_id, len(messages)").fetchall()
    assert found == [("s1-1", 3), ("s2-1", 2)]


@pytest.mark.processes
def test_pandas_is_imported_by_to_pandas_and_by_nothing_before() -> None:
    code = (
        "import sys, duologue, duologue.cli, duologue.versions.loading, duologue.flows\n"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
