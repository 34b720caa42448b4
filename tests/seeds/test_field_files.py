# ruff: noqa: RUF001
"""Seed files as people have them: what is read, what is refused, and by which name."""

import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from duologue.errors import UsageError
from duologue.seeds import SeedFile, UnclearColumnsError, read_seeds

openpyxl = pytest.importorskip("openpyxl")

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:df21\nsize 175385569\n"
PAGE = '\n<!DOCTYPE html>\n<html lang="en">\n<body>Sign in</body>\n</html>\n'
TWO = "Do you ship to Norway?", "Where is my order?"


def read(folder: Path, content: str | bytes, name: str = "seeds.csv", **options: Any) -> SeedFile:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_seeds(str(path), **options)


def messages(seeds: SeedFile) -> tuple[str, ...]:
    return tuple(seed.message for seed in seeds.seeds)


OTHER_THINGS = [
    (LFS, "is a Git LFS pointer.*git lfs pull"),
    ("\ufeff" + LFS, "is a Git LFS pointer"),
    ("../../.git/annex/objects/0f/MD5E-s5.csv\n", "pointer to data kept elsewhere"),
    ("outs:\n- md5: a304afb96060aad90176268345e10355\n  path: seeds.csv\n", "pointer to data"),
    (PAGE, "is an HTML page"),
    ("<html><head><title>x</title></head></html>", "is an HTML page"),
    ("<!-- saved from url -->\n<!doctype html>\n<p>", "is an HTML page"),
    ('<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "is XML"),
    ("404: Not Found", "is a server's error message"),
    ("Access Denied\n", "is a server's error message"),
    ("{\\rtf1\\ansi Do you ship?}", "is RTF"),
    ("%PDF-1.7\n1 0 obj\n", "is a PDF"),
    ("diff --git a/seeds.csv b/seeds.csv\n--- a/seeds.csv\n", "is a diff"),
    ("-----BEGIN PGP MESSAGE-----\n\nhQEM\n", "is an encoded key"),
    ("-- dump\nCREATE TABLE seeds (message text);\n", "is SQL"),
    ("#!/bin/sh\necho hello\n", "is a script"),
    ("MIME-Version: 1.0\nSubject: seeds\n", "is an e-mail"),
    ("WEBVTT\n\n00:01.000 --> 00:04.000\nHello\n", "is a file of subtitles"),
    ('{"cells": [], "nbformat": 4}', "is a Jupyter notebook"),
    ("-- MySQL dump 10.13\n--\n-- Host: localhost\n", "is SQL"),
    ('<tmx version="1.4">\n<body>\n<tu>Hi</tu>\n', "is XML"),
    ("<tmx><tu>Hi</tu></tmx>\n", "is XML"),
    ("\\begin{tabular}{ll}\nmessage & plan\n", "is LaTeX"),
    ("@article{ann2026,\n title={Hi}\n}\n", "is LaTeX or BibTeX"),
    ('msgid "Where is it?"\nmsgstr "Wo?"\n', "is a gettext file"),
    ("from pathlib import Path\nprint(1)\n", "is a script"),
]


@pytest.mark.parametrize("name", ["seeds.csv", "seeds.tsv", "seeds.jsonl", "seeds.parquet"])
@pytest.mark.parametrize(("content", "what"), OTHER_THINGS, ids=[w for _, w in OTHER_THINGS])
def test_what_is_no_data_is_refused_by_name(
    tmp_path: Path, content: str, what: str, name: str
) -> None:
    with pytest.raises(UsageError, match=what):
        read(tmp_path, content, name)


OTHER_STRUCTURES = [
    ('{"message": "Do you ship?"}\n{"message": "Where?"}\n', r"JSON lines; .*\.jsonl"),
    ('{"message": "Do you ship?"}', r"JSON lines; .*\.jsonl"),
    ("{'message': 'Do you ship?'}\n{'message': 'Where?'}\n", "looks like JSON lines"),
    ('[{"message": "Do you ship?"},\n {"message": "Where?"}]\n', r"looks like JSON; .*\.json"),
    ('{\n  "message": "Do you ship?"\n}\n', r"looks like JSON; .*\.json"),
    ("- message: Do you ship?\n  plan: basic\n- message: Where?\n  plan: pro\n", "YAML"),
    ("---\nseeds:\n  - Do you ship?\n", "YAML"),
    ("| message | plan |\n|---|---|\n| Do you ship? | basic |\n", "table as Markdown"),
    ("message | plan\n--- | ---\nDo you ship? | basic\n", "table as Markdown"),
    ("+---------+\n| message |\n+---------+\n| Do you? |\n+---------+\n", "or a terminal"),
    ("[seeds]\nfirst = Do you ship?\n", "looks like TOML or INI"),
    ("- Do you ship?\n- Where is it?\n", "a mark before every line"),
    ("User: Do you ship?\nAssistant: Yes.\nUser: Where to?\n", "a transcript with a speaker"),
    ("**Customer:** Do you?\n**Agent:** Yes.\n**Customer:** Oh.\n", "a transcript with a speaker"),
    ("1. Do you ship?\n2. Where is it?\n", "a mark before every line"),
    ("<<<<<<< HEAD\nmessage,plan\nDo you?,a\n=======\nmessage\n>>>>>>> main\n", "a merge"),
    ("message,plan\nHi,a\n<<<<<<< HEAD\nWhere?,b\n=======\nWho?,b\n>>>>>>> x\n", "a merge"),
    ("Do you?\n<<<<<<< ours\nWhere?\n=======\nWho?\n>>>>>>> theirs\n", "a merge"),
    ("message\nWhere?\n>>>>>>> main\n", "a merge"),
    ("<<<<<<< Conflict 1 of 1\n%%%%%%% x\n-Where?\n>>>>>>> Conflict 1 of 1 ends\n", "a merge"),
    ("message: Do you ship?\nplan: basic\n", "YAML"),
    ("seeds:\n- Do you ship?\n- Where is it?\n", "YAML"),
    ('version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hi\n', "YAML"),
    ("=====  ====\nmessage plan\n=====  ====\nWhere  a\n", "or a terminal"),
    ("message = Do you ship?\n   plan = basic\n", "a list of names and values"),
    ("MESSAGE=Do you ship?\nPLAN=basic\n", "a list of names and values"),
    ('ts=1 msg="Do you ship?"\nts=2 msg="Where?"\n', "a list of names and values"),
    ("__label__order Where is it?\n__label__pay How?\n", "a label in every line"),
    ("where O\nis O\nOslo B-city\n", "a label in every line"),
    ("01/02/2026, 10:01 - Ann: Where?\n01/02/2026, 10:02 - Shop: Here.\n", "a chat's export"),
    ("[01/02/2026, 10:00:00] Ann: Where?\n[01/02/2026, 10:01:00] Shop: Here\n", "a chat's export"),
    ("[10:00] Ann\nWhere is it?\n[10:02] Shop\nHere.\n", "a chat's export"),
    ("2026-01-01 10:00:00,123 INFO Where?\n2026-01-01 10:00:01,001 INFO Here\n", "is a log"),
    ('::1 - - [10/Oct/2026:13:55:36 -0700] "GET /"\n' * 2, "is a log"),
]


@pytest.mark.parametrize(
    ("content", "what"), OTHER_STRUCTURES, ids=[repr(c[:24]) for c, _ in OTHER_STRUCTURES]
)
def test_another_structure_named_csv_is_refused_by_name(
    tmp_path: Path, content: str, what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.jsonl", "message,plan\nDo you ship?,basic\n", r"holds no JSON; .*\.csv"),
        ("a.jsonl", '[{"message": "Hi"}]', r"one JSON array.*\.json"),
        ("a.jsonl", '{\n"message": "Hi"\n}', "one JSON object over several lines"),
        ("a.jsonl", '<<<<<<< a\n{"text": "x"}\n=======\n{"text": "y"}\n>>>>>>> b\n', "a merge"),
        ("a.json", '{"message": "Hi"}\n{"message": "Ho"}\n', r"looks like JSON lines; .*\.jsonl"),
        ("a.json", '{"data": [{"message": "Hi"}]}', "is an object with the keys 'data'"),
        ("a.json", "Hello", "is not JSON"),
        ("a.json", '{"message": {"0": "Hi?", "1": "Ho?"}}', "a list for each column.*records"),
        ("a.json", '{"message": ["Hi?", "Ho?"], "plan": ["a", "b"]}', "a list for each column"),
        ("a.json", '{"columns": ["message"], "data": [["Hi?"]]}', "a list for each column"),
        ("a.json", '[{"instruction": "Sum up", "input": "x"}]', "--message-column"),
        ("a.jsonl", '{"message": "Not Found", "documentation_url": "x"}', "a server's error"),
    ],
)
def test_json_of_another_kind_is_refused_by_name(
    tmp_path: Path, name: str, content: str, what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        read(tmp_path, content, name)


@pytest.mark.parametrize(
    "first",
    [
        "Received: the wrong item, what now?",
        "<script> does not run, why?",
        "<title> or <h1>?",
        "CREATE TABLE or INSERT INTO?",
        "import pandas fails, why?",
        "Not found is all it says, why?",
        "version 2 or 3?",
        "{} or []?",
        "[1] says otherwise, does it?",
        "Are you open at 18:00?",
        "2026-01-01 10:00 is my slot, why?",
        "a = b in Excel, why?",
        "note: is it open?",
    ],
)
def test_a_message_about_another_kind_of_file_is_a_message(tmp_path: Path, first: str) -> None:
    quoted = f'"{first}"\nWhere is it?\n'
    assert messages(read(tmp_path, quoted)) == (first, "Where is it?")
    assert messages(read(tmp_path, f"message\n{quoted}")) == (first, "Where is it?")


def test_prose_that_only_looks_like_something_else_is_read(tmp_path: Path) -> None:
    lines = ("How do I fix <<<<<<< HEAD?", "What is <html>?", "- is this ok?", "Is {} valid JSON?")
    assert messages(read(tmp_path, "\n".join(lines))) == lines


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nmessage;plan\nDo you ship to Norway?;basic\nWhere is my order?;pro\n",
        '"sep=;"\nmessage;plan\nDo you ship to Norway?;basic\nWhere is my order?;pro\n',
        "SEP=,\nmessage,plan\nDo you ship to Norway?,basic\nWhere is my order?,pro\n",
        "message|plan\nDo you ship to Norway?|basic\nWhere is my order?|pro\n",
        "plan | message\nbasic | Do you ship to Norway?\npro | Where is my order?\n",
        "message,plan,\nDo you ship to Norway?,basic,\nWhere is my order?,pro,\n",
        "message;plan;;\nDo you ship to Norway?;basic;;\nWhere is my order?;pro;;\n",
        "message,plan\nDo you ship to Norway?,basic,,\nWhere is my order?,pro,,\n",
        "message,plan\nDo you ship to Norway?,basic\nWhere is my order?,pro\n,\n,\n , \n",
        "\ufeff\ufeffmessage,plan\nDo you ship to Norway?,basic\nWhere is my order?,pro\n",
        "\u200bmessage,plan\nDo you ship to Norway?,basic\nWhere is my order?,pro\n",
        'message, plan\n"Do you ship to Norway?", "basic, really"\n"Where is my order?", "pro"\n',
        "\ufeffmessage,plan\nDo you ship to Norway?,basic\n\ufeffWhere is my order?,pro\n",
    ],
)
def test_tables_as_spreadsheets_save_them_are_read(tmp_path: Path, content: str) -> None:
    seeds = read(tmp_path, content)
    assert messages(seeds) == TWO
    assert [*seeds.seeds[0].context] == ["plan"]
    assert not seeds.rejected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_every_encoding_with_a_mark_is_read(tmp_path: Path, encoding: str) -> None:
    content = "message\tplan\nDo you ship to Norway?\ta\nWhere is my order?\tb\n".encode(encoding)
    assert messages(read(tmp_path, content)) == TWO


