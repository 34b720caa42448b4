"""What holds for every seed file there can be."""

import csv
import io
import json
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import DuologueError
from duologue.seeds import SeedFile, read_seeds

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VISIBLE = st.builds(lambda before, after: f"{before}x{after}", TEXT, TEXT)
ID = st.none() | st.text("ab-2", min_size=1, max_size=3)
ROW = st.fixed_dictionaries(
    {"message": st.sampled_from(["a", "b"])}, optional={"lang": st.sampled_from(["en", "de"])}
)


def read(data: bytes, suffix: str = ".csv", has_header: bool | None = None) -> SeedFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"seeds{suffix}"
        path.write_bytes(data)
        return read_seeds(str(path), has_header=has_header)


def as_csv(rows: list[list[str]], ending: str) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator=ending).writerows(rows)
    return file.getvalue().encode()


def as_jsonl(rows: list[dict[str, str]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


@given(st.lists(VISIBLE, min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_messages_without_a_header_read_back_exactly(texts: list[str], ending: str) -> None:
    seeds = read(as_csv([[text] for text in texts], ending), has_header=False)
    assert [seed.message for seed in seeds.seeds] == texts
    assert not seeds.rejected


@given(st.lists(st.tuples(VISIBLE, TEXT), min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_rows_with_a_header_read_back_exactly(rows: list[tuple[str, str]], ending: str) -> None:
    seeds = read(as_csv([["message", "note"], *map(list, rows)], ending))
    assert [(seed.message, seed.context["note"]) for seed in seeds.seeds] == rows


@given(st.lists(VISIBLE, min_size=1))
def test_jsonl_and_parquet_read_back_exactly(texts: list[str]) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"message": texts}), file)
    for data, suffix in (
        (as_jsonl([{"message": text} for text in texts]), ".jsonl"),
        (file.getvalue(), ".parquet"),
    ):
        assert [seed.message for seed in read(data, suffix).seeds] == texts


@given(st.lists(TEXT, min_size=1))
def test_every_row_is_a_seed_or_rejected(texts: list[str]) -> None:
    seeds = read(as_csv([["message"], *([text] for text in texts)], "\n"))
    assert seeds.rows_read == len(seeds.seeds) + len(seeds.rejected) == len(texts)


@given(st.lists(st.tuples(ID, ROW), min_size=1))
def test_ids_are_distinct(rows: list[tuple[str | None, dict[str, str]]]) -> None:
    seeds = read(as_jsonl([row | ({"seed_id": i} if i else {}) for i, row in rows]), ".jsonl")
    assert len({seed.seed_id for seed in seeds.seeds}) == len(seeds.seeds)
    assert seeds.rows_read == len(rows)


def ids_by_content(rows: list[dict[str, str]]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for seed in read(as_jsonl(rows), ".jsonl").seeds:
        found[f"{seed.message} {sorted(seed.context.items())}"].add(seed.seed_id)
    return found


@given(st.lists(ROW, min_size=1), st.dictionaries(st.text("ab-2", min_size=1), ROW), st.data())
def test_ids_stay_when_the_file_is_reordered(
    automatic: list[dict[str, str]], explicit: dict[str, dict[str, str]], data: st.DataObject
) -> None:
    named = [row | {"seed_id": seed_id} for seed_id, row in explicit.items()]
    repeated = data.draw(st.lists(st.sampled_from(named))) if named else []
    rows = automatic + named + repeated
    assert ids_by_content(rows) == ids_by_content(data.draw(st.permutations(rows)))


def valid_parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"message": ["Hello", "Bye"], "n": [1, None]}), file)
    return file.getvalue()


def with_bytes_replaced(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    broken = bytearray(data)
    for place, byte in changes:
        broken[place % len(broken)] = byte
    return bytes(broken)


SUFFIXES = [
    ".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx",
    ".csv.gz", ".jsonl.bz2", ".csv.xz", ".csv.zst",
]  # fmt: skip
CSV_LIKE = st.text('",;\t\n\r\0 ax_').map(str.encode)
JSON_LIKE = st.text('{}[]",:\\ud80\n\0 a1eN').map(str.encode)
BROKEN_PARQUET = st.builds(
    with_bytes_replaced,
    st.just(valid_parquet()),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3),
)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.binary() | CSV_LIKE | JSON_LIKE | BROKEN_PARQUET)
def test_any_bytes_are_read_or_refused_with_a_message(suffix: str, data: bytes) -> None:
    with suppress(DuologueError):
        assert read(data, suffix).rows_read > 0


WORDS = st.sampled_from(["Where", "is", "my", "order,", "it;", "a|b", '"gold"', "né", "注文", "5%"])
SAID = st.lists(WORDS, min_size=1, max_size=9).map(" ".join).map("{}?".format)


NAMES = st.sampled_from(["lang", "plan", "Tarif", "note"])


@st.composite
def spreadsheets(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    """A table as programs save it: delimiter, encoding, line ends, padding; and its messages."""
    delimiter = draw(st.sampled_from(",;\t|"))
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
    padding = draw(st.integers(0, 3))
    name = draw(st.sampled_from(["message", "Question", "user_message", "PROMPT", "First Message"]))
    others = draw(st.lists(NAMES, unique=True, min_size=1))
    place = draw(st.integers(0, len(others)))
    said = draw(st.lists(SAID, min_size=1, max_size=6))
    rows = [[*others[:place], name, *others[place:]]]
    for text in said:
        cells = [draw(st.sampled_from(["a", "", "1.10", "x y"])) for _ in others]
        rows.append([*cells[:place], text, *cells[place:]])
    blank = [[""] * len(rows[0])] * draw(st.integers(0, 2))
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=ending)
    writer.writerows([*row, *[""] * padding] for row in (*rows, *blank))
    start = f"sep={delimiter}{ending}" if draw(st.booleans()) else ""
    return (start + file.getvalue()).encode(encoding), said


@given(table=spreadsheets())
def test_every_way_to_save_a_table_reads_the_same_messages(table: tuple[bytes, list[str]]) -> None:
    data, said = table
    seeds = read(data)
    assert [seed.message for seed in seeds.seeds] == said
    assert not seeds.rejected


@given(said=st.lists(SAID, min_size=1, max_size=6), delimiter=st.sampled_from(",;\t|"))
def test_a_foreign_header_is_never_a_message(said: list[str], delimiter: str) -> None:
    file = io.StringIO(newline="")
    rows = [["id", "Frage", "Erwartete Antwort"], *([str(i), t, "ja"] for i, t in enumerate(said))]
    csv.writer(file, delimiter=delimiter).writerows(rows)
    with pytest.raises(DuologueError, match="--message-column"):
        read(file.getvalue().encode())


@given(rows=st.lists(st.tuples(SAID, st.none() | st.booleans() | st.integers() | SAID), min_size=1))
def test_formats_agree_on_messages(rows: list[tuple[str, object]]) -> None:
    objects = [{"message": text, "other": other} for text, other in rows]
    lines = "\n".join(map(json.dumps, objects)).encode()
    array = json.dumps(objects, indent=1).encode()
    table = pa.table({"message": [text for text, _ in rows], "n": range(len(rows))})
    file = io.BytesIO()
    pq.write_table(table, file)
    for data, suffix in ((lines, ".jsonl"), (array, ".json"), (file.getvalue(), ".parquet")):
        assert [seed.message for seed in read(data, suffix).seeds] == [text for text, _ in rows]
