import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from duologue.seeds import SeedFile, read_seeds


def read(folder: Path, *rows: Mapping[str, object]) -> SeedFile:
    path = folder / "seeds.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return read_seeds(str(path))


def ids(seeds: SeedFile) -> list[str]:
    return [seed.seed_id for seed in seeds.seeds]


def test_an_automatic_id_is_a_digest_of_the_content(tmp_path: Path) -> None:
    assert ids(read(tmp_path, {"message": "What is your refund policy?"})) == ["seed-2dfddfaef694"]


def test_the_order_of_the_columns_does_not_matter(tmp_path: Path) -> None:
    one = read(tmp_path, {"message": "a", "x": "1", "y": "2"})
    other = read(tmp_path, {"y": "2", "message": "a", "x": "1"})
    assert ids(one) == ids(other)


@pytest.mark.parametrize("other", [{"message": "b"}, {"message": "a", "x": ""}, {"message": "a "}])
def test_other_content_has_another_id(tmp_path: Path, other: dict[str, object]) -> None:
    one, two = ids(read(tmp_path, {"message": "a"}, other))
    assert one != two
    assert not two.endswith("-2")


def test_repeated_rows_are_kept_and_numbered(tmp_path: Path) -> None:
    first, second, other, third = ids(read(tmp_path, *({"message": m} for m in "aaba")))
    assert [second, third] == [f"{first}-2", f"{first}-3"]
    assert other != first


def test_explicit_ids_are_kept(tmp_path: Path) -> None:
    seeds = read(
        tmp_path,
        {"seed_id": " x ", "text": "a"},
        {"Seed ID": 7, "text": "a"},
        {"seed_id": None, "text": "What is your refund policy?"},
    )
    assert ids(seeds) == [" x ", "7", "seed-2dfddfaef694"]
    assert all(seed.context == {} for seed in seeds.seeds)


def test_a_repeated_explicit_id_of_the_same_content_is_another_sample(tmp_path: Path) -> None:
    x = {"seed_id": "x", "text": "a"}
    assert ids(read(tmp_path, x, x, {"seed_id": "x-2", "text": "b"}, x)) == [
        "x", "x-3", "x-2", "x-4",
    ]  # fmt: skip


def test_a_repeated_explicit_id_of_other_content_is_rejected(tmp_path: Path) -> None:
    seeds = read(
        tmp_path,
        {"seed_id": "x", "text": "a", "lang": "en"},
        {"seed_id": "x", "text": "b", "lang": "en"},
        {"seed_id": "x", "text": "a", "lang": "de"},
        {"lang": "en", "seed_id": "x", "text": "a"},
    )
    assert ids(seeds) == ["x", "x-2"]
    assert [(row.line, row.reason) for row in seeds.rejected] == [
        (
            line,
            "seed_id 'x' already stands on line 1 with another message or context; "
            "give each seed its own",
        )
        for line in (2, 3)
    ]


def test_rejected_rows_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    one, other = {"seed_id": "x", "text": "a"}, {"seed_id": "x", "text": "b"}
    seeds = read(tmp_path, one, {"text": ""}, other, {"text": ""}, other)
    assert [row.line for row in seeds.rejected] == [2, 3, 4, 5]


def test_a_rejected_row_claims_no_id(tmp_path: Path) -> None:
    seeds = read(tmp_path, {"seed_id": "x", "text": ""}, {"seed_id": "x", "text": "a"})
    assert ids(seeds) == ["x"]


def test_an_explicit_id_that_looks_automatic_is_never_given_twice(tmp_path: Path) -> None:
    policy = {"message": "What is your refund policy?"}
    explicit = {"message": "b", "seed_id": "seed-2dfddfaef694"}
    for rows in ([policy, explicit, explicit], [explicit, explicit, policy]):
        seeds = read(tmp_path, *rows)
        assert {seed.seed_id: seed.message for seed in seeds.seeds} == {
            "seed-2dfddfaef694": "b",
            "seed-2dfddfaef694-2": "b",
            "seed-2dfddfaef694-3": policy["message"],
        }


@pytest.mark.parametrize(
    ("seed_id", "reason"),
    [
        ("", "seed_id is empty"),
        (" \u200b", "seed_id is empty"),
        ("x" * 201, "seed_id is 201 characters long; at most 200"),
        ("a\nb", "control character"),
        ("a\0b", "control character"),
        ("a\u2028b", "control character"),
        ("a\ud800", "control character"),
    ],
)
def test_an_explicit_id_of_no_use_is_rejected(tmp_path: Path, seed_id: str, reason: str) -> None:
    seeds = read(tmp_path, {"seed_id": seed_id, "text": "a"}, {"seed_id": "x", "text": "a"})
    assert ids(seeds) == ["x"]
    assert reason in seeds.rejected[0].reason


def test_a_repeated_id_of_full_length_stays_within_it(tmp_path: Path) -> None:
    row = {"seed_id": "x" * 200, "text": "a"}
    assert ids(read(tmp_path, row, row)) == ["x" * 200, "x" * 198 + "-2"]


def test_many_repeated_rows_have_distinct_ids(tmp_path: Path) -> None:
    assert len(set(ids(read(tmp_path, *([{"text": "a"}] * 20_000))))) == 20_000
