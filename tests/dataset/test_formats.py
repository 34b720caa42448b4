"""What goes into a data file comes out of it, by any reader and whatever the text."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.conversation.messages import unwritable_reason
from duologue.dataset.contents import DatasetContents
from duologue.dataset.formats import (
    refuse_unwritable_text,
    write_conversations_csv,
    write_conversations_parquet,
    write_failures_csv,
    write_test_suite_csv,
)
from duologue.errors import ExportError
from duologue.seeds import RejectedRow
from duologue.settings.rules import Severity
from tests.dataset.making import checked, contents, everything_that_can_happen, failed

Writer = Callable[[DatasetContents, Any], int]

HARD_TEXTS = [
    "two\nlines",
    "two\r\nlines",
    "a lone\rCR",
    "\r",
    "\n",
    'a "quote"',
    '"',
    "'single'",
    "tab\there",
    "line\u2028separator \u2029 \x85 \x1c \x0b \x0c",
    "emoji 😀 👩‍👩‍👧",
    "עברית, العربية \u202e",
    ", ; | \\",
    "\\n",
    " leading and trailing ",
    "\ufeffBOM",
    "=1+1",
    "NA",
    "null",
    "None",
    "007",
    "\x01\x1a\x7f",
    "\ufffe\uffff\U0010ffff",
]

# What a seed or a reply may hold: all of Unicode but NUL and halves of surrogate pairs.
TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
) | st.sampled_from(HARD_TEXTS)


def written(write: Writer, made: DatasetContents) -> bytes:
    file = io.BytesIO()
    write(made, file)
    return file.getvalue()


def dict_rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def with_texts(texts: list[str]) -> DatasetContents:
    conversations = [
        checked(text, text, text, seed_id=f"s{index}", context={"note": text, text: "key"})
        for index, text in enumerate(texts)
    ]
    return contents(*conversations)


@given(st.lists(TEXT, min_size=1, max_size=5))
@settings(deadline=None)
def test_parquet_gives_any_text_back(texts: list[str]) -> None:
    data = written(write_conversations_parquet, with_texts(texts))
    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    assert [row["seed_message"] for row in rows] == texts
    assert [{m["text"] for m in row["messages"]} for row in rows] == [{text} for text in texts]
    assert [json.loads(row["context"])[text] for row, text in zip(rows, texts, strict=True)] == [
        text if text == "note" else "key" for text in texts
    ]


@given(st.lists(TEXT, min_size=1, max_size=5))
@settings(deadline=None)
def test_the_csv_module_gives_any_text_back(texts: list[str]) -> None:
    rows = dict_rows(written(write_conversations_csv, with_texts(texts)))
    assert [row["seed_message"] for row in rows] == texts
    assert [{m["text"] for m in json.loads(row["chat_history"])} for row in rows] == [
        {text} for text in texts
    ]


@given(st.lists(TEXT, min_size=1, max_size=5))
@settings(deadline=None)
def test_pandas_gives_any_text_of_a_csv_back(texts: list[str]) -> None:
    data = written(write_conversations_csv, with_texts(texts))
    frame = pd.read_csv(io.BytesIO(data), keep_default_na=False, dtype=str)
    assert frame["seed_message"].tolist() == texts
    assert [json.loads(history)[0]["text"] for history in frame["chat_history"]] == texts


def test_duckdb_and_polars_give_hard_texts_of_a_csv_back(tmp_path: Any) -> None:
    path = tmp_path / "conversations.csv"
    path.write_bytes(written(write_conversations_csv, with_texts(HARD_TEXTS)))
    found = duckdb.read_csv(str(path)).select("seed_message").fetchall()
    assert [message for (message,) in found] == HARD_TEXTS
    assert pl.read_csv(path)["seed_message"].to_list() == HARD_TEXTS


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_takes_for_a_formula_stays_as_it_was(first: str) -> None:
    """Told in the data dictionary: a dataset that changes its messages is worth nothing."""
    text = f"{first}HYPERLINK(1)"
    (row,) = dict_rows(written(write_conversations_csv, with_texts([text])))
    assert row["seed_message"] == text
    made = contents(failed=[failed(text, reason=text)])
    (row,) = dict_rows(written(write_failures_csv, made))
    assert (row["seed_message"], row["reason"]) == (text, text)


def test_csv_is_rfc_4180_in_utf_8() -> None:
    data = written(write_conversations_csv, with_texts(["é\nx"]))
    header, rest = data.split(b"\r\n", 1)
    assert header.startswith(b"conversation_id,seed_id,sample,seed_message,chat_history,")
    assert '"é\nx"'.encode() in rest
    assert data.endswith(b"\r\n")


def test_a_csv_row_holds_json_times_with_their_zone_and_nothing_for_null() -> None:
    first, second = dict_rows(written(write_conversations_csv, everything_that_can_happen()))
    assert json.loads(first["chat_history"]) == [
        {"text": "Hello?", "role": "USER"},
        {"text": "Hi.", "role": "ASSISTANT"},
        {"text": "Refunds?", "role": "USER"},
    ]
    assert first["simulated_user_release_tag"] == ""
    assert first["started_at"] == "2026-11-24T05:35:16.123456+00:00"
    assert (first["warnings"], second["warnings"]) == ("[]", '["restated"]')
    used = ("input_tokens", "output_tokens", "cost_usd", "models")
    assert [first[name] for name in used] == ["", "", "", ""]
    assert [second[name] for name in used] == ["120", "30", "0.25", '["gpt-4o", "gpt-4o-mini"]']


def test_only_valid_conversations_are_the_dataset() -> None:
    made = everything_that_can_happen()
    parquet = pq.read_table(io.BytesIO(written(write_conversations_parquet, made)))
    assert parquet["seed_id"].to_pylist() == ["s1", "s2"]
    assert [r["seed_id"] for r in dict_rows(written(write_conversations_csv, made))] == ["s1", "s2"]


def test_a_dataset_without_conversations_still_has_its_columns() -> None:
    table = pq.read_table(io.BytesIO(written(write_conversations_parquet, contents())))
    assert (table.num_rows, table.num_columns) == (0, 31)
    assert dict_rows(written(write_conversations_csv, contents())) == []


def test_more_conversations_than_a_row_group_holds_keep_their_order() -> None:
    ids = [f"s{index}" for index in range(4500)]
    made = contents(*(checked("Hi", "Ho", seed_id=seed_id) for seed_id in ids))
    file = pq.ParquetFile(io.BytesIO(written(write_conversations_parquet, made)))
    assert file.num_row_groups > 1
    assert file.read()["seed_id"].to_pylist() == ids


def test_a_test_suite_asks_what_the_chatbot_says_next() -> None:
    made = contents(
        checked("One?", "First.", "And two?", seed_id="s1"),
        checked("Bye?", "Bye.", "Thanks", "Welcome", seed_id="s2"),
        checked("Echo", "Yes?", "Yes?", seed_id="s3", broken=[("echo", Severity.INVALID)]),
        history_input="conversation",
    )
    data = written(write_test_suite_csv, made)
    rows = dict_rows(data)
    assert data.startswith(b"conversation\r\n")
    assert [[m["text"] for m in json.loads(row["conversation"])] for row in rows] == [
        ["One?", "First.", "And two?"],
        ["Bye?", "Bye.", "Thanks"],
    ]
    assert all(json.loads(row["conversation"])[-1]["role"] == "USER" for row in rows)


def test_failures_say_what_is_missing_why_and_what_to_do() -> None:
    made = everything_that_can_happen()
    failed_seed, invalid, rejected = dict_rows(written(write_failures_csv, made))
    assert rejected["id"] == "datasets/seeds.csv:14"
    assert (rejected["kind"], rejected["reason"]) == ("rejected_row", "message is empty")
    assert "datasets/seeds.csv:14" in rejected["how_to_rerun"]
    assert failed_seed["id"] == "s4-1"
    assert failed_seed["kind"] == "failed_seed"
    assert failed_seed["seed_message"] == "Warranty?"
    assert failed_seed["error_class"] == "TransientError"
    assert failed_seed["attempts"] == "3"
    assert [m["text"] for m in json.loads(failed_seed["chat_history"])] == [
        "Warranty?",
        "One year.",
    ]
    assert (invalid["id"], invalid["kind"]) == ("s3-1", "invalid_conversation")
    assert invalid["error_class"] == "echo"
    assert invalid["reason"] == "message 1: as a test wants it"
    assert "duologue rerun" in invalid["how_to_rerun"]


def test_an_invalid_conversation_lists_each_broken_rule_once_and_no_warning() -> None:
    rules = [("loop", Severity.INVALID), ("echo", Severity.INVALID), ("loop", Severity.INVALID)]
    broken = [*rules, ("restated", Severity.WARNING)]
    (row,) = dict_rows(written(write_failures_csv, contents(checked("a", "b", broken=broken))))
    assert row["error_class"] == "echo, loop"


def test_no_password_of_a_seed_url_is_written() -> None:
    row = RejectedRow("https://me:secret@host/seeds.csv?token=hidden", 3, "message is empty")
    data = written(write_failures_csv, contents(rejected=[row]))
    assert b"https://host/seeds.csv:3" in data
    assert b"secret" not in data
    assert b"hidden" not in data


@given(st.text(min_size=1), st.text())
@settings(deadline=None)
def test_the_messages_of_a_failed_seed_are_shown(reply: str, reason: str) -> None:
    made = contents(failed=[failed("Hi", reply, reason=reason)])
    (row,) = dict_rows(written(write_failures_csv, made))
    assert json.loads(row["chat_history"])[1]["text"] == reply
    assert row["reason"] == reason.replace("\0", "\ufffd")


@pytest.mark.parametrize("reply", ["a\0b", "half \ud83d", "\udc00"])
def test_failures_take_what_the_dataset_cannot(reply: str) -> None:
    made = contents(failed=[failed("Hi", reply, reason=f"said {reply}")])
    (row,) = dict_rows(written(write_failures_csv, made))
    assert json.loads(row["chat_history"])[1]["text"] == reply
    assert "\0" not in row["reason"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\0b", "a NUL character"),
        ("half \ud83d", "half of a surrogate pair (U+D83D)"),
        ("whole 😀\r\n", None),
    ],
)
def test_it_reports_what_cannot_be_written(text: str, reason: str | None) -> None:
    assert unwritable_reason(text) == reason


def test_a_conversation_that_cannot_be_written_is_named() -> None:
    with pytest.raises(
        ExportError, match=r"conversation s9-1: message 1 \(ASSISTANT\) holds a NUL"
    ):
        refuse_unwritable_text([checked("Hi", "a\0b", seed_id="s9")])
