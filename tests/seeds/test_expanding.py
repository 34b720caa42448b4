"""Seeds times personas: which combinations, under which ids, and what is refused."""

import csv
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.errors import UsageError
from duologue.seeds import Seed, SeedFile, read_seeds
from duologue.seeds.expanding import Grid, balanced_cell, expanded
from duologue.seeds.variants import Variant, Variants, read_variants
from duologue.seeds.writing import write_seeds


def seeds(count: int) -> SeedFile:
    made = tuple(Seed(seed_id=f"s{number}", message=f"Message {number}") for number in range(count))
    return SeedFile("seeds.csv", "", "", made, ())


def variants(title: str, count: int) -> Variants:
    made = (Variant(f"{title}{number}", {title: f"{number}"}) for number in range(count))
    return Variants(title, f"{title}.csv", tuple(made))


shapes = st.lists(st.integers(1, 7), min_size=1, max_size=3)


@given(shapes, st.data())
def test_every_value_of_every_side_is_used_equally_often(
    shape: list[int], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, math.prod(shape)))
    cells = [balanced_cell(number, shape) for number in range(count)]
    assert len(set(cells)) == count
    for side, size in enumerate(shape):
        used = Counter(cell[side] for cell in cells)
        assert set(used) <= set(range(size))
        assert max(used.values()) - min(used.get(value, 0) for value in range(size)) <= 1


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), st.data())
def test_a_variant_more_changes_no_other_id(
    rows: int, personas: int, styles: int, data: st.DataObject
) -> None:
    grid = Grid(seeds(rows), (variants("persona", personas), variants("style", styles)))
    more = Grid(seeds(rows + 1), (variants("persona", personas + 1), variants("style", styles + 1)))
    whole = {seed.seed_id: seed for seed in expanded(grid)}
    assert len(whole) == grid.size
    larger = {seed.seed_id: seed for seed in expanded(more)}
    assert {seed_id: larger[seed_id] for seed_id in whole} == whole
    count = data.draw(st.integers(1, grid.size))
    sample = expanded(grid, count)
    assert sample == expanded(grid, count)
    assert [seed for seed in whole.values() if seed in sample] == sample


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_what_is_written_is_read_back_as_the_same_seeds(tmp_path: Path, name: str) -> None:
    source = tmp_path / "seeds.csv"
    source.write_text('message,plan\n"Hi, ""you""\nthere",007\n"  -x",\n', encoding="utf-8")
    grid = Grid(read_seeds(str(source)), (variants("persona", 3),))
    made = expanded(grid)
    write_seeds(made, str(tmp_path / name))
    assert list(read_seeds(str(tmp_path / name)).seeds) == made


def test_the_persona_continues_that_of_the_seed(tmp_path: Path) -> None:
    seed = Seed(seed_id="s", message="Hi", context={"Persona": "A teacher.", "goal": "x"})
    (tmp_path / "styles.toml").write_text('[long]\nmax_turns = 9\npersona = "Writes a lot."\n')
    file = SeedFile("seeds.csv", "", "", (seed,), ())
    (made,) = expanded(Grid(file, (read_variants(str(tmp_path / "styles.toml")),)))
    assert made.seed_id == "s+long"
    assert made.scenario.persona == "A teacher. Writes a lot."
    assert made.scenario.max_turns == 9
    assert made.context["persona_name"] == "long"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,persona\na,x\nb,y\na,z\n", ":4: the name 'a' already stands on line 2; give each"),
        ("name,persona\n ,x\n", ":2: has no name; give each variant one"),
        ("name,persona\na+b,x\n", ":2: the name 'a+b' has a '+'"),
        ('name,persona\n"a\nb",x\n', ":2: the name 'a\\nb' has a line end or another"),
        ("name,persona,effect\na,,curt\n", ":2: 'a' says nothing; expected a column such as"),
        ("name,facts\na,x\n", ":2: facts is not JSON"),
        ("who,persona\na,x\n", ": has no column 'name'; its columns are 'who', 'persona'"),
        ("name,persona\n", ": holds no variants; expected one a row"),
        ('name,persona\n"a,x\n', ":2: a quote is opened and never closed"),
    ],
)
def test_a_bad_file_of_personas_is_refused_as_a_whole(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "own_personas.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_variants(str(file))
    assert str(error.value).startswith(f"{file}{reason}")


@pytest.mark.parametrize("value", ["5", "true", "['x', 'y']", "2026-12-01"])
def test_a_persona_in_toml_is_a_text_or_a_table(tmp_path: Path, value: str) -> None:
    (tmp_path / "styles.toml").write_text(f"good = 'Writes a lot.'\na = {value}\n")
    with pytest.raises(UsageError, match=r"styles\.toml: 'a' is .*; expected a persona in quotes"):
        read_variants(str(tmp_path / "styles.toml"))


def test_grids_that_cannot_be_meant_are_refused_in_one_sentence() -> None:
    large = Grid(seeds(1000), (variants("persona", 100), variants("style", 10)))
    with pytest.raises(UsageError, match=r"^1,000 seeds x 100 persona x 10 style make 1,000,000"):
        expanded(large)
    assert len(expanded(large, 10)) == 10
    small = Grid(seeds(2), (variants("persona", 2),))
    with pytest.raises(UsageError, match=r"--count is 5, but 2 seeds x 2 persona make only 4"):
        expanded(small, 5)
    with pytest.raises(UsageError, match=r"holds no usable seed"):
        expanded(Grid(seeds(0), (variants("persona", 2),)))
    twice = Grid(seeds(1), (variants("style", 1), variants("style", 1)))
    with pytest.raises(UsageError, match=r"--with names style\.csv twice"):
        expanded(twice)
    own = SeedFile("s.csv", "", "", (Seed(seed_id="a", message="b", context={"style": "x"}),), ())
    with pytest.raises(UsageError, match=r"style\.csv: s\.csv has a column 'style' as well"):
        expanded(Grid(own, (variants("style", 1),)))
    with pytest.raises(UsageError, match=r"at most 200 are allowed"):
        expanded(Grid(seeds(1), (Variants("p", "p.csv", (Variant("x" * 200, {"p": "1"}),)),)))


def test_no_file_is_replaced_or_half_written(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("mine")
    with pytest.raises(UsageError, match="is already there"):
        write_seeds(seeds(1).seeds, str(file))
    with pytest.raises(UsageError, match=r"expected a name that ends in \.csv or \.jsonl"):
        write_seeds(seeds(1).seeds, str(tmp_path / "out.txt"))
    clash = Seed(seed_id="a", message="b", context={"Message": "c"})
    with pytest.raises(UsageError, match="have a column 'Message'"):
        write_seeds([clash], str(tmp_path / "clash.csv"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv"]
    assert file.read_text() == "mine"
    write_seeds(seeds(2).seeds, str(file), replace=True)
    write_seeds(seeds(2).seeds, str(tmp_path / "new" / "folder" / "out.csv"))
    assert len(file.read_text().splitlines()) == 3


def test_the_bundled_personas_are_found_by_name_and_say_their_sources() -> None:
    bundled = read_variants("personas.csv")
    assert len(bundled.variants) == 24
    assert all(set(variant.columns) == {"persona"} for variant in bundled.variants)
    with open(bundled.file, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [variant.name for variant in bundled.variants]
    assert all(row["effect"] and row["source"] for row in rows)
    assert len({row["persona"] for row in rows}) == 24
