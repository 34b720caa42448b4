"""Whatever ends a writer and whenever it does, readers find whole versions only."""

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from upath import UPath

from duologue.dataset.formats import WRITERS
from duologue.dataset.manifest import read_manifest
from duologue.versions.finding import find_version
from duologue.versions.latest import Latest, publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, everything_that_can_happen
from tests.support.small_disk import small_disk

ROOT = Path(__file__).parents[2]
EXPORT_ERROR = 4


def writer(how: str, output: Path) -> list[str]:
    return [sys.executable, "-m", "tests.processes.writer_cut_short", how, str(output)]


def run_writer(how: str, output: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        writer(how, output), cwd=ROOT, capture_output=True, text=True, check=False
    )


def publish_one(output: Path) -> None:
    manifest = write_version(
        DatasetFolder(str(output), "shop"), VERSION, everything_that_can_happen()
    ).manifest
    publish_latest(DatasetFolder(str(output), "shop").version(manifest))


def check_every_version_is_whole(output: Path) -> set[str]:
    """Compares each manifest's checksums with its files; returns the versions there are."""
    versions = set()
    for path in (output / "shop").glob("*/manifest.json"):
        manifest = read_manifest(UPath(path))
        assert {file.name for file in manifest.files} == {*WRITERS, "report.html", "README.md"}
        for file in manifest.files:
            data = (path.parent / file.name).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file.bytes, file.sha256)
        versions.add(manifest.version)
    latest = Latest.model_validate_json((output / "shop" / "latest.json").read_bytes())
    assert latest.version in versions
    return versions


def test_a_writer_killed_at_any_file_operation_leaves_complete_versions_only(
    tmp_path: Path,
) -> None:
    publish_one(tmp_path)
    done = run_writer("kill", tmp_path)
    assert int(done.stdout) >= 15, done.stderr
    versions = check_every_version_is_whole(tmp_path)
    unfinished = {path.name for path in (tmp_path / "shop").iterdir() if path.is_dir()} - versions
    assert unfinished, "the writers were killed too late to show anything"


def test_a_writer_killed_while_it_clears_up_leaves_complete_versions_only(tmp_path: Path) -> None:
    publish_one(tmp_path)
    done = run_writer("kill_clearing_up", tmp_path)
    assert int(done.stdout) >= 8, done.stderr
    check_every_version_is_whole(tmp_path)


def test_a_writer_killed_at_any_moment_leaves_complete_versions_only(tmp_path: Path) -> None:
    publish_one(tmp_path)
    moments = random.Random(20261124)
    for _ in range(8):
        with subprocess.Popen(
            writer("on_and_on", tmp_path), cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0, 0.1))
            running.kill()
        check_every_version_is_whole(tmp_path)


def test_ctrl_c_at_any_file_operation_leaves_nothing_of_the_version(tmp_path: Path) -> None:
    publish_one(tmp_path)
    done = run_writer("interrupt", tmp_path)
    assert int(done.stdout) >= 15, done.stderr
    versions = check_every_version_is_whole(tmp_path)
    folders = {path.name for path in (tmp_path / "shop").iterdir() if path.is_dir()}
    assert folders == versions
    assert not list(tmp_path.rglob("*.tmp"))


# The writer's conversations.parquet has 14 KB, its conversations.csv 74 KB.
@pytest.mark.parametrize("most_bytes", [0, 100, 5_000, 20_000, 40_000])
def test_a_file_that_cannot_grow_leaves_no_half_version(tmp_path: Path, most_bytes: int) -> None:
    publish_one(tmp_path)
    done = run_writer(f"limit:{most_bytes}", tmp_path)
    assert done.returncode == EXPORT_ERROR, done.stderr
    assert "no space is left there. No conversation is lost" in done.stderr
    assert check_every_version_is_whole(tmp_path) == {VERSION}
    assert sorted(os.listdir(tmp_path / "shop")) == [VERSION, "latest.json"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", size_kb=180) as disk:
        yield disk


def test_a_full_disk_leaves_no_half_version(tiny_disk: Path) -> None:
    publish_one(tiny_disk)
    done = run_writer("once", tiny_disk)
    assert done.returncode == EXPORT_ERROR, done.stderr
    assert "no space is left there. No conversation is lost" in done.stderr
    assert check_every_version_is_whole(tiny_disk) == {VERSION}
    assert find_version("latest", str(tiny_disk)).folder.name == VERSION
