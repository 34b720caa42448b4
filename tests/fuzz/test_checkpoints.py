"""A draft that was damaged where it is kept is a draft, or none; it never ends a run."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from duologue.tasks.kept_conversations import KeptConversations
from hypothesis import given
from hypothesis import strategies as st
from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

from duologue.conversation.messages import Message, Role
from duologue.plans.generation import Job
from duologue.seeds import Seed
from duologue.simulation import Draft
from tests.dataset.making import VERSION
from tests.fuzz.changing import changed

JOB = Job(Seed(seed_id="s1", message="Hello?"), 1, f"{VERSION}/{'0' * 64}")


@st.composite
def of_the_draft(draw: st.DrawFn, original: bytes) -> bytes:
    """A whole record of what is no draft any more."""
    record = json.loads(original)
    inner = draw(changed(record["result"].encode()))
    return json.dumps({**record, "result": inner.decode(errors="replace")}).encode()


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("results")
    with temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: folder}):
        yield folder


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def kept(storage: Path, runner: asyncio.Runner) -> Path:
    """The file of a draft that is whole."""
    draft = Draft.of(JOB.seed)
    draft.messages.append(Message(role=Role.ASSISTANT, text="Hi."))
    runner.run(KeptConversations().keep(JOB, draft))
    assert runner.run(KeptConversations().draft(JOB)) == draft
    (path,) = (file for file in storage.rglob("*-draft") if file.is_file())
    return path


@given(data=st.data())
def test_a_damaged_draft_is_one_or_none(
    kept: Path, runner: asyncio.Runner, data: st.DataObject
) -> None:
    original = kept.read_bytes()
    kept.write_bytes(data.draw(changed(original) | of_the_draft(original)))
    try:
        found = runner.run(KeptConversations().draft(JOB))
    finally:
        kept.write_bytes(original)
    assert found is None or isinstance(found, Draft)
