"""Conversations that share task runs: the same dataset and calls, and failed seeds by name."""

import asyncio
from collections import Counter
from pathlib import Path
from shutil import rmtree
from typing import Any

import pandas as pd
import pytest
from prefect.client.schemas.objects import State, TaskRun

from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    latest,
    manifest_of,
    output_of,
    rerun,
    retried,
    task_runs,
)
from tests.support.small_disk import small_disk
from tests.support.vellum_stand_in import ChatHistory, StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

BATCHES: dict[str, Any] = {**QUICK, "conversations_per_task_run": 4}
RETRIES: dict[str, Any] = {**BATCHES, "seed_retries": 2, "seed_retry_delay_seconds": 0}
CALLS = 6
"""Of one conversation."""


async def conversations(seeds: Path, state: State[Any]) -> pd.DataFrame:
    manifest = await manifest_of(state)
    return pd.read_parquet(folder(seeds, manifest) / "conversations.parquet")


async def simulations(state: State[Any], count: int) -> dict[str, TaskRun]:
    """The task runs that simulate, by name, once the server has that many and all have ended."""
    while True:
        runs = [run for run in await task_runs(state) if run.name.startswith("simulate-")]
        if len(runs) >= count and all(run.state and run.state.is_final() for run in runs):
            return {run.name: run for run in runs}
        await asyncio.sleep(0.1)


async def id_of(seeds: Path, state: State[Any], number: int) -> str:
    """The conversation of this seed that failed."""
    failures = pd.read_csv(folder(seeds, await manifest_of(state)) / "failures.csv")
    [found] = failures[failures["seed_message"].str.endswith(f" {number}?")]["id"]
    return str(found)


async def test_a_batch_makes_what_task_runs_of_their_own_make(
    seeds_csv: Path, vellum: StandIn
) -> None:
    state = await generated(seeds_csv, advanced=BATCHES)
    frame = await conversations(seeds_csv, state)
    assert state.is_completed()
    assert list(frame["seed_message"]) == seeds_csv.read_text().splitlines()
    assert len(vellum.requests) == 10 * CALLS
    ids = list(frame["conversation_id"])
    assert (await simulations(state, 3)).keys() == {
        f"simulate-{ids[0]}-and-3-more",
        f"simulate-{ids[4]}-and-3-more",
        f"simulate-{ids[8]}-and-1-more",
    }
    alone = await generated(seeds_csv, advanced={**QUICK, "conversations_per_task_run": 1})
    same = (await conversations(seeds_csv, alone))[["conversation_id", "seed_message"]]
    pd.testing.assert_frame_equal(frame[["conversation_id", "seed_message"]], same)