def test_a_repeated_header_is_rejected_where_files_were_joined(tmp_path: Path) -> None:
    seeds = read(tmp_path, "\ufeffmessage,plan\nHi you?,a\n\ufeffmessage,plan\nWho?,b\n")
    assert messages(seeds) == ("Hi you?", "Who?")
    assert [(row.line, row.reason[:18]) for row in seeds.rejected] == [(3, "repeats the header")]


UNKNOWN_HEADERS = (
    "id;Frage;Erwartete Antwort\n1;Liefern Sie?;Ja\n2;Wo ist sie?;Hier\n",
    "Frage;Erwartete Antwort\nLiefern Sie?;Ja, gern\nWo?;Hier\n",
    "Question text,Expected answer\nDo you ship?,Yes\n",
    "Customer question\nDo you ship to Norway?\nWhere is my order?\n",
    "Nachricht\nLiefern Sie nach Norwegen?\nWo ist meine Bestellung?\n",
    "prompts\nDo you ship?\n",
    "messages\nDo you ship?\nWhere?\n",
    "instruction\nDo you ship?\n",
    "User Input\nDo you ship?\n",
    "質問,回答\nノルウェーに発送しますか？,はい\n",
    "Запрос|подсказка\nГде мой заказ?|x\nЧто это?|y\n",
    "Date,Requester,Subject\n2026-01-01,Ann,Where is my order?\n",
    "en,How do I pay?\nde,Wie zahle ich?\n",
    "Consulta del cliente\n¿Hacen envíos?\n¿Dónde está?\n",
    "lang\tUtterance text\nen\tHi there, you\n",
    "# seeds of the month of May\nDo you ship?\nWhere?\n",
    "message^plan\nDo you ship?^a\n",
    "1,Do you ship?\n2,Where?\n",
    "2026-01-01T10:00:00Z,Do you ship?\n2026-01-01T10:00:01Z,Where?\n",
    "message\x1fplan\nWhere?\x1fa\n",
    "Where?\x01a\nWho?\x01b\n",
    "用户问题\n订单在哪里\n怎么退款\n",
    "Mensaje\ndonde está mi pedido\nquiero saber\n",
)  # fmt: skip


