"""Checkpoints: on a disk, on an S3 server and in memory; found by every run and every machine."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_HOME, PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings
from upath import UPath

from duologue.conversation.messages import Conversation, EndReason
from duologue.errors import UsageError
from duologue.plans.generation import Job
from duologue.seeds import Seed
from duologue.simulation import Draft
from duologue.storage.files import located
from duologue.versions.checkpoints import Checkpoints, remove_checkpoints
from duologue.versions.history import remove_version
from duologue.versions.places import DatasetFolder
from tests.support.generating import (
    QUICK,
    generated,
    manifest_of,
    output_of,
    rerun,
    retried,
    task_runs,
)
from tests.support.small_disk import small_disk
from tests.support.vellum_stand_in import StandIn

SCOPE = "20261124T053516000Z-1a2b3c4d"
LATER = "20261125T053516000Z-1a2b3c4d"


@pytest.fixture
def on_disk(tmp_path: Path) -> UPath:
    return UPath(tmp_path / "datasets" / "shop")


@pytest.fixture
def on_s3(s3_output: str) -> UPath:
    return located(s3_output) / "shop"


@pytest.fixture
def in_memory() -> UPath:
    return located(f"memory://{uuid.uuid4()}") / "shop"


@pytest.fixture(params=["on_disk", "on_s3", "in_memory"])
def parent(request: pytest.FixtureRequest) -> UPath:
    """A dataset's folder, on each kind of storage in turn."""
    found: UPath = request.getfixturevalue(request.param)
    return found


def opened(parent: UPath, warnings: list[str] | None = None) -> Checkpoints:
    return Checkpoints(parent, (warnings if warnings is not None else []).append)


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


async def test_what_is_stored_is_found_by_this_run_and_by_the_next(parent: UPath) -> None:
    this, finished, cut_short = opened(parent), job(1), job(2)
    assert await this.read(finished.key, Conversation) is None
    await this.write(finished.key, conversation(finished))
    await this.write(cut_short.draft_key, Draft.of(cut_short.seed))
    for run in (this, opened(parent)):
        assert await run.read(finished.key, Conversation) is not None
        assert await run.read(finished.draft_key, Draft) is None
        assert await run.read(cut_short.key, Conversation) is None
        assert await run.read(cut_short.draft_key, Draft) is not None
        assert await run.read(job(1, "unchanged").key, Conversation) is None
        assert await run.names("") == {SCOPE}


async def test_what_is_stored_while_a_scope_is_listed_is_not_overlooked(parent: UPath) -> None:
    run, jobs = opened(parent), [job(number) for number in range(20)]

    async def read_and_write(one: Job) -> None:
        assert await run.read(one.key, Conversation) is None
        await run.write(one.key, conversation(one))

    reading = [read_and_write(one) for one in jobs[1:]]
    await asyncio.gather(*reading, run.write(jobs[0].key, conversation(jobs[0])))
    for one in jobs:
        assert await run.read(one.key, Conversation) is not None


async def test_what_is_removed_is_no_longer_found(parent: UPath) -> None:
    run, one = opened(parent), job(1)
    await run.write(one.key, conversation(one))
    await run.remove(one.key)
    await run.remove(one.draft_key)
    for each in (run, opened(parent)):
        assert await each.read(one.key, Conversation) is None
    await run.write(one.key, conversation(one))
    assert await run.read(one.key, Conversation) is not None


async def test_a_damaged_checkpoint_counts_as_absent_and_is_reported(parent: UPath) -> None:
    """As a power cut, or a disk that is full, leaves it."""
    one = job(1)
    await opened(parent).write(one.key, conversation(one))
    file = parent / ".checkpoints" / f"{one.key}.json"
    whole = file.read_text()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        file.write_text(whole[:length])
        warnings: list[str] = []
        assert await opened(parent, warnings).read(one.key, Conversation) is None
        (warning,) = warnings
        assert f"{one.key}.json: is damaged" in warning
        assert "Where is it?" not in warning


async def test_storage_that_cannot_be_listed_is_an_error(on_disk: UPath) -> None:
    on_disk.mkdir(parents=True)
    (on_disk / ".checkpoints").write_text("a file")
    with pytest.raises(UsageError, match=r"checkpoints .*: cannot be read: a file is where a"):
        await opened(on_disk).list_scopes([job(1).key])


async def test_storage_that_cannot_be_reached_is_an_error() -> None:
    nowhere: UPath = UPath(
        "s3://bucket/shop",
        key="key",
        secret="secret",
        endpoint_url="http://127.0.0.1:9",
        config_kwargs={"retries": {"max_attempts": 0}},
    )
    with pytest.raises(UsageError, match=r"checkpoints s3://bucket/shop/.*: cannot be read"):
        await opened(nowhere).list_scopes([job(1).key])


@pytest.mark.parametrize("key", ["../beside", f"{SCOPE}/../../beside", "/beside"])
async def test_nothing_is_stored_outside_of_the_checkpoints(on_disk: UPath, key: str) -> None:
    with pytest.raises(ValueError, match="leads out of"):
        await opened(on_disk).write(key, Draft.of(job(1).seed))
    assert not list(on_disk.rglob("beside*"))


async def test_only_outdated_versions_lose_their_checkpoints(parent: UPath) -> None:
    run = opened(parent)
    for scope in (SCOPE, LATER, "unchanged"):
        await run.write(job(1, scope).key, conversation(job(1, scope)))
    remove_checkpoints([parent, parent / "evaluations"], lambda version: version < LATER)
    assert await opened(parent).names("") == {LATER, "unchanged"}


