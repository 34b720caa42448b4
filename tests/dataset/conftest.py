"""Where datasets are: on a disk, in memory, and on an S3 server."""

import uuid
from pathlib import Path

import pytest


@pytest.fixture(params=["disk", "memory", pytest.param("s3", marks=pytest.mark.processes)])
def output(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for datasets, on each kind of storage in turn.

    What is on S3 takes ten times as long, so `make test` has `test_s3.py` of it alone.
    """
    match request.param:
        case "disk":
            return str(tmp_path / "out")
        case "memory":
            return f"memory://{uuid.uuid4()}"
        case _:
            place: str = request.getfixturevalue("s3_output")
            return place
