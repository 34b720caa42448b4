"""How a version is published, and found again."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from upath import UPath

from duologue.dataset.finding import find_conversations, find_version
from duologue.dataset.latest import publish_latest
from duologue.dataset.manifest import Manifest
from duologue.dataset.versions import dataset_folder, version_folder
from duologue.dataset.writing import write_version
from duologue.errors import ExportError, UsageError
from tests.dataset.making import VERSION, everything_that_can_happen

NEXT = "20261125T053516Z-5e6f7a8b"
UNFINISHED = "20261126T053516Z-00000000"


def write(output: str, version: str = VERSION, name: str = "shop") -> Manifest:
    return write_version(output, name, version, everything_that_can_happen())


def latest_of(output: str, name: str = "shop") -> dict[str, object]:
    content: dict[str, object] = json.loads(
        (dataset_folder(output, name) / "latest.json").read_bytes()
    )
    return content


def test_latest_names_the_version_that_was_published_last(output: str) -> None:
    publish_latest(output, "shop", write(output))
    published = publish_latest(output, "shop", write(output, NEXT))
    assert latest_of(output) == json.loads(published.model_dump_json())
    assert latest_of(output)["version"] == NEXT
    assert latest_of(output)["path"] == NEXT
    assert latest_of(output)["revision"] == 1


def test_a_version_that_is_only_written_is_not_published(output: str) -> None:
    publish_latest(output, "shop", write(output))
    write(output, NEXT)
    assert latest_of(output)["version"] == VERSION


def test_latest_that_cannot_be_replaced_stays_and_is_told(tmp_path: Path) -> None:
    manifest = write(str(tmp_path))
    (tmp_path / "shop" / "latest.json").mkdir()
    with pytest.raises(ExportError, match="still names the version before"):
        publish_latest(str(tmp_path), "shop", manifest)
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == [VERSION, "latest.json"]


def test_two_writers_never_show_half_a_latest(tmp_path: Path) -> None:
    output = str(tmp_path)
    manifests = [write(output), write(output, NEXT)]
    publish_latest(output, "shop", manifests[0])

    def publish_often(manifest: Manifest) -> None:
        for _ in range(150):
            publish_latest(output, "shop", manifest)

    seen = set()
    with ThreadPoolExecutor(2) as writers:
        running = [writers.submit(publish_often, manifest) for manifest in manifests]
        while not all(writer.done() for writer in running):
            seen.add(latest_of(output)["version"])
        for writer in running:
            writer.result()
    assert seen <= {VERSION, NEXT}
    assert latest_of(output)["version"] in {VERSION, NEXT}
    assert not list((tmp_path / "shop").glob(".*"))


def test_a_version_is_found_by_everything_that_names_it(output: str) -> None:
    publish_latest(output, "shop", write(output))
    folder = version_folder(output, "shop", VERSION)
    for spelling in ("latest", VERSION, str(folder), str(folder.parent)):
        assert find_version(spelling, output) == folder
        assert find_version(spelling, output, "shop") == folder
        assert find_conversations(spelling, output) == folder / "conversations.parquet"


def test_a_parquet_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = str(tmp_path / "copy.parquet")
    assert find_conversations(path, "out") == UPath(path)


def test_latest_needs_a_name_where_there_are_several_datasets(output: str) -> None:
    for name in ("shop", "bank"):
        publish_latest(output, name, write(output, name=name))
    with pytest.raises(UsageError, match=r"several datasets \(bank, shop\)"):
        find_version("latest", output)
    assert find_version("latest", output, "bank") == version_folder(output, "bank", VERSION)


def test_a_version_without_a_manifest_does_not_exist(output: str) -> None:
    publish_latest(output, "shop", write(output))
    folder = version_folder(output, "shop", UNFINISHED)
    folder.mkdir()
    (folder / "conversations.parquet").write_bytes(b"PAR1")
    for spelling in (UNFINISHED, str(folder)):
        with pytest.raises(UsageError, match=r"is no version, because it has no manifest\.json"):
            find_version(spelling, output)
    assert find_version("latest", output) == version_folder(output, "shop", VERSION)


def test_what_is_not_there_is_told_with_what_was_expected(output: str) -> None:
    with pytest.raises(UsageError, match="nothing is published"):
        find_version("latest", output)
    with pytest.raises(UsageError, match=f"version {VERSION}: not found"):
        find_version(VERSION, output)
    with pytest.raises(UsageError, match="expected the folder of a version"):
        find_version("no/such/folder", output)
    with pytest.raises(UsageError, match="dataset name"):
        find_version("latest", output, "../shop")


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b"])
def test_a_path_that_cannot_be_looked_at_is_told(path: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be read|expected the folder"):
        find_version(path, "out")


def test_a_latest_that_names_no_version_is_told(output: str) -> None:
    write(output)
    place = dataset_folder(output, "shop") / "latest.json"
    place.write_bytes(b"{}")
    with pytest.raises(UsageError, match="does not say which version is the latest"):
        find_version("latest", output)


def test_a_version_is_found_by_its_newest_revision(output: str) -> None:
    for _ in range(2):
        publish_latest(output, "shop", write(output))
    newest = version_folder(output, "shop", VERSION, revision=2)
    assert latest_of(output)["path"] == newest.name == f"{VERSION}-r2"
    assert find_version(VERSION, output) == newest
    assert find_version("latest", output) == newest
    assert find_version(f"{output}/shop", output) == newest