@pytest.mark.parametrize("content", UNKNOWN_HEADERS)
def test_a_header_in_doubt_is_refused_with_the_options_that_decide(
    tmp_path: Path, content: str
) -> None:
    with pytest.raises(UnclearColumnsError, match=r"--message-column.*--no-header") as caught:
        read(tmp_path, content)
    assert caught.value.first_row_may_be_message
    first = caught.value.names[-1]
    chosen = read(tmp_path, content, message_column=first)
    assert len(chosen.seeds) == len(content.splitlines()) - 1
    assert len(read(tmp_path, content, has_header=False).seeds) == len(content.splitlines())


@pytest.mark.parametrize(
    "content",
    [
        "Do you ship to Norway?\nWhere is my order?\n",
        "Hello\nDo you ship to Norway?\nWhere is my order?\n",
        "I want my money back\nfix it now\n",
        "Do you ship; to Norway?\nWhere is my order\n",
        "Liefern Sie nach Norwegen?\n",
        "ノルウェーに発送しますか？\n注文はどこ？\n",
    ],
)
def test_messages_without_a_header_need_no_option(tmp_path: Path, content: str) -> None:
    assert messages(read(tmp_path, content)) == tuple(content.splitlines())


def test_a_file_without_a_header_can_have_its_message_in_any_column(tmp_path: Path) -> None:
    content = "en,How do I pay?\nde,Wie zahle ich?\n"
    seeds = read(tmp_path, content, has_header=False, message_column="column_2")
    assert messages(seeds) == ("How do I pay?", "Wie zahle ich?")
    assert seeds.seeds[0].context == {"column_1": "en"}
    with pytest.raises(UsageError, match="its columns are 'column_1', 'column_2'"):
        read(tmp_path, content, has_header=False, message_column="column_3")


