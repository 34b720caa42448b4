"""A dataset's conversations come back as they were made."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from duologue.errors import UsageError
from duologue.versions.finding import find_conversations
from duologue.versions.places import DatasetFolder
from duologue.versions.reading import read_conversations
from duologue.versions.writing import write_version
from tests.dataset.before_usage import write_as_before_usage
from tests.dataset.making import VERSION, checked, contents, everything_that_can_happen


@pytest.mark.parametrize("protocol", ["", "memory://"])
def test_every_conversation_comes_back_equal_and_in_order(tmp_path: Path, protocol: str) -> None:
    output = f"{protocol}{tmp_path}"
    made = everything_that_can_happen()
    write_version(DatasetFolder(output, "shop"), VERSION, made)
    found = list(read_conversations(find_conversations(VERSION, output)))
    assert found == [item.conversation for item in made.valid]


def test_a_file_from_before_usage_was_recorded_is_read(tmp_path: Path) -> None:
    made = everything_that_can_happen()
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made)
    path = find_conversations(VERSION, str(tmp_path))
    write_as_before_usage(Path(path.path))
    unrecorded = [
        item.conversation.model_copy(
            update={
                "usage": None,
                "messages": tuple(replace(m, usage=None) for m in item.conversation.messages),
            }
        )
        for item in made.valid
    ]
    assert list(read_conversations(path)) == unrecorded


def test_conversations_are_chosen_by_their_seed_or_their_own_id(tmp_path: Path) -> None:
    made = contents(
        *(checked("Hi", "Ho", seed_id=s, sample=n) for s in ("s1", "s2") for n in (1, 2)),
        conversations_per_seed=2,
    )
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made)
    path = find_conversations(VERSION, str(tmp_path))
    assert [c.conversation_id for c in read_conversations(path, "s2")] == ["s2-1", "s2-2"]
    assert [c.conversation_id for c in read_conversations(path, "s1-2")] == ["s1-2"]
    assert list(read_conversations(path, "s3")) == []


def test_the_first_conversation_comes_without_reading_the_last(tmp_path: Path) -> None:
    made = contents(*(checked("Hi", "Ho", seed_id=f"s{n}") for n in range(5000)))
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made)
    path = find_conversations(VERSION, str(tmp_path))
    last = pq.ParquetFile(path.path).metadata.row_group(2).column(0)
    with open(path.path, "r+b") as file:
        file.seek(last.dictionary_page_offset or last.data_page_offset)
        file.write(b"\xff" * 64)
    conversations = read_conversations(path)
    assert next(conversations).conversation_id == "s0-1"
    with pytest.raises(UsageError, match="cannot be read"):
        list(conversations)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no\.parquet: not found"):
        read_conversations(UPath(tmp_path) / "no.parquet")


def test_what_is_no_parquet_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("id,message")
    with pytest.raises(UsageError, match="is not a complete Parquet file"):
        read_conversations(UPath(tmp_path) / "x.parquet")


def test_a_parquet_file_of_something_else_is_reported(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(UsageError, match="is not of Duologue"):
        read_conversations(UPath(tmp_path) / "x.parquet")


def test_another_schema_version_is_reported(tmp_path: Path) -> None:
    metadata = {"duologue.schema_version": "2"}
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata(metadata), tmp_path / "x.parquet")
    with pytest.raises(UsageError, match="has schema version 2"):
        read_conversations(UPath(tmp_path) / "x.parquet")


def test_an_opening_and_a_scenario_are_read_back_as_they_were(tmp_path: Path) -> None:
    given = '[{"role": "USER", "text": "Hello"}, {"role": "ASSISTANT", "text": "Hi!"}]'
    context = {"opening": given, "fact.order": "007", "persona": "curt", "language": ""}
    item = checked("Where is it?", "Here.", "Thanks, good.", context=context)
    conversation = item.conversation.model_copy(
        update={
            "messages": (*item.seed.scenario.opening, *item.conversation.messages),
            "opening": 2,
        }
    )
    made = contents(replace(item, conversation=conversation))
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made)
    folder = tmp_path / "shop" / VERSION
    (read,) = read_conversations(UPath(folder / "conversations.parquet"))
    assert read == conversation
    (row,) = pq.read_table(folder / "conversations.parquet").to_pylist()
    assert (row["turn_count"], row["opening_messages"]) == (1, 2)
    assert (row["persona"], row["facts"], row["language"]) == ("curt", '{"order": "007"}', None)
    turns = pq.read_table(folder / "next_turns.parquet").to_pylist()
    assert [(turn["turn_index"], len(turn["chat_history"])) for turn in turns] == [(1, 3), (2, 5)]
