"""What is different on S3: other processes write there, and the driver remembers what it saw."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from duologue.dataset.manifest import read_manifest
from duologue.versions.finding import find_dataset, find_version
from duologue.versions.history import past_versions, pin_version, read_pins, remove_outdated
from duologue.versions.latest import publish_latest, read_latest
from duologue.versions.places import DatasetFolder, read_version
from duologue.versions.reading import read_contents
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, contents, failed, many
from tests.processes.test_cut_short import ROOT, writer

DUOLOGUE = str(Path(sys.executable).parent / "duologue")
OLD = "20261120T020000000Z-1a2b3c4d"
YESTERDAY = "20261123T020000000Z-1a2b3c4d"


def in_another_process(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def look_everywhere(output: str) -> list[str]:
    """Lists all that there is in each way that there is, so that the driver remembers it."""
    place = DatasetFolder(output, "shop").folder
    seen = [path for folder in (place, place / "pins", place.parent) for path in folder.glob("*")]
    for past in past_versions(DatasetFolder(output, "shop")):
        seen.extend(past.version.folder.glob("*"))
    return [str(path) for path in seen]


@pytest.mark.processes
def test_what_another_process_publishes_is_seen_by_one_that_looked_before(s3_output: str) -> None:
    publish_latest(write_version(DatasetFolder(s3_output, "shop"), YESTERDAY, many(1)))
    look_everywhere(s3_output)
    assert find_version("latest", s3_output).folder.name == YESTERDAY
    in_another_process(*writer("once", Path())[:-1], s3_output)
    newest = find_version("latest", s3_output).folder
    assert newest.name > YESTERDAY
    assert [item.manifest.version for item in past_versions(DatasetFolder(s3_output, "shop"))] == [
        newest.name,
        YESTERDAY,
    ]
    version = read_version(newest)
    assert version.manifest.counts == read_contents(version).counts


@pytest.mark.processes
def test_a_file_that_another_process_replaced_is_read_whole(s3_output: str) -> None:
    """The driver remembers a file's size and version from listing it."""
    publish_latest(write_version(DatasetFolder(s3_output, "shop"), YESTERDAY, many(1)))
    pin_version(DatasetFolder(s3_output, "shop"), YESTERDAY, "short")
    look_everywhere(s3_output)
    in_another_process(
        DUOLOGUE, "versions", "pin", YESTERDAY, "--reason", "a longer one", "--output", s3_output
    )
    assert read_pins(DatasetFolder(s3_output, "shop"))[YESTERDAY].reason == "a longer one"
    look_everywhere(s3_output)
    in_another_process(*writer("once", Path())[:-1], s3_output)
    named = read_latest(DatasetFolder(s3_output, "shop").folder)
    assert named is not None
    assert named.version > YESTERDAY


@pytest.mark.processes
def test_a_new_dataset_is_seen_by_one_that_looked_before(s3_output: str) -> None:
    write_version(DatasetFolder(s3_output, "bank"), YESTERDAY, many(1))
    assert find_dataset(s3_output).name == "bank"
    in_another_process(*writer("once", Path())[:-1], s3_output)
    assert find_version("latest", s3_output).folder.parent.name == "shop"


@pytest.mark.processes
def test_what_another_process_removes_is_no_longer_there(s3_output: str) -> None:
    for version in (OLD, YESTERDAY):
        publish_latest(write_version(DatasetFolder(s3_output, "shop"), version, many(1)))
    look_everywhere(s3_output)
    in_another_process(
        DUOLOGUE, "versions", "remove", OLD, "--yes", "--output", s3_output, "--name", "shop"
    )
    assert [item.manifest.version for item in past_versions(DatasetFolder(s3_output, "shop"))] == [
        YESTERDAY
    ]
    assert not any(OLD in path for path in look_everywhere(s3_output))


def test_writers_of_one_version_at_the_same_time_get_a_revision_each(s3_output: str) -> None:
    """A writer that shared another's folder would show in what the manifest vouches for."""
    with ThreadPoolExecutor(4) as writers:
        writing = [
            writers.submit(write_version, DatasetFolder(s3_output, "shop"), VERSION, many(count))
            for count in range(1, 9)
        ]
        manifests = [writer.result().manifest for writer in writing]
    assert sorted(manifest.revision for manifest in manifests) == list(range(1, 9))
    assert [item.revision for item in DatasetFolder(s3_output, "shop").revisions()] == list(
        range(1, 9)
    )
    for count, manifest in enumerate(manifests, start=1):
        folder = DatasetFolder(s3_output, "shop").revision_folder(VERSION, manifest.revision)
        assert read_manifest(folder / "manifest.json").counts.valid == count
        for file in manifest.files:
            assert len((folder / file.name).read_bytes()) == file.bytes
        assert not (folder / ".writing").exists()


def test_retention_leaves_nothing_of_a_version_in_the_bucket(s3_output: str) -> None:
    for version in (OLD, OLD, YESTERDAY):
        made = contents(*many(1).checked, failed=[failed("Hi")])
        publish_latest(write_version(DatasetFolder(s3_output, "shop"), version, made))
    remove_outdated(DatasetFolder(s3_output, "shop"), 1)
    place = DatasetFolder(s3_output, "shop").folder
    names = [path.rpartition("/shop/")[2] for path in place.fs.find(place.path)]
    assert all(name.startswith(f"{YESTERDAY}/") or name == "latest.json" for name in names)
    assert len(names) > 5
