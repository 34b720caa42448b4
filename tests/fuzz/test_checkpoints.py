"""A draft that was damaged in storage is a draft, or none; it never ends a run."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from duologue.conversation.messages import Message, Role
from duologue.plans.generation import Job
from duologue.seeds import Seed
from duologue.simulation import Draft
from duologue.versions.checkpoints import Checkpoints
from tests.dataset.making import VERSION
from tests.fuzz.changing import changed

JOB = Job(Seed(seed_id="s1", message="Hello?"), 1, f"{VERSION}/{'0' * 64}")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, runner: asyncio.Runner) -> Path:
    """The file of a draft that is whole."""
    folder = tmp_path_factory.mktemp("dataset")
    draft = Draft.of(JOB.seed)
    draft.messages.append(Message(role=Role.ASSISTANT, text="Hi."))
    checkpoints = Checkpoints(UPath(folder), lambda warning: None)
    runner.run(checkpoints.write(JOB.draft_key, draft))
    assert runner.run(checkpoints.read(JOB.draft_key, Draft)) == draft
    (path,) = folder.rglob("*.draft.json")
    return path


@given(data=st.data())
def test_a_damaged_draft_is_one_or_none(
    stored: Path, runner: asyncio.Runner, data: st.DataObject
) -> None:
    original = stored.read_bytes()
    stored.write_bytes(data.draw(changed(original)))
    warnings: list[str] = []
    checkpoints = Checkpoints(UPath(stored.parents[2]), warnings.append)
    try:
        found = runner.run(checkpoints.read(JOB.draft_key, Draft))
    finally:
        stored.write_bytes(original)
    assert isinstance(found, Draft) if not warnings else found is None