@pytest.mark.parametrize(
    ("failure", "calls"), [("status:503", 3), ("status:400", 1)], ids=["transient", "fatal"]
)
async def test_a_failing_seed_has_its_own_task_run_and_the_batch_was_its_first_attempt(
    seeds_csv: Path, vellum: StandIn, failure: str, calls: int
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": failure}
    state = await generated(seeds_csv, advanced=RETRIES)
    assert "1 failed and 0 invalid of 10" in str(state.message)
    assert len(vellum.requests) == 9 * CALLS + calls
    name = f"simulate-{await id_of(seeds_csv, state, 3)}"
    runs = await simulations(state, 4)
    assert [n for n in runs if "-more" not in n] == [name]
    failed = runs.pop(name)
    assert failed.state is not None
    assert failed.state.is_failed()
    assert failure.removeprefix("status:") in str(failed.state.message)
    assert failed.run_count == calls
    assert all(run.state and run.state.is_completed() for run in runs.values())
    failures = pd.read_csv(folder(seeds_csv, await manifest_of(state)) / "failures.csv")
    assert list(failures["attempts"]) == [calls]


async def test_without_retries_the_batch_was_the_only_attempt(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:503"}
    state = await generated(seeds_csv, advanced=BATCHES)
    assert (await manifest_of(state)).counts.failed == 1
    assert len(vellum.requests) == 9 * CALLS + 1


async def test_a_seed_that_failed_in_its_batch_continues_alone_where_it_stopped(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["simulated-user"].failures = ["status:503"]
    state = await generated(seeds_csv, advanced=RETRIES)
    assert state.is_completed()
    asked = Counter((str(r.metadata), r.deployment, len(r.chat_history)) for r in vellum.requests)
    assert len(asked) == 10 * CALLS
    assert sorted(asked.values())[-2:] == [1, 2]
    [alone] = [run for n, run in (await simulations(state, 4)).items() if "-more" not in n]
    assert alone.state is not None
    assert alone.state.is_completed()
    assert alone.run_count == 2


async def test_a_seed_that_waits_for_its_retry_holds_up_no_batch(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 1?": "status:503"}
    waiting = {**RETRIES, "seed_retries": 1, "seed_retry_delay_seconds": 4}
    await generated(seeds_csv, max_concurrency=1, advanced=waiting)
    opened_with = [str(request.chat_history[0]["text"]) for request in vellum.requests]
    assert len(opened_with) == 9 * CALLS + 2
    assert opened_with[-1].endswith("number 1?")


async def test_an_invalid_conversation_is_restarted_in_its_batch_and_on_a_retry(
    seeds_csv: Path, vellum: StandIn
) -> None:
    user = vellum.deployments["simulated-user"]
    good_reply = user.reply

    def echo(seed_id: str, chat_history: ChatHistory) -> str:
        asks_for_7 = "number 7?" in str(chat_history[0]["text"])
        return str(chat_history[-1]["text"]) if asks_for_7 else good_reply(seed_id, chat_history)

    user.reply = echo
    first = await generated(seeds_csv, advanced=RETRIES)
    assert (await manifest_of(first)).counts.invalid == 1
    assert len(vellum.requests) == 12 * CALLS
    assert len(await simulations(first, 3)) == 3

    user.reply = good_reply
    vellum.requests.clear()
    second = await retried(first)
    assert (await manifest_of(second)).counts.valid == 10
    assert len(vellum.requests) == CALLS


async def test_a_retry_or_a_resumed_run_simulates_only_what_failed(
    seeds_csv: Path, vellum: StandIn
) -> None:
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {"number 3?": "status:503", "number 7?": "status:503"}
    first = await generated(seeds_csv, advanced=BATCHES)
    version = (await manifest_of(first)).version
    user.when_history_contains = {"number 7?": "status:503"}
    vellum.requests.clear()
    assert (await manifest_of(await retried(first))).counts.valid == 9
    assert len(vellum.requests) == 5 + 1
    user.when_history_contains = {}
    vellum.requests.clear()
    resumed = await generated(seeds_csv, advanced={**BATCHES, "resume": version})
    assert (await manifest_of(resumed)).version == latest(seeds_csv)["version"] == version
    assert len(vellum.requests) == 5


async def test_a_rerun_continues_in_batches_with_what_is_in_the_versions_files(
    seeds_csv: Path, vellum: StandIn
) -> None:
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {f"number {n}?": "status:503" for n in (2, 3, 7)}
    passing = {**BATCHES, "gates": ANYTHING_PASSES}
    await generated(seeds_csv, advanced=passing)
    user.when_history_contains = {"number 3?": "status:503"}
    vellum.requests.clear()
    rmtree(output_of(seeds_csv) / "seeds" / ".checkpoints")
    state = await rerun(seeds_csv)
    assert (await manifest_of(state)).counts.valid == 9
    assert len(vellum.requests) == 5 + 5 + 1
    names = {name.rpartition("-and-")[2] for name in await simulations(state, 2)}
    assert names == {"2-more", f"simulate-{await id_of(seeds_csv, state, 3)}"}


@pytest.mark.parametrize(("before", "after"), [(4, 4), (1, 4), (4, 1)])
async def test_what_has_not_changed_is_reused_whoever_shared_a_task_run(
    seeds_csv: Path, vellum: StandIn, before: int, after: int
) -> None:
    reuse = {**QUICK, "reuse_unchanged": True}
    await generated(seeds_csv, advanced={**reuse, "conversations_per_task_run": before})
    seeds_csv.write_text(seeds_csv.read_text().replace("number 3?", "number 33?"))
    vellum.requests.clear()
    state = await generated(seeds_csv, advanced={**reuse, "conversations_per_task_run": after})
    assert (await manifest_of(state)).counts.valid == 10
    assert len(vellum.requests) == CALLS
    unchanged = output_of(seeds_csv) / "seeds" / ".checkpoints" / "unchanged"
    assert len([file for file in unchanged.iterdir() if ".draft." not in file.name]) == 11


async def test_no_more_conversations_than_allowed_are_in_flight_and_waiting_is_not_counted(
    seeds_csv: Path, vellum: StandIn
) -> None:
    for deployment in vellum.deployments.values():
        deployment.latency_ms = 30
    state = await generated(seeds_csv, max_concurrency=3, advanced=BATCHES)
    assert vellum.most_in_flight == 3
    frame = await conversations(seeds_csv, state)
    for moment in frame["started_at"]:
        going_on = (frame["started_at"] <= moment) & (moment < frame["ended_at"])
        assert going_on.sum() <= 3


async def test_beyond_two_hundred_25_share_a_task_run_unless_the_run_says_otherwise(
    seeds_csv: Path, vellum: StandIn
) -> None:
    seeds_csv.write_text("".join(f"Question number {n}?\n" for n in range(230)))
    state = await generated(seeds_csv, turns=1)
    assert (await manifest_of(state)).counts.valid == 230
    assert len(vellum.requests) == 230 * 2
    names = list(await simulations(state, 10))
    assert Counter(name.partition("-and-")[2] for name in names) == {"24-more": 9, "4-more": 1}


@pytest.mark.parametrize("in_a_task_run", [1, 4])
async def test_where_nothing_can_be_stored_the_dataset_is_complete_all_the_same(
    seeds_csv: Path,
    vellum: StandIn,
    caplog: pytest.LogCaptureFixture,
    in_a_task_run: int,
) -> None:
    """A seed fails meanwhile, and still resumes where it stopped."""
    checkpoints = output_of(seeds_csv) / "seeds" / ".checkpoints"
    checkpoints.parent.mkdir(parents=True)
    vellum.deployments["simulated-user"].failures = ["status:503"]
    advanced = {**RETRIES, "conversations_per_task_run": in_a_task_run}
    with small_disk(checkpoints, size_kb=4) as full:
        (full / "filler").write_text("all of it")
        state = await generated(seeds_csv, advanced=advanced)
    assert (await manifest_of(state)).counts.valid == 10
    assert len(vellum.requests) == 10 * CALLS + 1
    # The participants' releases, and of each conversation the result and at most its first draft.
    assert 11 <= caplog.text.count("could not be stored as a checkpoint") <= 22
    assert "Where is my order" not in caplog.text


async def test_a_disk_that_is_soon_full_costs_only_what_it_could_not_store(
    seeds_csv: Path, vellum: StandIn
) -> None:
    checkpoints = output_of(seeds_csv) / "seeds" / ".checkpoints"
    checkpoints.parent.mkdir(parents=True)
    with small_disk(checkpoints, size_kb=28) as disk:
        state = await generated(seeds_csv, advanced=BATCHES)
        manifest = await manifest_of(state)
        assert manifest.counts.valid == 10
        files = (disk / manifest.version).iterdir()
        stored = [
            file
            for file in files
            if file.stat().st_size and file.stem != "participants" and ".draft." not in file.name
        ]
        assert len(stored) < 10
        vellum.requests.clear()
        again = await generated(seeds_csv, advanced={**BATCHES, "resume": manifest.version})
        assert (await manifest_of(again)).counts.valid == 10
    # Drafts took up the disk, and what they hold is not asked again either.
    assert 0 < len(vellum.requests) < (10 - len(stored)) * CALLS
