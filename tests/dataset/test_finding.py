"""How a dataset, and a version of one, is found by what a person calls it."""

import subprocess
import sys
from pathlib import Path

import pytest
from upath import UPath

from duologue.dataset.manifest import Manifest
from duologue.errors import UsageError
from duologue.versions.finding import find_conversations, find_dataset, find_version
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import remove_revision, write_version
from tests.dataset.making import VERSION, everything_that_can_happen

NEXT = "20261125T053516000Z-5e6f7a8b"
UNFINISHED = "20261126T053516000Z-00000000"


def write(output: str, version: str = VERSION, name: str = "shop") -> Manifest:
    return write_version(
        DatasetFolder(output, name), version, everything_that_can_happen()
    ).manifest


def test_a_version_is_found_by_everything_that_names_it(output: str) -> None:
    publish_latest(DatasetFolder(output, "shop").version(write(output)))
    folder = DatasetFolder(output, "shop").revision_folder(VERSION)
    for name in ("latest", VERSION, str(folder), str(folder.parent)):
        assert find_version(name, output).folder == folder
        assert find_version(name, output, "shop").folder == folder
        assert find_conversations(name, output) == folder / "conversations.parquet"


def test_a_parquet_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = str(tmp_path / "copy.parquet")
    assert find_conversations(path, "out") == UPath(path)


OVERTAKEN = """
import sys
from duologue.versions.finding import find_version
from duologue.versions.latest import name_latest
from duologue.dataset.manifest import read_manifest
from duologue.versions.places import DatasetFolder

output, newest = sys.argv[1:]
shop = DatasetFolder(output, "shop")
version = shop.version(read_manifest(shop.revision_folder(newest) / "manifest.json"))
read = 0

def publish(event, arguments):
    global read
    if event == "open" and str(arguments[0]).endswith("/latest.json"):
        read += 1
        if read == 2:
            name_latest(version)

sys.addaudithook(publish)
print(find_version("latest", output).folder.name)
"""


@pytest.mark.processes
def test_a_reader_whose_version_is_removed_since_it_read_latest_gets_the_next_one(
    tmp_path: Path,
) -> None:
    """The reader finds the version gone; before it looks again, the other run has published."""
    output = str(tmp_path)
    publish_latest(DatasetFolder(output, "shop").version(write(output)))
    write(output, NEXT)
    remove_revision(DatasetFolder(output, "shop").revision_folder(VERSION))
    reader = [sys.executable, "-c", OVERTAKEN, output, NEXT]
    done = subprocess.run(reader, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == (NEXT, 0), done.stderr


def test_latest_needs_a_name_where_there_are_several_datasets(output: str) -> None:
    for name in ("shop", "bank"):
        publish_latest(DatasetFolder(output, name).version(write(output, name=name)))
    with pytest.raises(UsageError, match=r"several datasets \(bank, shop\)"):
        find_version("latest", output)
    assert find_version("latest", output, "bank").folder == DatasetFolder(
        output, "bank"
    ).revision_folder(VERSION)


def test_a_version_without_a_manifest_does_not_exist(output: str) -> None:
    publish_latest(DatasetFolder(output, "shop").version(write(output)))
    folder = DatasetFolder(output, "shop").revision_folder(UNFINISHED)
    folder.mkdir()
    (folder / "conversations.parquet").write_bytes(b"PAR1")
    for name in (UNFINISHED, str(folder)):
        with pytest.raises(UsageError, match=r"is not a version, because it has no manifest\.json"):
            find_version(name, output)
    assert find_version("latest", output).folder == DatasetFolder(output, "shop").revision_folder(
        VERSION
    )


def test_what_is_not_there_is_reported_with_what_was_expected(output: str) -> None:
    with pytest.raises(UsageError, match="nothing is published"):
        find_version("latest", output)
    with pytest.raises(UsageError, match=f"version {VERSION}: not found"):
        find_version(VERSION, output)
    with pytest.raises(UsageError, match="expected the folder of a version"):
        find_version("no/such/folder", output)
    with pytest.raises(UsageError, match="dataset name"):
        find_version("latest", output, "../shop")


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b"])
def test_a_path_that_cannot_be_looked_at_is_reported(path: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be read|expected the folder"):
        find_version(path, "out")


def test_a_latest_that_names_no_version_is_reported(output: str) -> None:
    write(output)
    place = DatasetFolder(output, "shop").folder / "latest.json"
    place.write_bytes(b"{}")
    with pytest.raises(UsageError, match="does not say which version is the latest"):
        find_version("latest", output)


def test_a_version_is_found_by_its_newest_revision(output: str) -> None:
    for _ in range(2):
        publish_latest(DatasetFolder(output, "shop").version(write(output)))
    newest = DatasetFolder(output, "shop").revision_folder(VERSION, revision=2)
    assert newest.name == f"{VERSION}-r2"
    assert find_version(VERSION, output).folder == newest
    assert find_version("latest", output).folder == newest
    assert find_version(f"{output}/shop", output).folder == newest


@pytest.mark.parametrize("other", [".cache", "my shop", "CON"])
def test_folders_that_are_no_datasets_do_not_get_in_the_way(output: str, other: str) -> None:
    publish_latest(DatasetFolder(output, "shop").version(write(output)))
    place = UPath(output) / other / VERSION / "manifest.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"{}")
    (UPath(output) / other / "latest.json").write_bytes(b"{}")
    assert find_version("latest", output).folder == DatasetFolder(output, "shop").revision_folder(
        VERSION
    )
    assert find_version(VERSION, output).folder == DatasetFolder(output, "shop").revision_folder(
        VERSION
    )
    assert find_dataset(output).name == find_dataset(output, version=VERSION).name == "shop"


def test_the_only_dataset_needs_no_name(output: str) -> None:
    write(output)
    assert find_dataset(output).name == "shop"


def test_of_several_datasets_the_one_that_has_the_version_is_meant(output: str) -> None:
    write(output, VERSION, "shop")
    write(output, NEXT, "bank")
    assert find_dataset(output, version=VERSION).name == "shop"
    assert find_dataset(output, version=NEXT).name == "bank"
    assert find_dataset(output, "shop", NEXT).name == "shop"  # a name is taken at its word
    with pytest.raises(UsageError, match=r"^dataset: .* holds several datasets \(bank, shop\)"):
        find_dataset(output)
    write(output, VERSION, "bank")
    with pytest.raises(UsageError, match=rf"^version {VERSION}: .*\(bank, shop\); .* --name"):
        find_dataset(output, version=VERSION)


def test_a_version_that_two_datasets_have_needs_a_name(output: str) -> None:
    for name in ("shop", "copy-of-shop"):
        write(output, name=name)
    with pytest.raises(UsageError, match=r"several datasets \(copy-of-shop, shop\); .* --name"):
        find_version(VERSION, output)
    assert find_version(VERSION, output, "shop").folder == DatasetFolder(
        output, "shop"
    ).revision_folder(VERSION)


def test_a_dataset_that_is_not_there_is_reported_with_where_it_was_looked_for(output: str) -> None:
    with pytest.raises(UsageError, match=r"^dataset: not found in .*; .* --output"):
        find_dataset(output)
    write(output)
    with pytest.raises(UsageError, match=rf"^version {NEXT}: not found in .*; .* --output"):
        find_dataset(output, version=NEXT)
    with pytest.raises(UsageError, match="dataset name"):
        find_dataset(output, "../shop")


def test_a_file_where_the_datasets_should_be_holds_none(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="dataset: not found"):
        find_dataset(str(tmp_path / "out"))
