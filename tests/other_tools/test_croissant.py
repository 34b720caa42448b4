"""What is published on the Hub is described so that mlcroissant reads it."""

import json
from pathlib import Path

import pytest

from duologue.exports.croissant import CROISSANT_FILE, croissant
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, many
from tests.other_tools.conftest import Run

READ = """
import json, sys, mlcroissant
dataset = mlcroissant.Dataset(jsonld="croissant.json")
records = list(dataset.records(sys.argv[1]))
print(len(records))
"""


@pytest.mark.parametrize(("records", "count"), [("conversations", 4), ("next_turns", 16)])
def test_mlcroissant_validates_it_and_reads_the_records(
    tmp_path: Path, run: Run, records: str, count: int
) -> None:
    version = write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, many(4))
    for name in ("conversations.parquet", "next_turns.parquet"):
        (tmp_path / name).write_bytes((version.folder / name).read_bytes())
    described = croissant(version.manifest, "https://hub.example/datasets/my-team/shop", "mit")
    (tmp_path / CROISSANT_FILE).write_text(json.dumps(described))
    checked = run("mlcroissant", "validate", "--jsonld", CROISSANT_FILE)
    assert checked.returncode == 0, checked.stderr
    said = checked.stdout + checked.stderr
    assert "Done" in said
    assert "error" not in said.lower()
    assert "not standard" not in said
    read = run("python", "-c", READ, records)
    assert read.returncode == 0, read.stderr
    assert read.stdout.split()[-1] == str(count)
