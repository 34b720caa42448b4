"""`duologue export`: what is written, and what is not. Other tools read it in tests/other_tools."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from duologue.cli import app
from duologue.dataset.contents import DatasetContents
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents, everything_that_can_happen, many

TOOLS = ("deepeval", "inspect", "langfuse", "langsmith", "mlflow", "promptfoo")


def written(tmp_path: Path, made: DatasetContents) -> Path:
    output = str(tmp_path / "datasets")
    publish_latest(write_version(DatasetFolder(output, "shop"), VERSION, made))
    return tmp_path / "datasets" / "shop" / VERSION


def export(tmp_path: Path, tool: str, file: Path, *options: str) -> Result:
    place = ("--output", str(tmp_path / "datasets"))
    return CliRunner().invoke(app, ["export", "latest", tool, str(file), *place, *options])


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def refusal(done: Result) -> str:
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    return done.stderr


def next_turn_id(line: dict[str, Any]) -> str:
    known = line.get("metadata") or line.get("additional_metadata") or line["tags"]
    return str(known["next_turn_id"])


@pytest.mark.parametrize(("tool", "left_out"), [("deepeval", 0), *((one, 1) for one in TOOLS[1:])])
def test_every_next_turn_is_written_or_reported(tmp_path: Path, tool: str, left_out: int) -> None:
    written(tmp_path, everything_that_can_happen())
    file = tmp_path / "file.jsonl"
    done = export(tmp_path, tool, file)
    assert done.exit_code == 0, done.output
    told = f"{3 - left_out} next turns written to {file}\n"
    told += "1 left out: the conversation ended before a reference reply\n" * left_out
    assert done.output == told
    names = [next_turn_id(line) for line in lines(file)]
    assert names == ["s1-1-t1", *["s1-1-t2"] * (not left_out), "s2-1-t1"]


def test_the_order_is_that_of_the_dataset_where_there_are_more_than_are_read_at_once(
    tmp_path: Path,
) -> None:
    written(tmp_path, many(300))
    assert export(tmp_path, "inspect", tmp_path / "file.jsonl").exit_code == 0
    ids = [line["metadata"]["next_turn_id"] for line in lines(tmp_path / "file.jsonl")]
    assert ids == [f"s{seed}-1-t{turn}" for seed in range(300) for turn in range(1, 4)]


def test_a_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    written(tmp_path, everything_that_can_happen())
    file = tmp_path / "mine.jsonl"
    file.write_text("mine")
    said = refusal(export(tmp_path, "promptfoo", file))
    assert f"{file}: is already there; choose another name, or add --force" in said
    assert file.read_text() == "mine"
    assert export(tmp_path, "promptfoo", file, "--force").exit_code == 0
    assert len(lines(file)) == 2


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_a_folder_is_never_replaced(tmp_path: Path, options: tuple[str, ...]) -> None:
    written(tmp_path, everything_that_can_happen())
    said = refusal(export(tmp_path, "promptfoo", tmp_path, *options))
    assert f"{tmp_path}: is not a file; choose another name" in said


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    written(tmp_path, everything_that_can_happen())
    file = tmp_path / "nowhere" / "file.jsonl"
    said = refusal(export(tmp_path, "promptfoo", file))
    assert f"{file}: cannot be written: no such file or directory; choose another place" in said


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_to_export_leaves_no_file(tmp_path: Path, tool: str) -> None:
    written(tmp_path, contents())
    said = refusal(export(tmp_path, tool, tmp_path / "file.jsonl"))
    assert f"{VERSION}: holds no conversation; choose another version" in said
    assert not list(tmp_path.glob("*file.jsonl*"))


def test_a_version_without_a_reference_is_for_deepeval_only(tmp_path: Path) -> None:
    written(tmp_path, contents(checked("Hello?"), checked("Hi?", seed_id="s2")))
    said = refusal(export(tmp_path, "promptfoo", tmp_path / "file.jsonl"))
    assert "none of its 2 next turns has a reference reply, which promptfoo needs" in said
    assert export(tmp_path, "deepeval", tmp_path / "file.jsonl").exit_code == 0


def test_a_file_that_retention_removed_is_reported_as_such(tmp_path: Path) -> None:
    (written(tmp_path, many(1)) / "next_turns.parquet").unlink()
    said = refusal(export(tmp_path, "deepeval", tmp_path / "file.jsonl"))
    assert "next_turns.parquet: not found; retention may have removed it" in said


def test_what_cannot_be_read_to_its_end_replaces_nothing(tmp_path: Path) -> None:
    folder = written(tmp_path, many(600))
    data = bytearray((folder / "next_turns.parquet").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = b"\xff" * 2000
    (folder / "next_turns.parquet").write_bytes(data)
    file = tmp_path / "file.jsonl"
    file.write_text("mine")
    said = refusal(export(tmp_path, "deepeval", file, "--force"))
    assert "next_turns.parquet: cannot be read: " in said
    assert file.read_text() == "mine"
    assert [found.name for found in tmp_path.glob("*file.jsonl*")] == ["file.jsonl"]


def test_for_fine_tuning_each_conversation_is_whole_up_to_the_chatbots_last_reply(
    tmp_path: Path,
) -> None:
    made = (checked("Hi?", "Hello.", "Bye."), checked("A?", "B.", "C?", "D.", seed_id="s2"))
    written(tmp_path, contents(*made, checked("No answer?", seed_id="s3")))
    done = export(tmp_path, "sft", tmp_path / "file.jsonl")
    assert done.output.startswith("2 conversations written")
    assert done.output.endswith("1 left out: the conversation ended before a reference reply\n")
    said = [
        [(m["role"], m["content"]) for m in line["messages"]]
        for line in lines(tmp_path / "file.jsonl")
    ]
    assert said == [
        [("user", "Hi?"), ("assistant", "Hello.")],
        [("user", "A?"), ("assistant", "B."), ("user", "C?"), ("assistant", "D.")],
    ]


def test_langsmith_and_langfuse_get_the_same_ids_each_time(tmp_path: Path) -> None:
    written(tmp_path, many(3))
    for tool in ("langsmith", "langfuse"):
        ids = []
        for _ in range(2):
            assert export(tmp_path, tool, tmp_path / "file.jsonl", "--force").exit_code == 0
            ids.append([line["id"] for line in lines(tmp_path / "file.jsonl")])
        assert ids[0] == ids[1]
        assert len(set(ids[0])) == len(ids[0]) == 9
