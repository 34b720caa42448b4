"""A manifest is read back, or it is said what is wrong with it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from duologue.dataset.manifest import read_manifest
from duologue.errors import UsageError
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import USAGE, VERSION, checked, contents, everything_that_can_happen


def changed(tmp_path: Path, changes: dict[str, Any]) -> UPath:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, everything_that_can_happen())
    path = tmp_path / "shop" / VERSION / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return UPath(path)


def test_a_missing_manifest_is_reported(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"manifest\.json: not found; a version is there only once"
    ):
        read_manifest(UPath(tmp_path) / "manifest.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"PAR1"])
def test_what_is_not_json_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(UsageError, match="is not JSON"):
        read_manifest(UPath(tmp_path) / "manifest.json")


@pytest.mark.parametrize("content", [b"[]", b"{}", b"1", b'{"name": "web app"}'])
def test_the_manifest_of_something_else_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(UsageError, match="is not a manifest of Duologue"):
        read_manifest(UPath(tmp_path) / "manifest.json")


def test_the_manifest_of_a_newer_duologue_is_reported(tmp_path: Path) -> None:
    path = changed(tmp_path, {"manifest_version": 2, "something_new": True})
    with pytest.raises(UsageError, match="manifest version 2 is of a newer Duologue"):
        read_manifest(path)


def test_an_unknown_field_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="something_new"):
        read_manifest(changed(tmp_path, {"something_new": True}))


def test_counts_changed_by_hand_are_reported(tmp_path: Path) -> None:
    counts = everything_that_can_happen().counts.model_dump() | {"valid": 3}
    with pytest.raises(UsageError, match="changed by hand or damaged: 4 conversations were due"):
        read_manifest(changed(tmp_path, {"counts": counts}))


def test_a_folder_in_the_place_of_a_manifest_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_manifest(UPath(tmp_path))


def test_it_sums_up_the_usage_that_is_known(tmp_path: Path) -> None:
    manifest = read_manifest(changed(tmp_path, {}))
    assert manifest.usage == replace(USAGE, cost_usd=0.75)  # a failed seed's 0.5 with it


def test_where_nothing_was_recorded_it_says_nothing(tmp_path: Path) -> None:
    manifest = write_version(
        DatasetFolder(str(tmp_path), "shop"), VERSION, contents(checked("Hi", "Ho"))
    ).manifest
    assert manifest.usage is None
