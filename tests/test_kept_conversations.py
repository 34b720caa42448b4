"""What a run keeps of its conversations, on a disk and on an S3 server, where Prefect finds it."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.filesystems import LocalFileSystem, RemoteFileSystem
from prefect.results import ResultStore
from prefect.settings import (
    PREFECT_DEFAULT_RESULT_STORAGE_BLOCK,
    PREFECT_RESULTS_LOCAL_STORAGE_PATH,
    temporary_settings,
)
from upath import UPath

from duologue.conversation.messages import Conversation, EndReason
from duologue.errors import UsageError
from duologue.plans.generation import Job
from duologue.seeds import Seed
from duologue.simulation import Draft
from duologue.tasks.kept_conversations import KeptConversations
from tests.running import QUICK, generated, manifest_of, retried
from tests.small_disk import small_disk
from tests.vellum_stand_in import StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

SCOPE = "20261124T053516000Z-1a2b3c4d"


@pytest.fixture
def on_s3(prefect_server: str, s3_output: str) -> Iterator[UPath]:
    """Has Prefect keep results on an S3 server; gives their place."""
    name = f"results-{uuid.uuid4()}"
    RemoteFileSystem(basepath=s3_output).save(name)
    with temporary_settings({PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: f"remote-file-system/{name}"}):
        yield UPath(s3_output)


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[UPath]:
    """Has Prefect keep results in a folder that nothing else is in; gives it."""
    place = tmp_path / "results"
    with temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: place}):
        yield UPath(place)


@pytest.fixture(params=["on_disk", "on_s3"])
def place(request: pytest.FixtureRequest) -> UPath:
    """Where results are, on each kind of storage in turn."""
    found: UPath = request.getfixturevalue(request.param)
    return found


def job(number: int, scope: str = SCOPE) -> Job:
    seed = Seed(seed_id=f"order-{number}", message="Where is it?")
    return Job(seed, 1, f"{scope}/{number:064}")


def conversation(of: Job) -> Conversation:
    draft, now = Draft.of(of.seed), datetime.now(UTC)
    return Conversation(
        conversation_id=of.conversation_id,
        seed_id=of.seed.seed_id,
        sample=1,
        messages=tuple(draft.messages),
        end_reason=EndReason.MAX_TURNS,
        started_at=now,
        ended_at=now,
        attempts=1,
    )


async def test_what_is_kept_is_found_by_this_run_and_by_the_next(place: UPath) -> None:
    this, finished, cut_short = KeptConversations(), job(1), job(2)
    assert await this.finished(finished) is None
    assert await this.draft(cut_short) is None
    await this.finish(finished, conversation(finished))
    await this.keep(cut_short, Draft.of(cut_short.seed))
    for run in (this, KeptConversations()):
        assert (await run.finished(finished)) is not None
        assert await run.draft(finished) is None
        assert await run.finished(cut_short) is None
        assert await run.draft(cut_short) is not None
        assert await run.finished(job(1, "unchanged")) is None


async def test_what_is_kept_while_others_ask_is_not_overlooked(place: UPath) -> None:
    """The folder is looked up while the first conversations are written to it."""
    kept, jobs = KeptConversations(), [job(number) for number in range(20)]

    async def ask_and_finish(one: Job) -> None:
        assert await kept.finished(one) is None
        await kept.finish(one, conversation(one))

    asking = [ask_and_finish(one) for one in jobs[1:]]
    await asyncio.gather(*asking, kept.finish(jobs[0], conversation(jobs[0])))
    for one in jobs:
        assert await kept.finished(one) is not None


async def test_prefect_finds_what_is_kept_however_its_folder_is_spelled(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    name, kept, one = f"results-{uuid.uuid4()}", KeptConversations(), job(1)
    storage = LocalFileSystem(basepath="~/link/results")
    await storage.asave(name)
    with temporary_settings({PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: f"local-file-system/{name}"}):
        await kept.finish(one, conversation(one))
    found = await ResultStore(result_storage=storage).aread(one.key)
    assert isinstance(found.result, Conversation)
    assert (tmp_path / "disk" / "results" / one.key).is_file()


@pytest.mark.parametrize("key", ["../beside", f"{SCOPE}/../../beside", "/{}/beside"])
async def test_nothing_is_kept_beside_the_results(on_disk: UPath, key: str) -> None:
    with pytest.raises(ValueError, match="leads out of"):
        await KeptConversations().write(key.format(on_disk.parent), "what was said")
    assert not (on_disk.parent / "beside").exists()


async def test_what_is_forgotten_is_begun_anew(place: UPath) -> None:
    kept, one = KeptConversations(), job(1)
    await kept.finish(one, conversation(one))
    await kept.keep(one, Draft.of(one.seed))
    await kept.forget(one)
    for run in (kept, KeptConversations()):
        assert await run.finished(one) is None
        assert await run.draft(one) is None


async def test_what_is_forgotten_stays_so_although_the_clock_is_set_back(on_disk: UPath) -> None:
    """Else Prefect would take the empty result for the conversation, until its time has come."""
    kept, one = KeptConversations(), job(1)
    await kept.finish(one, conversation(one))
    await kept.forget(one)
    expired_at = json.loads((on_disk / one.key).read_text())["metadata"]["expiration"]
    assert datetime.fromisoformat(expired_at) < datetime.now(UTC) - timedelta(days=365)


async def test_storage_that_is_full_is_told_before_anything_is_asked(
    seeds_csv: Path, vellum: StandIn, tmp_path: Path
) -> None:
    with (
        small_disk(tmp_path / "results", size_kb=4) as full,
        temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: full}),
    ):
        (full / "filler").write_text("all of it")
        state = await generated(seeds_csv)
        with pytest.raises(UsageError, match=r"Prefect's result storage .* no space is left there"):
            await state.aresult()
    assert vellum.requests == []


async def test_what_was_written_in_part_is_not_there(on_disk: UPath) -> None:
    """As a process that is killed, or a disk that is full, leaves it."""
    one = job(1)
    await KeptConversations().finish(one, conversation(one))
    file = on_disk / one.key
    whole = file.read_text()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        file.write_text(whole[:length])
        assert await KeptConversations().finished(one) is None


@pytest.mark.parametrize("in_a_task_run", [1, 4])
async def test_a_run_that_keeps_its_conversations_on_s3_is_retried_and_resumed(
    seeds_csv: Path, vellum: StandIn, on_s3: UPath, in_a_task_run: int
) -> None:
    advanced = {**QUICK, "conversations_per_task_run": in_a_task_run}
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {"number 3?": "status:503", "number 7?": "status:503"}
    first = await generated(seeds_csv, advanced=advanced)
    version = (await manifest_of(first)).version
    assert (await manifest_of(first)).counts.failed == 2
    names = {path.name for path in (on_s3 / version).iterdir()}
    assert len([name for name in names if len(name) == 64]) == 8
    assert len([name for name in names if name.endswith("-draft")]) == 2

    user.when_history_contains = {"number 7?": "status:503"}
    vellum.requests.clear()
    second = await retried(first)
    assert (await manifest_of(second)).counts.valid == 9
    assert len(vellum.requests) == 5 + 1

    user.when_history_contains = {}
    vellum.requests.clear()
    resumed = await generated(seeds_csv, advanced={**advanced, "resume": version})
    assert (await manifest_of(resumed)).counts.valid == 10
    assert len(vellum.requests) == 5
