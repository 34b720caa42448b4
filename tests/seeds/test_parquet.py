import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duologue.errors import UsageError
from duologue.seeds import SeedFile, read_seeds


def read(folder: Path, table: Any, message_column: str | None = None) -> SeedFile:
    path = folder / "seeds.parquet"
    pq.write_table(table, path)
    return read_seeds(str(path), message_column=message_column)


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
)
def test_any_kind_of_text_column_can_be_the_message(tmp_path: Path, kind: Any) -> None:
    seeds = read(tmp_path, pa.table({"text": pa.array(["NA", " two\nlines ", "007"]).cast(kind)}))
    assert [seed.message for seed in seeds.seeds] == ["NA", " two\nlines ", "007"]
    assert seeds.columns_note == "Parquet; column 'text' is the message"


def test_other_columns_become_text_and_nulls_are_left_out(tmp_path: Path) -> None:
    columns = {
        "message": ["Hi"], "i": [7], "b": [True], "d": [datetime.date(2024, 2, 29)],
        "m": [Decimal("1.50")], "bytes": [b"caf\xc3\xa9"], "raw": [b"\xff"],
        "st": [{"a": [1, None], "at": datetime.date(2024, 1, 1)}],
        "none": pa.array([None], pa.string()),
    }  # fmt: skip
    assert read(tmp_path, pa.table(columns)).seeds[0].context == {
        "i": "7",
        "b": "true",
        "d": "2024-02-29",
        "m": "1.50",
        "bytes": "café",
        "raw": "\\xff",
        "st": '{"a":[1,null],"at":"2024-01-01"}',
    }


def test_a_null_or_blank_message_is_rejected_with_its_row_number(tmp_path: Path) -> None:
    seeds = read(tmp_path, pa.table({"text": ["a", None, " ", "b"]}))
    assert [seed.message for seed in seeds.seeds] == ["a", "b"]
    assert [(row.line, row.reason.split(";")[0]) for row in seeds.rejected] == [
        (2, "message is missing"),
        (3, "message is empty"),
    ]


def test_rows_are_numbered_across_batches_and_row_groups(tmp_path: Path) -> None:
    texts = [f"message {number}" if number % 1000 else "" for number in range(1, 5001)]
    path = tmp_path / "seeds.parquet"
    pq.write_table(pa.table({"text": texts}), path, row_group_size=1500)
    assert [row.line for row in read_seeds(str(path)).rejected] == [1000, 2000, 3000, 4000, 5000]


def test_bytes_that_are_no_text_cost_their_row_alone(tmp_path: Path) -> None:
    broken = pa.array([b"good", b"b\xffd"]).view(pa.string())
    seeds = read(tmp_path, pa.table({"text": broken}))
    assert [seed.message for seed in seeds.seeds] == ["good"]
    assert str(seeds.rejected[0]).endswith(":2: column 'text' holds bytes that are not UTF-8 text")


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (pa.array([10**12], pa.int64()).cast(pa.timestamp("s")), "1000000000000000"),
        (
            pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
            "2023-11-14 22:13:20.123456789",
        ),
        (pa.array([0], pa.timestamp("ns", "Mars/Olympus")), "1970-01-01 00:00:00+00:00"),
        (pa.array([0], pa.timestamp("us", "+00")), "1970-01-01 00:00:00+00:00"),
        (pa.array([5], pa.time64("ns")), "00:00:00.000000005"),
        (pa.array([5], pa.duration("ns")), "5 ns"),
        (pa.array([1_173_158_800], pa.int32()).cast(pa.date32()), "1173158800"),
        (pa.array([[5]], pa.list_(pa.time64("ns"))), '["00:00:00.000000005"]'),
        (pa.array([b"\0\1\2\3"], pa.binary(4)), "00010203"),
        (pa.array([b"\xff\1\2\3"], pa.binary(4)), "ff010203"),
        (pa.array([b"a\0b"], pa.binary()), "610062"),
        (pa.array([0.1], pa.float32()), "0.1"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), '{"a":1}'),
    ],
    ids=str,
)
def test_no_value_of_another_column_decides_about_a_row(
    tmp_path: Path, column: Any, shown: str
) -> None:
    seeds = read(tmp_path, pa.table({"text": ["a"], "other": column}))
    assert [seed.context for seed in seeds.seeds] == [{"other": shown}]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_a_message_may_be_utf_8_in_a_column_of_bytes(tmp_path: Path, kind: Any) -> None:
    texts = pa.array(["Où?".encode(), b"\xff", None], pa.binary()).cast(kind)
    seeds = read(tmp_path, pa.table({"text": texts}))
    assert [seed.message for seed in seeds.seeds] == ["Où?"]
    assert [row.line for row in seeds.rejected] == [2, 3]


def test_what_pandas_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "seeds.parquet"
    frame = pd.DataFrame({"seed_id": ["x"], "text": ["Hi"], "kind": pd.Categorical(["faq"])})
    frame.to_parquet(path)
    seed = read_seeds(str(path)).seeds[0]
    assert (seed.seed_id, seed.message, seed.context) == ("x", "Hi", {"kind": "faq"})


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        (
            pa.table({"message": [1]}),
            None,
            "column 'message' holds int64; the message must be text",
        ),
        (pa.table({"id": [1], "t": ["a"]}), "id", "column 'id' holds int64"),
        (pa.table({"id": ["1"]}), None, r"none of its columns \('id'\) is known"),
        (pa.table({"id": ["1"]}), "text", "has no column 'text'; its columns are 'id'"),
        (pa.table([["a"], ["b"]], ["text", "text"]), None, "2 columns are named 'text'"),
        (pa.table({"text": pa.array([], pa.string())}), None, "holds no rows"),
    ],
)
def test_a_file_without_a_message_is_refused(
    tmp_path: Path, table: Any, column: str | None, expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        read(tmp_path, table, column)


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seeds.parquet"
    pq.write_table(pa.table({"text": ["Hello"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="is no Parquet file, or a broken one"):
        read_seeds(str(path))