@pytest.mark.parametrize(
    "content",
    [
        "# exported\nmessage,plan\nHi?,a\n",
        "My seeds,,\nmessage,a,b\nHi?,1,2\n",
        "Seeds of May\n\nlang,message\nen,Hi?\n",
        "Seeds of May\nmessage\nHi?\n",
    ],
)
def test_a_title_above_the_header_is_refused_with_the_line(tmp_path: Path, content: str) -> None:
    with pytest.raises(UsageError, match=r"its header seems to be on line [23]; delete the lines"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("delimiter", "content"),
    [
        ("^", "message^plan\nHi, you; all?^a\n"),
        ("tab", "message\tplan\nHi, you; all?\ta\n"),
        ("\\t", "message\tplan\nHi, you; all?\ta\n"),
        ("pipe", "message|plan\nHi, you; all?|a\n"),
        (";", 'message;plan\n"Hi, you; all?";a\n'),
    ],
)
def test_a_named_delimiter_is_taken(tmp_path: Path, delimiter: str, content: str) -> None:
    assert messages(read(tmp_path, content, delimiter=delimiter)) == ("Hi, you; all?",)


@pytest.mark.parametrize("delimiter", ["ab", '"', "x", "\n"])
def test_a_delimiter_that_cannot_split_is_refused(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(UsageError, match="expected one character"):
        read(tmp_path, "message\nHi?\n", delimiter=delimiter)


def test_a_log_of_both_sides_is_no_seed_file(tmp_path: Path) -> None:
    rows = [
        {"session_id": "s1", "role": role, "message": f"I lost my password {role}"}
        for role in ("user", "assistant", "user")
    ]
    with pytest.raises(UsageError, match="either side in each row, as column 'role' shows"):
        read(tmp_path, "\n".join(map(json.dumps, rows)), "log.jsonl")
    table = "Sender,message\nCustomer,Hi there?\nAgent,Hello!\n"
    with pytest.raises(UsageError, match="as column 'Sender' shows"):
        read(tmp_path, table)
    assert messages(read(tmp_path, "role,message\nuser,Hi?\nadmin of sales,Ho?\n"))


LOGS = {
    "inbound": "inbound,text\nFalse,We are here.\nTrue,How do I pay?\n",
    "direction": "direction,text\ninbound,How do I pay?\noutbound-api,So.\n",
    "speaker": "dialogue,speaker,text\n1,USER,How?\n1,SYSTEM,So.\n",
    "bot_id": '[{"text": "How?"}, {"bot_id": "B1", "text": "So."}]',
    "Turn": "Conversation ID,Turn,text\na,1,How do I pay?\na,2,And then?\nb,1,Where?\n",
}


@pytest.mark.parametrize("column", LOGS)
def test_a_log_is_known_by_any_column_that_shows_it(tmp_path: Path, column: str) -> None:
    name = "seeds.json" if LOGS[column].startswith("[") else "seeds.csv"
    with pytest.raises(UsageError, match=f"{column!r} shows?[,;]"):
        read(tmp_path, LOGS[column], name)


def test_a_row_for_each_conversation_is_no_log(tmp_path: Path) -> None:
    content = "conversation_id,turn,inbound,text\na,1,True,How do I pay?\nb,1,True,Where?\n"
    assert messages(read(tmp_path, content)) == ("How do I pay?", "Where?")


def test_row_names_without_a_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"each row starts with its number.*row.names=FALSE"):
        read(tmp_path, '"message","plan"\n"1","Where?","a"\n"2","Who?","b"\n')


