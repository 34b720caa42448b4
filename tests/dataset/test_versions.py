"""What versions are called, and that one is written whole or not at all."""

import hashlib
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from duologue.dataset.counts import UnaccountedSeedsError
from duologue.dataset.manifest import read_manifest
from duologue.errors import ExportError, UsageError
from duologue.settings.dataset_names import dataset_name_from
from duologue.versions.places import (
    DatasetFolder,
    Revision,
    is_version,
    new_version,
)
from duologue.versions.writing import check_writable, write_version
from tests.dataset.making import (
    RUN_ID,
    STARTED_AT,
    VERSION,
    checked,
    contents,
    everything_that_can_happen,
)

FILES = {
    "conversations.parquet",
    "conversations.csv",
    "test_suite.csv",
    "next_turns.parquet",
    "next_turns.jsonl",
    "failures.csv",
    "failures.jsonl",
    "report.html",
    "README.md",
    "manifest.json",
}


# What they are called


@pytest.mark.parametrize(
    ("seed_path", "name"),
    [
        ("datasets/seed_user_messages.csv", "seed_user_messages"),
        ("data/My seeds (2).csv", "My-seeds-2"),
        ("s3://bucket/folder/v1.2 final.jsonl", "v1.2-final"),
        ("https://me:secret@host/seeds.csv?token=a/b.c", "seeds"),
        ("种子.csv", "Chong-Zi"),
        ("a..b.csv", "a.b"),
        ("con.csv", "dataset-con"),
        ("-.csv", "dataset"),
        ("😀.csv", "dataset"),
        ("x" * 300 + ".csv", "x" * 100),
    ],
)
def test_a_dataset_is_named_as_its_seed_file(seed_path: str, name: str) -> None:
    assert dataset_name_from(seed_path) == name


@given(st.text())
def test_every_seed_file_makes_a_valid_name(seed_path: str) -> None:
    DatasetFolder("out", dataset_name_from(seed_path))


@pytest.mark.parametrize("name", ["a", "seed_user_messages", "v1.2", "A-b_c.d", "x" * 100])
def test_ordinary_names_are_taken(name: str) -> None:
    assert str(DatasetFolder("out", name).folder) == f"out/{name}"


NO_NAMES = ["", ".", "..", "a/b", "../x", "a\\b", "a..b", ".a", "-a", "a b", "é", "x" * 101, "a\n"]
NO_NAMES_ON_WINDOWS = ["nul", "CON", "com1.csv", "a."]


@pytest.mark.parametrize("name", NO_NAMES + NO_NAMES_ON_WINDOWS)
def test_a_name_that_is_no_folder_everywhere_is_refused_with_one_that_is(name: str) -> None:
    with pytest.raises(UsageError, match="dataset name") as refused:
        DatasetFolder("out", name)
    suggestion = str(refused.value).partition("use '")[2].partition("'")[0]
    DatasetFolder("out", suggestion)


def test_a_version_is_when_the_run_started_in_utc_and_which_run_it_was() -> None:
    assert new_version(STARTED_AT, RUN_ID) == VERSION
    local = STARTED_AT.astimezone(timezone(timedelta(hours=5)))
    assert new_version(local, RUN_ID.replace("-", "").upper()) == VERSION


@given(
    st.lists(
        st.tuples(st.datetimes(min_value=datetime(1000, 1, 1)), st.uuids()), min_size=2, max_size=9
    )
)
def test_versions_sort_by_when_their_runs_started(runs: list[tuple[datetime, uuid.UUID]]) -> None:
    by_second = [(at.replace(microsecond=0), str(run_id)[-8:], str(run_id)) for at, run_id in runs]
    by_time = [new_version(at.replace(tzinfo=UTC), run_id) for at, _, run_id in sorted(by_second)]
    assert by_time == sorted(by_time)
    assert all(is_version(version) for version in by_time)


