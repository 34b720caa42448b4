"""`duologue seeds mine`: what it shows while it works."""

import json
from pathlib import Path

import pytest

from tests.support.commands import duologue


@pytest.fixture
def transcripts(tmp_path: Path) -> Path:
    path = tmp_path / "real.jsonl"
    said = [{"role": "user", "content": "Where is my parcel?"}]
    said.append({"role": "assistant", "content": "It arrives on Friday."})
    path.write_text("".join(f"{json.dumps({'id': n, 'messages': said})}\n" for n in range(5)))
    return path


def test_it_shows_how_far_it_has_got_next_to_the_result(transcripts: Path, tmp_path: Path) -> None:
    done = duologue("seeds", "mine", transcripts, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "5/5" in done.stderr
    assert json.loads(done.stdout)["conversations"] == 5


def test_quiet_it_prints_the_result_alone(transcripts: Path, tmp_path: Path) -> None:
    done = duologue("seeds", "mine", transcripts, "--quiet", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("5 conversations, 1 different opening\n")
