import csv
import json
from collections.abc import Callable
from io import RawIOBase
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duologue.conversation.messages import EndReason, Role
from duologue.dataset.contents import DatasetContents
from duologue.dataset.formats import write_conversations_csv, write_conversations_parquet
from duologue.errors import UsageError
from duologue.validation.rule import Expectations
from duologue.validation.transcripts import Transcript, check_transcript, read_transcripts
from tests.dataset.making import checked, contents

SAID = [("user", "When do you open?"), ("assistant", "At nine."), ("user", "Thank you!")]
OPENAI = [{"role": role, "content": text} for role, text in SAID]
VELLUM = [{"role": role.upper(), "text": text} for role, text in SAID]
GUIDE_ECHO_BUG = Path(__file__).parents[1] / "fixtures" / "guide_echo_bug.json"


def read(path: Path) -> list[Transcript]:
    return list(read_transcripts(str(path)))


def lines(folder: Path, *records: Any) -> Path:
    path = folder / "talks.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records), "utf-8")
    return path


def only(folder: Path, *messages: dict[str, Any]) -> Transcript:
    (transcript,) = read(lines(folder, {"id": "a", "messages": messages}))
    return transcript


def said(transcript: Transcript) -> list[tuple[str, str]]:
    assert transcript.unreadable is None
    return [(message.role.lower(), message.text) for message in transcript.messages]


@pytest.mark.parametrize(
    "record",
    [{"messages": OPENAI}, {"chat_history": VELLUM}, {"messages": json.dumps(OPENAI)}, VELLUM],
    ids=["messages", "chat_history", "JSON in a field", "a list by itself"],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".json"])
def test_json_is_read_in_every_form(tmp_path: Path, record: Any, suffix: str) -> None:
    path = tmp_path / f"talk{suffix}"
    path.write_text(json.dumps(record), "utf-8")
    assert [said(transcript) for transcript in read(path)] == [SAID]


def test_a_json_array_holds_many_conversations(tmp_path: Path) -> None:
    path = tmp_path / "talks.json"
    path.write_text(json.dumps([{"messages": OPENAI}, {"id": 7, "chat_history": VELLUM}]), "utf-8")
    assert [t.id for t in read(path)] == [f"{path}:1", "7"]


@pytest.mark.parametrize("column", ["messages", "chat_history"])
def test_csv_holds_json_in_its_cells(tmp_path: Path, column: str) -> None:
    path = tmp_path / "talks.csv"
    long = [{"role": "user", "content": 'a "quote",\nand more ' * 20_000}]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(
            [["id", column], ["a", json.dumps(VELLUM)], ["b", json.dumps(long)]]
        )
    first, second = read(path)
    assert (first.id, said(first)) == ("a", SAID)
    assert (second.id, second.messages[0].text) == ("b", long[0]["content"])


@pytest.mark.parametrize("messages", [OPENAI, VELLUM, json.dumps(OPENAI)])
def test_parquet_holds_structs_or_json(tmp_path: Path, messages: Any) -> None:
    path = tmp_path / "talks.parquet"
    table = pa.table({"conversation_id": ["a", None], "messages": [messages] * 2})
    pq.write_table(table, path)
    assert [(t.id, said(t)) for t in read(path)] == [("a", SAID), (f"{path}:2", SAID)]


def test_a_remote_file_is_read_like_a_local_one() -> None:
    with fsspec.open("memory://talks/a.jsonl", "w") as file:
        file.write(json.dumps({"id": "a", "messages": OPENAI}))
    (transcript,) = read_transcripts("memory://talks/a.jsonl")
    assert said(transcript) == SAID


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"conversation_id": "a", "id": "b", "task_id": 3}, "a"),
        ({"id": "b", "task_id": 3}, "b"),
        ({"task_id": 0}, "0"),
        ({"id": "", "task_id": 3}, "3"),
        ({"id": None}, None),
        ({"id": True}, None),
        ({"id": "\ud83d"}, None),
        ({}, None),
    ],
)
def test_the_id_is_the_first_that_is_given_or_else_the_position(
    tmp_path: Path, fields: dict[str, Any], name: str | None
) -> None:
    path = lines(tmp_path, "", {**fields, "messages": OPENAI})
    assert [t.id for t in read(path)] == [name or f"{path}:2"]