with_prefect = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def another_machine(tmp_path: Path) -> Iterator[None]:
    """Another home of Prefect, with nothing in it."""
    home = tmp_path / "other-home"
    with temporary_settings(
        {PREFECT_HOME: home, PREFECT_RESULTS_LOCAL_STORAGE_PATH: home / "storage"}
    ):
        yield


async def simulations(state: State[Any], at_least: int) -> Counter[tuple[str, int]]:
    """How many task runs that simulate ended in which state, in which run of the flow."""
    while True:
        runs = [run for run in await task_runs(state, at_least) if run.name.startswith("simulate-")]
        if len(runs) >= at_least and all(run.state and run.state.is_final() for run in runs):
            return Counter((str(run.state_name), run.flow_run_run_count) for run in runs)
        await asyncio.sleep(0.1)


@pytest.mark.processes
@with_prefect
@pytest.mark.parametrize("in_a_task_run", [1, 4])
async def test_another_machine_finds_everything_that_was_billed(
    seeds_csv: Path, vellum: StandIn, tmp_path: Path, in_a_task_run: int
) -> None:
    advanced = {**QUICK, "conversations_per_task_run": in_a_task_run}
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {f"number {n}?": "status:503" for n in (3, 5, 7)}
    first = await generated(seeds_csv, advanced=advanced)
    version = (await manifest_of(first)).version
    for machine, number in (("retry", 3), ("resume", 5), ("rerun", 7)):
        del user.when_history_contains[f"number {number}?"]
        left = len(user.when_history_contains)
        vellum.requests.clear()
        home = tmp_path / machine
        with temporary_settings(
            {PREFECT_HOME: home, PREFECT_RESULTS_LOCAL_STORAGE_PATH: home / "storage"}
        ):
            if machine == "retry":
                state = await retried(first)
            elif machine == "resume":
                state = await generated(seeds_csv, advanced={**advanced, "resume": version})
            else:
                state = await rerun(seeds_csv, version=version)
        assert (await manifest_of(state)).counts.failed == left
        assert len(vellum.requests) == 5 + left, machine


@with_prefect
async def test_what_is_found_is_a_task_run_that_was_cached(
    seeds_csv: Path, vellum: StandIn, another_machine: None
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:503"}
    first = await generated(seeds_csv)
    vellum.deployments["support-bot"].when_history_contains = {}
    await retried(first)
    assert await simulations(first, 20) == {
        ("Completed", 1): 9,
        ("Failed", 1): 1,
        ("Cached", 2): 9,
        ("Completed", 2): 1,
    }


@pytest.mark.processes
@with_prefect
@pytest.mark.parametrize("in_a_task_run", [1, 4])
async def test_a_run_on_s3_is_retried_and_resumed(
    seeds_csv: Path, vellum: StandIn, s3_output: str, in_a_task_run: int
) -> None:
    advanced = {**QUICK, "conversations_per_task_run": in_a_task_run}
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {"number 3?": "status:503", "number 7?": "status:503"}
    first = await generated(seeds_csv, output=s3_output, advanced=advanced)
    version = (await manifest_of(first)).version
    assert (await manifest_of(first)).counts.failed == 2
    names = {path.name for path in (UPath(s3_output) / "seeds/.checkpoints" / version).iterdir()}
    drafts = {name for name in names if name.endswith(".draft.json")}
    assert len(drafts) >= 2, "of those that failed, and of those with a reply that took a while"
    assert len(names - drafts - {"participants.json"}) == 8

    user.when_history_contains = {"number 7?": "status:503"}
    vellum.requests.clear()
    assert (await manifest_of(await retried(first))).counts.valid == 9
    assert len(vellum.requests) == 5 + 1

    user.when_history_contains = {}
    vellum.requests.clear()
    resume = {**advanced, "resume": version}
    resumed = await generated(seeds_csv, output=s3_output, advanced=resume)
    assert (await manifest_of(resumed)).counts.valid == 10
    assert len(vellum.requests) == 5


@with_prefect
async def test_checkpoints_go_with_their_version(seeds_csv: Path, vellum: StandIn) -> None:
    first = (await manifest_of(await generated(seeds_csv))).version
    second = (await manifest_of(await generated(seeds_csv))).version
    output = output_of(seeds_csv)
    dataset = DatasetFolder(str(output), "seeds")
    checkpoints = output / "seeds" / ".checkpoints"
    assert {path.name for path in checkpoints.iterdir()} == {first, second}
    assert {item.version for item in dataset.revisions()} == {first, second}
    remove_version(dataset, first)
    assert {path.name for path in checkpoints.iterdir()} == {second}


@with_prefect
async def test_storage_that_is_full_is_reported_before_anything_is_requested(
    seeds_csv: Path, vellum: StandIn
) -> None:
    with small_disk(output_of(seeds_csv), size_kb=4) as full:
        (full / "filler").write_text("all of it")
        state = await generated(seeds_csv)
        with pytest.raises(UsageError, match="no space is left there"):
            await state.aresult()
    assert vellum.requests == []


@with_prefect
async def test_checkpoints_that_cannot_be_listed_end_a_run_before_anything_is_requested(
    seeds_csv: Path, vellum: StandIn
) -> None:
    (output_of(seeds_csv) / "seeds").mkdir(parents=True)
    (output_of(seeds_csv) / "seeds" / ".checkpoints").write_text("a file")
    state = await generated(seeds_csv)
    with pytest.raises(UsageError, match=r"checkpoints .* cannot be read"):
        await state.aresult()
    assert vellum.requests == []