@pytest.mark.parametrize(
    "text", ["", "latest", "..", f"{VERSION}/..", VERSION + "\n", VERSION[:-1]]
)
def test_what_is_no_version_is_distinguished_from_one(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(UsageError, match="version"):
        DatasetFolder("out", "shop").revision_folder(text)


# Whether they can be written


def test_an_output_that_can_be_written_to_is_left_empty(output: str) -> None:
    check_writable(DatasetFolder(output, "shop"))
    folder = DatasetFolder(output, "shop").folder
    assert folder.fs.find(folder.path) == []


def test_a_file_in_the_place_of_the_output_is_reported(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match=r"out/shop: cannot be written to: a file is where"):
        check_writable(DatasetFolder(str(tmp_path / "out"), "shop"))


def test_a_file_in_the_place_of_the_dataset_is_reported(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")
    with pytest.raises(UsageError, match="a file is where a folder is needed"):
        check_writable(DatasetFolder(str(tmp_path), "shop"))


@pytest.mark.parametrize("output", ["nope://bucket/x", "gs://bucket/x"])
def test_a_protocol_without_a_driver_is_reported(output: str) -> None:
    with pytest.raises(UsageError, match=f"^{output}: cannot be opened: .*driver"):
        check_writable(DatasetFolder(output, "shop"))


AS_A_USER_WITHOUT_RIGHTS = """
import os, sys
from duologue.errors import UsageError
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import check_writable
if os.getuid() == 0:
    os.setuid(65534)
try:
    check_writable(DatasetFolder(sys.argv[1], "shop"))
except UsageError as error:
    print(error)
"""


@pytest.mark.processes
def test_an_output_without_permission_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_A_USER_WITHOUT_RIGHTS, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        tmp_path.chmod(0o755)
    assert f"output {tmp_path}/shop: cannot be written to: no permission; choose" in done.stdout


# How they are written


def test_a_version_holds_all_its_files_and_the_manifest_vouches_for_each(output: str) -> None:
    manifest = write_version(
        DatasetFolder(output, "shop"), VERSION, everything_that_can_happen()
    ).manifest
    folder = DatasetFolder(output, "shop").revision_folder(VERSION)
    assert {path.name for path in folder.iterdir()} == FILES
    assert read_manifest(folder / "manifest.json") == manifest
    assert {file.name for file in manifest.files} == FILES - {"manifest.json"}
    for file in manifest.files:
        data = (folder / file.name).read_bytes()
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert {file.name: file.rows for file in manifest.files} == {
        "conversations.parquet": 2,
        "conversations.csv": 2,
        "test_suite.csv": 2,
        "next_turns.parquet": 3,
        "next_turns.jsonl": 3,
        "failures.csv": 3,
        "failures.jsonl": 3,
        "report.html": None,
        "README.md": None,
    }


def test_the_manifest_sums_up_the_run() -> None:
    output = f"memory://{uuid.uuid4()}"
    made = replace(everything_that_can_happen(), started_at=datetime.now(UTC))
    manifest = write_version(DatasetFolder(output, "shop"), VERSION, made).manifest
    assert (manifest.dataset, manifest.version, manifest.revision) == ("shop", VERSION, 1)
    assert manifest.counts == made.counts
    assert manifest.broken_rules == {"echo": 1, "restated": 1}
    assert manifest.information == {}
    assert manifest.failed_by_error_class == {"TransientError": 1}
    assert manifest.settings == made.settings
    assert manifest.seconds == round((manifest.created_at - made.started_at).total_seconds(), 3)


def test_no_run_took_less_than_no_time_although_the_clock_was_set_back() -> None:
    made = replace(everything_that_can_happen(), started_at=datetime.now(UTC) + timedelta(hours=3))
    manifest = write_version(
        DatasetFolder(f"memory://{uuid.uuid4()}", "shop"), VERSION, made
    ).manifest
    assert manifest.seconds == 0


def test_no_password_of_a_seed_url_is_written_anywhere() -> None:
    output = f"memory://{uuid.uuid4()}"
    made = contents(checked("a", "b"), seed_path="https://me:secret@host/s.csv?token=unguessable")
    manifest = write_version(DatasetFolder(output, "shop"), VERSION, made).manifest
    assert manifest.seed_file.path == "https://host/s.csv"
    for path in DatasetFolder(output, "shop").revision_folder(VERSION).iterdir():
        assert b"secret" not in path.read_bytes()
        assert b"unguessable" not in path.read_bytes()


def test_a_local_seed_path_stays_as_it_was_given() -> None:
    made = contents(checked("a", "b"), seed_path="what? me@home.csv")
    manifest = write_version(
        DatasetFolder(f"memory://{uuid.uuid4()}", "shop"), VERSION, made
    ).manifest
    assert manifest.seed_file.path == "what? me@home.csv"


def test_a_version_that_is_there_gets_a_new_revision_and_stays_as_it_was(output: str) -> None:
    first = write_version(
        DatasetFolder(output, "shop"), VERSION, everything_that_can_happen()
    ).manifest
    second = write_version(
        DatasetFolder(output, "shop"), VERSION, contents(checked("other", "texts"))
    ).manifest
    third = write_version(
        DatasetFolder(output, "shop"), VERSION, contents(checked("more", "texts"))
    ).manifest
    assert [m.revision for m in (first, second, third)] == [1, 2, 3]
    for revision, manifest in enumerate([first, second, third], start=1):
        folder = DatasetFolder(output, "shop").revision_folder(VERSION, revision)
        assert read_manifest(folder / "manifest.json") == manifest
        assert {path.name for path in folder.iterdir()} == FILES
    assert DatasetFolder(output, "shop").newest_revision(VERSION) == Revision(VERSION, 3)


def test_a_revision_whose_writer_was_killed_does_not_count(output: str) -> None:
    write_version(DatasetFolder(output, "shop"), VERSION, everything_that_can_happen())
    unfinished = DatasetFolder(output, "shop").revision_folder(VERSION, revision=2)
    unfinished.mkdir(parents=True)
    (unfinished / "conversations.parquet").write_bytes(b"half")
    assert DatasetFolder(output, "shop").newest_revision(VERSION) == Revision(VERSION, 1)
    assert (
        write_version(
            DatasetFolder(output, "shop"), VERSION, everything_that_can_happen()
        ).manifest.revision
        == 3
    )
    assert DatasetFolder(output, "shop").newest_revision(VERSION) == Revision(VERSION, 3)


def test_writers_at_the_same_time_get_a_revision_each(tmp_path: Path) -> None:
    made = everything_that_can_happen()
    with ThreadPoolExecutor(8) as writers:
        writing = [
            writers.submit(write_version, DatasetFolder(str(tmp_path), "shop"), VERSION, made)
            for _ in range(40)
        ]
        manifests = [writer.result().manifest for writer in writing]
    assert sorted(manifest.revision for manifest in manifests) == list(range(1, 41))
    for manifest in manifests:
        folder = DatasetFolder(str(tmp_path), "shop").revision_folder(VERSION, manifest.revision)
        assert {path.name for path in folder.iterdir()} == FILES
        assert read_manifest(folder / "manifest.json") == manifest


def test_a_lost_seed_stops_the_export_before_anything_is_written(output: str) -> None:
    with pytest.raises(UnaccountedSeedsError):
        write_version(
            DatasetFolder(output, "shop"), VERSION, replace(everything_that_can_happen(), failed=())
        )
    assert not DatasetFolder(output, "shop").folder.exists()


def test_text_that_cannot_be_written_stops_the_export_before_anything_is_written(
    output: str,
) -> None:
    with pytest.raises(ExportError, match="s1-1: message 1"):
        write_version(DatasetFolder(output, "shop"), VERSION, contents(checked("a", "half \ud83d")))
    assert not DatasetFolder(output, "shop").folder.exists()


def test_a_file_url_is_written_to_as_a_disk_is(tmp_path: Path) -> None:
    write_version(
        DatasetFolder(f"file://{tmp_path}", "shop"), VERSION, everything_that_can_happen()
    )
    assert set(os.listdir(tmp_path / "shop" / VERSION)) == FILES


def test_an_output_that_cannot_be_written_to_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ExportError, match=r"a file is where a folder is needed\. No conversation"):
        write_version(
            DatasetFolder(str(tmp_path / "out"), "shop"), VERSION, everything_that_can_happen()
        )
    assert (UPath(tmp_path) / "out").read_text() == "a file"