def test_parts_of_a_message_become_its_text(tmp_path: Path) -> None:
    parts = [
        {"type": "text", "text": "Hello"},
        {"type": "image_url"},
        {"type": "text", "text": "!"},
    ]
    assert said(only(tmp_path, {"role": "user", "content": parts})) == [("user", "Hello\n!")]


TOOL_USE = (
    {"role": "system", "content": "You sell shoes."},
    {"role": "user", "content": "Where is my order?"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": '{"status": "sent"}'},
    {"role": "assistant", "content": "It is sent.", "tool_calls": [{"id": "2"}]},
    {"role": "tool", "content": "{}"},
    {"role": "assistant", "content": "It comes on Monday."},
    {"role": "user", "content": "[END]"},
)


def test_what_neither_side_said_to_the_other_is_left_out(tmp_path: Path) -> None:
    transcript = only(tmp_path, *TOOL_USE)
    assert said(transcript) == [
        ("user", "Where is my order?"),
        ("assistant", "It is sent.\n\nIt comes on Monday."),
        ("user", "[END]"),
    ]
    assert transcript.positions == (1, 4, 7)


def test_violations_point_into_the_file_and_not_into_what_is_left(tmp_path: Path) -> None:
    result = check_transcript(only(tmp_path, *TOOL_USE))
    assert [(v.rule, v.message_index) for v in result.violations] == [("end_marker", 7)]
    assert not result.is_valid


@pytest.mark.parametrize(
    "between",
    [
        [{"role": "assistant", "content": "One moment.", "tool_calls": [{"id": "1"}]}],
        [{"role": "assistant", "content": "One moment."}, {"role": "tool", "content": "{}"}],
    ],
    ids=["without the tool's result", "without the call"],
)
def test_either_half_of_a_tool_call_shows_that_the_assistant_continues(
    tmp_path: Path, between: list[dict[str, Any]]
) -> None:
    transcript = only(tmp_path, OPENAI[0], *between, OPENAI[1])
    assert said(transcript) == [SAID[0], ("assistant", "One moment.\n\nAt nine.")]


def test_an_assistant_that_speaks_twice_without_a_tool_is_not_repaired(tmp_path: Path) -> None:
    twice = [{"role": "assistant", "content": text} for text in ("Hello.", "Are you there?")]
    result = check_transcript(only(tmp_path, *OPENAI, *twice))
    assert [(v.rule, v.message_index) for v in result.violations] == [("broken_alternation", 4)]


def test_a_message_without_text_or_tool_calls_is_an_empty_one(tmp_path: Path) -> None:
    result = check_transcript(only(tmp_path, OPENAI[0], {"role": "assistant", "content": None}))
    assert [(v.rule, v.message_index) for v in result.violations] == [("empty_message", 1)]


def test_of_a_foreign_transcript_nothing_is_expected(tmp_path: Path) -> None:
    assert only(tmp_path, *OPENAI).expected == Expectations()
    (odd,) = read(lines(tmp_path, {"messages": OPENAI, "seed_message": "Hi", "end_reason": "??"}))
    assert odd.expected == Expectations()


def test_of_duologues_own_transcripts_the_seed_and_the_end_are_known(tmp_path: Path) -> None:
    own = {"seed_message": "Hi", "end_reason": "user_ended", "messages": OPENAI}
    (transcript,) = read(lines(tmp_path, own))
    assert transcript.expected == Expectations(seed_message="Hi", end_reason=EndReason.USER_ENDED)
    assert [v.rule for v in check_transcript(transcript).violations] == ["wrong_opening"]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("conversations.parquet", write_conversations_parquet),
        ("conversations.csv", write_conversations_csv),
    ],
)
def test_the_files_of_a_dataset_are_read_with_what_is_known_of_them(
    tmp_path: Path, name: str, write: Callable[[DatasetContents, RawIOBase], int]
) -> None:
    path = tmp_path / name
    with path.open("wb", buffering=0) as file:
        write(contents(checked("When do you open?", "At nine.", "Thank you!")), file)
    (transcript,) = read(path)
    assert (transcript.id, said(transcript)) == ("s1-1", SAID)
    assert transcript.expected == Expectations(
        seed_message="When do you open?", end_reason=EndReason.MAX_TURNS
    )


