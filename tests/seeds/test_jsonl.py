import json
from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.seeds import SeedFile, read_seeds


def read(folder: Path, *lines: str, message_column: str | None = None) -> SeedFile:
    path = folder / "seeds.jsonl"
    path.write_bytes("\n".join(lines).encode())
    return read_seeds(str(path), message_column=message_column)


def messages(seeds: SeedFile) -> list[str]:
    return [seed.message for seed in seeds.seeds]


def test_objects_are_read_by_a_known_name(tmp_path: Path) -> None:
    seeds = read(tmp_path, '{"lang": "en", "text": "Hello"}', "", "  ", '{"text": "Bye\\u2028"}')
    assert messages(seeds) == ["Hello", "Bye\u2028"]
    assert not seeds.rejected
    assert seeds.seeds[0].context == {"lang": "en"}
    assert seeds.columns_note == "JSON objects; column 'text' is the message"


def test_bare_strings_are_messages(tmp_path: Path) -> None:
    seeds = read(tmp_path, '"Hello"', '"two\\nlines"')
    assert messages(seeds) == ["Hello", "two\nlines"]
    assert seeds.columns_note == "every line is a JSON string, the message"


def test_strings_and_objects_may_be_mixed(tmp_path: Path) -> None:
    assert messages(read(tmp_path, '"Hello"', '{"prompt": "Bye"}')) == ["Hello", "Bye"]


def test_other_values_become_text_and_null_is_left_out(tmp_path: Path) -> None:
    values = {"s": "007", "n": 7, "f": 0.5, "t": True, "none": None, "o": {"a": ["é", 1]}}
    seed = read(tmp_path, json.dumps({"message": "Hi"} | values)).seeds[0]
    assert seed.context == {"s": "007", "n": "7", "f": "0.5", "t": "true", "o": '{"a":["é",1]}'}


@pytest.mark.parametrize(
    "number", ["1.10", "1e400", "-0.0", "123456789012345678901234567890", "1E+2", "9" * 5000]
)
def test_numbers_stay_as_they_are_written(tmp_path: Path, number: str) -> None:
    line = f'{{"message": "Hi", "n": {number}, "o": {{"a": [{number}, null, true]}}}}'
    context = read(tmp_path, line).seeds[0].context
    assert context == {"n": number, "o": f'{{"a":[{number},null,true]}}'}


def test_a_named_message_column_is_taken(tmp_path: Path) -> None:
    seeds = read(tmp_path, '{"message": "a", "opener": "b"}', message_column="opener")
    assert messages(seeds) == ["b"]
    assert seeds.seeds[0].context == {"message": "a"}
    assert "'message' only goes along" in seeds.columns_note


def test_a_first_object_without_the_message_does_not_stop_the_others(tmp_path: Path) -> None:
    seeds = read(tmp_path, '{"id": "1"}', '{"id": "2", "text": "Hello"}')
    assert messages(seeds) == ["Hello"]
    assert [row.line for row in seeds.rejected] == [1]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (None, r"none of its columns \('id', 'opening'\) is known.*--message-column"),
        ("opener", "has no column 'opener'; its columns are 'id', 'opening'"),
    ],
)
def test_a_file_without_a_message_column_is_refused(
    tmp_path: Path, column: str | None, expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        read(tmp_path, '{"id": 1, "opening": "Hello"}', message_column=column)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "Hello"', "is not JSON: Expecting ',' delimiter at character"),
        ("Hello", "is not JSON: Expecting value at character 1"),
        ('{"text": NaN}', "NaN is no JSON value"),
        ('{"text": "a", "text": "b"}', "a key stands twice"),
        ('{"text": 7}', "message is a number; expected text"),
        ('{"text": false}', "message is true or false; expected text"),
        ('{"text": ["Hello"]}', "message is a list; expected text"),
        ('{"text": {"a": 1}}', "message is an object; expected text"),
        ("[1]", "message is a list; expected text"),
        ('{"text": null}', "message is missing"),
        ("null", "message is missing"),
        ('{"lang": "en"}', "message is missing"),
        ('{"text": " \\n"}', "message is empty"),
        ('{"text": "\\ud83d"}', "surrogate pair"),
        ('{"text": "a", "note": "\\udc00"}', "surrogate pair"),
        ('{"text": "a", "\\udc00": "b"}', "surrogate pair"),
        ('{"text": "a\\u0000"}', "NUL"),
        ('{"text": "a\0"}', "NUL"),
        ('{"text": ' + "9" * 5000 + "}", "message is a number; expected text"),
        ("[" * 100_000, "cannot be read as JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_rejected_alone(
    tmp_path: Path, line: str, reason: str
) -> None:
    seeds = read(tmp_path, '{"text": "First"}', line, '{"text": "Last \\ud83d\\ude00"}')
    assert messages(seeds) == ["First", "Last 😀"]
    assert [row.line for row in seeds.rejected] == [2]
    assert reason in seeds.rejected[0].reason


def test_no_depth_of_nesting_breaks_the_reading(tmp_path: Path) -> None:
    lines = [f'{{"text": "a", "deep": {"[" * depth}{"]" * depth}}}' for depth in range(900, 1000)]
    assert read(tmp_path, *lines).rows_read == 100


def test_a_json_array_is_distinguished_from_json_lines(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"one JSON array.*jq -c '\.\[\]'"):
        read(tmp_path, "[", '  {"text": "Hello"},', '  {"text": "Bye"}', "]", "")
    with pytest.raises(UsageError, match="one JSON array"):
        read(tmp_path, '[{"text": "Hello"}]')
