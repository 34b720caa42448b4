"""The shipped JSON Schemas accept the files that are written, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from duologue.dataset.json_schemas import FOLDER, json_schemas
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION
from tests.dataset.reviewing import echo, of, sound


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / name).read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.fixture
def version(tmp_path: Path) -> Path:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, of(echo(0), sound(1)))
    return tmp_path / "shop" / VERSION


def test_the_shipped_schemas_are_those_of_the_models() -> None:
    shipped = {path.name: json.loads(path.read_text()) for path in FOLDER.iterdir()}
    assert shipped == json.loads(json.dumps(json_schemas())), (
        "run `python scripts/write_json_schemas.py`"
    )


def test_the_files_of_a_version_are_as_the_schemas_say(version: Path) -> None:
    manifest: dict[str, Any] = json.loads((version / "manifest.json").read_text())
    check = validator("manifest.schema.json")
    assert list(check.iter_errors(manifest)) == []
    assert list(check.iter_errors({**manifest, "counts": None})) != []
    lines = [json.loads(line) for line in (version / "failures.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["invalid_conversation"]
    check = validator("failures.schema.json")
    assert [list(check.iter_errors(line)) for line in lines] == [[]]
    assert list(check.iter_errors({**lines[0], "kind": "other"})) != []


def test_the_verdicts_column_is_as_the_schema_says(version: Path) -> None:
    verdicts = pq.read_schema(version / "conversations.parquet").field("verdicts").type
    columns = {field.name for field in verdicts.value_type}
    schema = json.loads((FOLDER / "verdict.schema.json").read_text())
    assert columns == schema["properties"].keys()