def test_lines_of_an_array_are_json_lines(tmp_path: Path) -> None:
    assert messages(read(tmp_path, '{"text": "a?"},\n{"text": "b?"},\n', "a.jsonl")) == ("a?", "b?")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("メッセージ\n注文はどこ？\n".encode("shift_jis"), "such as Shift-JIS.*iconv -f ENCODING"),
        ("消息\n订单在哪里？\n".encode("gb18030"), "such as Shift-JIS"),
        ("Вопрос\nГде заказ?\n".encode("cp1251"), "Windows-1251"),
        ("message\nÉté à Zürich – où est-ce?\n".encode("cp1252"), "iconv -f windows-1252"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis", "another zip archive"),
    ],
)
def test_bytes_that_are_no_utf_8_are_not_spoilt_by_the_remedy(
    tmp_path: Path, data: bytes, what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        read(tmp_path, data)


def test_a_format_can_be_named(tmp_path: Path) -> None:
    content = '{"message": "Hi?"}\n'
    assert messages(read(tmp_path, content, "export", seed_format="jsonl")) == ("Hi?",)
    assert messages(read(tmp_path, content, "a.csv", seed_format=".JSONL")) == ("Hi?",)
    with pytest.raises(UsageError, match="seed format 'txt': expected one of csv, tsv, jsonl"):
        read(tmp_path, content, "export", seed_format="txt")


def test_zstd_is_unpacked(tmp_path: Path) -> None:
    import pyarrow as pa

    packed = pa.compress(b"message\nHi?\n", codec="zstd", asbytes=True)
    assert messages(read(tmp_path, packed, "seeds.csv.zst")) == ("Hi?",)
    for broken in (packed[:-4], b"no such thing", packed[:5]):
        with pytest.raises(UsageError, match=r"is no \.zst file, or a broken one"):
            read(tmp_path, broken, "seeds.csv.zst")


def workbook(*sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_excel_files_are_read_as_tables(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Message", "n", "on", "at", "ok", None],
        ["Hi, you?", 7, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4), True],
        [None, None, None],
        [12345, 1.1, None, None, False],
    ]
    seeds = read(tmp_path, workbook([], rows, [["x"]]), "seeds.xlsx")
    assert messages(seeds) == ("Hi, you?", "12345")
    assert seeds.seeds[0].context == {
        "n": "7", "on": "2026-01-02 00:00:00", "at": "2026-01-02 03:04:00", "ok": "TRUE",
    }  # fmt: skip
    assert seeds.seeds[1].context["n"] == "1.1"
    assert "sheet 'Sheet2' of 2" in seeds.columns_note


def test_numbers_of_excel_keep_their_zeros(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["message", "zip", "phone"])
    book.active.append(["Hi?", 2494, 10912345670.0])
    book.active["B2"].number_format = "00000"
    file = io.BytesIO()
    book.save(file)
    seeds = read(tmp_path, file.getvalue(), "seeds.xlsx")
    assert seeds.seeds[0].context == {"zip": "02494", "phone": "10912345670"}


def test_an_excel_file_in_doubt_or_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnclearColumnsError, match="'Frage', 'Antwort'"):
        read(tmp_path, workbook([["Frage", "Antwort"], ["Wo?", "Hier"]]), "seeds.xlsx")
    with pytest.raises(UsageError, match="holds no rows"):
        read(tmp_path, workbook([]), "seeds.xlsx")
    for broken in (workbook([["message"]])[:300], b"message\nHi?\n"):
        with pytest.raises(UsageError, match=r"is no Excel file \(\.xlsx\), or a broken one"):
            read(tmp_path, broken, "seeds.xlsx")


def test_a_json_array_is_read(tmp_path: Path) -> None:
    content = '[{"message": "Hi?", "n": 1.10}, "Ho?", 7]'
    seeds = read(tmp_path, content, "seeds.json")
    assert messages(seeds) == ("Hi?", "Ho?")
    assert seeds.seeds[0].context == {"n": "1.10"}
    assert [row.line for row in seeds.rejected] == [3]
