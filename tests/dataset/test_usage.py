"""What a version says that its calls used, and versions from before that was recorded."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from duologue import load
from duologue.conversation.usage import Usage, total
from duologue.versions.comparing import outcomes_in
from duologue.versions.history import past_versions
from duologue.versions.places import DatasetFolder, read_version
from duologue.versions.writing import write_version
from tests.dataset.before_usage import write_version_as_before_usage
from tests.dataset.making import USAGE, VERSION, checked, contents, everything_that_can_happen

LATER = "20261125T053516000Z-1a2b3c4d"


def test_a_sum_is_of_what_is_known() -> None:
    some = Usage(input_tokens=1, models=("b",))
    more = Usage(output_tokens=3, cost_usd=0.5, models=("a", "b"))
    assert total([some, None, more, more]) == Usage(1, 6, 1.0, ("a", "b"))


@pytest.mark.parametrize("usages", [[], [None], [Usage(), None]])
def test_a_sum_of_nothing_that_is_known_is_none(usages: list[Usage | None]) -> None:
    assert total(usages) is None


def test_nothing_is_not_the_same_as_not_known() -> None:
    assert total([Usage(cost_usd=0.0), None]) == Usage(cost_usd=0.0)


def test_readers_sum_up_what_their_conversations_cost(tmp_path: Path) -> None:
    dearer = Usage(1, 2, 1.5, ("gpt-4o",))
    made = [None, USAGE, dearer]
    talks = (checked("Hi", "Ho", seed_id=f"s{n}", usage=usage) for n, usage in enumerate(made))
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, contents(*talks))
    path = str(tmp_path / "shop" / VERSION / "conversations.parquet")

    frame = pd.read_parquet(path)
    assert frame["cost_usd"].sum() == 1.75
    assert frame["cost_usd"].isna().tolist() == [True, False, False]
    messages = duckdb.read_parquet(path).select("unnest(messages) AS message")
    assert messages.aggregate("sum(message.cost_usd)").fetchall() == [(1.75,)]
    of_model = duckdb.read_parquet(path).filter("list_contains(models, 'gpt-4o-mini')")
    assert of_model.select("seed_id").fetchall() == [("s1",)]
    table = load(VERSION, str(tmp_path)).conversations.arrow.to_table(columns=["input_tokens"])
    assert table.to_pydict() == {"input_tokens": [None, 120, 1]}


@pytest.mark.parametrize("file", ["README.md", "report.html"])
def test_card_and_report_show_what_was_used_where_that_is_known(tmp_path: Path, file: str) -> None:
    piped = Usage(cost_usd=0.25, input_tokens=1200, models=("a|b",))
    write_version(
        DatasetFolder(str(tmp_path), "shop"), VERSION, contents(checked("Hi", "Ho", usage=piped))
    )
    write_version(DatasetFolder(str(tmp_path), "shop"), LATER, contents(checked("Hi", "Ho")))
    told, silent = (
        (DatasetFolder(str(tmp_path), "shop").revision_folder(v) / file).read_text()
        for v in (VERSION, LATER)
    )
    pipe = "\\|" if file == "README.md" else "|"
    assert f"0.2500 USD; 1,200 input tokens; a{pipe}b" in told
    assert "its calls used" in told
    assert "its calls used" not in silent


def test_a_version_from_before_is_loaded_listed_and_compared_with(tmp_path: Path) -> None:
    output = str(tmp_path)
    write_version(DatasetFolder(output, "shop"), VERSION, everything_that_can_happen())
    folder = DatasetFolder(output, "shop").revision_folder(VERSION)
    write_version_as_before_usage(Path(folder.path))

    older = load(VERSION, output)
    assert "cost_usd" not in older.conversations.arrow.schema.names
    assert len(older.conversations) == 2
    assert [item.manifest.usage for item in past_versions(DatasetFolder(output, "shop"))] == [None]
    assert len(outcomes_in(read_version(folder)).digests) == 4

    newer = write_version(
        DatasetFolder(output, "shop"), LATER, everything_that_can_happen()
    ).manifest
    assert newer.changes is not None
    assert newer.changes.before_version == VERSION
    assert (newer.changes.settings, newer.changes.changed) == ((), ())