def test_the_echo_bug_of_the_published_guide_is_found_in_its_own_form() -> None:
    (transcript,) = read(GUIDE_ECHO_BUG)
    assert transcript.messages[0].role is Role.USER
    assert not check_transcript(transcript).is_valid


UNREADABLE = {
    "{not json": "is not JSON",
    '{"messages": "nor this"}': "is not JSON",
    "[" * 100_000: "nested too deeply",
    "12": "is 12; expected an object",
    '{"id": "b"}': "has no list of messages in messages or chat_history or another field",
    '{"messages": {}}': "messages is an object; expected a list of messages",
    '{"messages": null}': "messages is missing",
    '{"messages": ["Hello"]}': "message 0 is text",
    '{"messages": [{"content": "Hello"}]}': "message 0 does not say whose it is",
    '{"messages": [{"role": "user"}]}': "message 0 has no content; its fields are 'role'",
    '{"messages": [{"role": "narrator", "content": "Hello"}]}': "message 0 has the role 'narrator'",
    '{"messages": [{"role": "user", "content": "\\ud83d"}]}': "message 0 holds half a surrogate",
}


@pytest.mark.parametrize(("line", "reason"), UNREADABLE.items(), ids=UNREADABLE.values())
def test_a_line_that_cannot_be_read_is_invalid_and_stops_no_other(
    tmp_path: Path, line: str, reason: str
) -> None:
    good = {"id": "good", "messages": OPENAI}
    before, broken, after = read(lines(tmp_path, good, line, good))
    assert said(before) == said(after) == SAID
    result = check_transcript(broken)
    assert [(v.rule, v.message_index) for v in result.violations] == [("unreadable", None)]
    assert reason in result.violations[0].detail
    assert not result.is_valid


def test_a_transcript_that_cannot_be_read_keeps_its_id(tmp_path: Path) -> None:
    assert [t.id for t in read(lines(tmp_path, {"id": "b", "messages": 1}))] == ["b"]


def test_a_csv_row_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "talks.csv"
    cell = '"' + json.dumps(OPENAI).replace('"', '""') + '"'
    path.write_text(f'id,messages\na,{cell}\nb\nc,"x" y\nd,{cell}\n', "utf-8")
    read_so = [(t.id, t.unreadable is None) for t in read(path)]
    assert read_so == [("a", True), (f"{path}:3", False), (f"{path}:4", False), ("d", True)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("talks.txt", b"Hello", "end in .jsonl, .ndjson, .json, .csv.*--transcript"),
        ("talks", b"Hello", "its name does not show"),
        ("talks.jsonl", b"", "is empty"),
        ("talks.jsonl", b"\n \n", "holds no conversations"),
        ("talks.jsonl", '{"a": "é"}'.encode("latin-1"), "is not UTF-8"),
        ("talks.jsonl", '{"messages": []}'.encode("utf-16-le"), "UTF-16"),
        ("talks.json", b"{not json", "is not JSON"),
        ("talks.json", b"[]", "holds no conversations"),
        ("talks.json", b'{"messages": []}\n{"messages": [}\n', "end in .jsonl"),
        ("talks.csv", b"id,role,text\na,user,Hello\n", "holds one message a row"),
        ("talks.csv", b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        ("talks.csv", b"id,text\na,Hello\n", "has no column 'messages' or 'chat_history'"),
        ("talks.csv", b"id,messages\n", "holds no conversations"),
        ("talks.parquet", b"Hello", "is no Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=reason) as raised:
        read(path)
    assert str(raised.value).startswith(str(path))


def test_a_parquet_file_without_conversations_says_why(tmp_path: Path) -> None:
    path = tmp_path / "talks.parquet"
    pq.write_table(pa.table({"text": ["Hello"]}), path)
    with pytest.raises(UsageError, match=r"has no column 'messages' or 'chat_history'.*'text'"):
        read(path)


def test_a_missing_file_and_a_directory_say_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read(tmp_path / "missing.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        read(tmp_path / "folder.jsonl")
