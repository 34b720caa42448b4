"""The observer of `make soak` is not blind: each thing that it is to see, it sees."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, everything_that_can_happen
from tests.soak.observer import Observer

NEWER = "20261125T053516000Z-1a2b3c4d"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Two versions, of which the newer one is the latest."""
    for version in (VERSION, NEWER):
        made = everything_that_can_happen()
        publish_latest(write_version(DatasetFolder(str(tmp_path), "shop"), version, made))
    return tmp_path


def change_manifest(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text())
    change(manifest)
    file.write_text(json.dumps(manifest))


def add_a_seed(folder: Path) -> None:
    change_manifest(folder, lambda manifest: _counts(manifest).update(seeds=99))


def take_negative_time(folder: Path) -> None:
    change_manifest(folder, lambda manifest: manifest.update(seconds=-1.0))


def hold_back(folder: Path) -> None:
    change_manifest(folder, lambda manifest: manifest.update(held_back=["too bad"]))


def change_a_file(folder: Path) -> None:
    (folder / "conversations.csv").write_text("another")


def lose_a_file(folder: Path) -> None:
    (folder / "report.html").unlink()


def lose_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def lose_a_seed(folder: Path) -> None:
    """Of one that is there twice then, with all that the manifest says of the file made to fit."""
    table = pq.read_table(folder / "conversations.parquet")
    twice = pa.concat_tables([table.slice(0, 1)] * table.num_rows)
    pq.write_table(twice, folder / "conversations.parquet")
    change_manifest(folder, lambda manifest: manifest.update(files=[]))


def _counts(manifest: dict[str, object]) -> dict[str, int]:
    counts = manifest["counts"]
    assert isinstance(counts, dict)
    return counts


def test_what_is_complete_is_no_reason_to_complain(output: Path) -> None:
    observer = Observer(output)
    for _ in range(3):
        observer.look()
    assert observer.complaints == []
    assert (observer.looks, observer.versions) == (3, 2)
    assert observer.seen == {VERSION, NEWER}
    assert observer.published == {NEWER}


@pytest.mark.parametrize(
    "spoil",
    [
        add_a_seed,
        take_negative_time,
        hold_back,
        change_a_file,
        lose_a_file,
        lose_the_manifest,
        lose_a_seed,
    ],
)
@pytest.mark.parametrize("seen_before", [False, True])
def test_what_is_wrong_with_the_latest_version_is_seen(
    output: Path, spoil: Callable[[Path], None], seen_before: bool
) -> None:
    observer = Observer(output)
    if seen_before:
        observer.look()
    spoil(output / "shop" / NEWER)
    observer.look()
    assert observer.complaints


def test_a_latest_that_becomes_an_older_one_is_seen(output: Path) -> None:
    observer = Observer(output)
    observer.look()
    latest = output / "shop" / "latest.json"
    latest.write_text(latest.read_text().replace(NEWER, VERSION))
    observer.look()
    assert "latest, and older than it" in observer.complaints[0]


def test_a_version_that_was_removed_is_no_reason_to_complain(output: Path) -> None:
    observer = Observer(output)
    observer.look()
    shutil.rmtree(output / "shop" / VERSION)
    observer.look()
    assert observer.complaints == []
