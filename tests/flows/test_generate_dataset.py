"""The main flow, on a real Prefect server, with the real Vellum SDK against a stand-in server."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

from duologue.dataset.manifest import IncompleteDatasetError, Manifest
from duologue.errors import DuologueError, UsageError
from duologue.tasks.jobs import FATAL_BEFORE_STOP
from tests.conftest import API_KEY
from tests.flows.test_publication import summary_of
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    latest,
    manifest_of,
    output_of,
    retried,
    task_runs,
)
from tests.support.vellum_stand_in import ChatHistory, StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

ANYTHING: dict[str, Any] = {**QUICK, "gates": ANYTHING_PASSES}


async def test_every_seed_becomes_a_conversation_of_the_dataset(
    seeds_csv: Path, vellum: StandIn
) -> None:
    state = await generated(seeds_csv, turns=2)
    manifest = await manifest_of(state)
    assert state.is_completed()
    frame = pd.read_parquet(folder(seeds_csv, manifest) / "conversations.parquet")
    assert list(frame["seed_message"]) == seeds_csv.read_text().splitlines()
    assert all(len(messages) == 5 for messages in frame["messages"])
    assert len(vellum.requests) == 10 * 2 * 2
    assert latest(seeds_csv)["version"] == manifest.version
    assert manifest.counts.valid == manifest.counts.seeds == 10


async def test_no_more_conversations_than_allowed_are_in_flight(
    seeds_csv: Path, vellum: StandIn
) -> None:
    for deployment in vellum.deployments.values():
        deployment.latency_ms = 30
    await generated(seeds_csv, max_concurrency=3)
    assert vellum.most_in_flight == 3


async def test_the_good_conversations_are_published_although_some_seeds_fail(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:503"}
    state = await generated(seeds_csv)
    manifest = await manifest_of(state)
    assert state.is_failed()
    assert state.message is not None
    assert "1 failed and 0 invalid of 10" in state.message
    assert len(pd.read_parquet(folder(seeds_csv, manifest) / "conversations.parquet")) == 9
    failures = pd.read_csv(folder(seeds_csv, manifest) / "failures.csv")
    assert list(failures["seed_message"]) == ["Where is my order number 3?"]
    assert "503" in failures["reason"][0]
    assert failures["attempts"][0] == 1
    assert [m["text"] for m in json.loads(failures["chat_history"][0])] == [
        "Where is my order number 3?"
    ]
    assert latest(seeds_csv)["version"] == manifest.version
    with pytest.raises(IncompleteDatasetError, match="1 failed and 0 invalid of 10"):
        await state.aresult()


async def test_a_failed_call_is_tried_again_and_then_nobody_knows(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].failures = ["status:503", "status:429", "reset"]
    state = await generated(
        seeds_csv,
        advanced={
            **QUICK,
            "call": {**QUICK["call"], "max_attempts": 4},
            "budget": {"max_calls": 10 * 6 + 2},  # a refused call is none
        },
    )
    assert state.is_completed()
    assert len(vellum.requests) == 10 * 6 + 3
    [limit] = (await manifest_of(state)).account_limits
    assert (limit.account, limit.refused) == (vellum.url, 1)
    assert f"{limit}." in await summary_of(state)


async def test_a_seed_that_is_tried_again_continues_where_it_stopped(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """The third call of one conversation fails; its seed's retry makes that call and no other."""
    seeds_csv.write_text("Where is my order?\n")
    vellum.deployments["simulated-user"].failures = ["status:503"]
    state = await generated(
        seeds_csv, advanced={**QUICK, "seed_retries": 1, "seed_retry_delay_seconds": 0}
    )
    assert state.is_completed()
    asked = Counter((r.deployment, len(r.chat_history)) for r in vellum.requests)
    assert asked[("simulated-user", 2)] == 2
    assert sum(asked.values()) == 6 + 1


async def test_a_fatal_error_is_not_tried_again(seeds_csv: Path, vellum: StandIn) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:400"}
    state = await generated(
        seeds_csv,
        advanced={"seed_retries": 2, "call": {**QUICK["call"], "max_attempts": 5}},
    )
    assert "1 failed" in str(state.message)
    assert len(vellum.requests) == 9 * 6 + 1


@pytest.mark.parametrize("in_a_task_run", [1, 4])
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("status:401", "401"),
        ("status:403", "403"),
        ("status:404", "404"),
        ("output_named:reply", "has no output 'final-output'"),
    ],
)
async def test_what_every_seed_would_meet_stops_the_run_and_the_failures_are_written(
    seeds_csv: Path, vellum: StandIn, failure: str, reason: str, in_a_task_run: int
) -> None:
    write_questions(seeds_csv, 200)
    vellum.deployments["support-bot"].always = failure
    advanced = {**ANYTHING, "conversations_per_task_run": in_a_task_run}
    state = await generated(seeds_csv, max_concurrency=4, advanced=advanced)
    assert len(vellum.requests) <= 8
    manifest = await manifest_of(state)
    check_stopped_early(seeds_csv, state, manifest, reason)
    assert manifest.counts.failed == 200
    failures = pd.read_csv(folder(seeds_csv, manifest) / "failures.csv")
    assert len(failures) == 200
    assert failures["reason"].str.contains(reason, regex=False).all()
    assert failures["attempts"].sum() == manifest.attempts <= 8
    assert manifest.failed_by_error_class["NotTriedError"] >= 192


async def test_where_nothing_but_fatal_failures_came_the_run_stops(
    seeds_csv: Path, vellum: StandIn
) -> None:
    write_questions(seeds_csv, 200)
    vellum.deployments["support-bot"].always = "status:400"
    state = await generated(seeds_csv, max_concurrency=4, advanced=ANYTHING)
    manifest = await manifest_of(state)
    check_stopped_early(seeds_csv, state, manifest, "the first 2\\d seeds all failed; .*400")
    assert manifest.counts.failed == 200
    assert len(vellum.requests) <= FATAL_BEFORE_STOP + 4


@pytest.mark.parametrize("in_a_task_run", [1, 8])
@pytest.mark.parametrize("in_flight", [32, 4])
async def test_seeds_that_fail_at_once_do_not_stop_those_that_take_longer(
    seeds_csv: Path, vellum: StandIn, in_flight: int, in_a_task_run: int
) -> None:
    write_questions(seeds_csv, 40)
    bot = vellum.deployments["support-bot"]
    bot.when_history_contains = {f"number {n}?": "status:400" for n in range(10)}
    vellum.deployments["simulated-user"].latency_ms = 200
    advanced = {**ANYTHING, "conversations_per_task_run": in_a_task_run}
    state = await generated(seeds_csv, turns=1, max_concurrency=in_flight, advanced=advanced)
    manifest = await manifest_of(state)
    assert (manifest.counts.valid, manifest.counts.failed) == (30, 10)
    assert manifest.held_back == ()


async def test_seeds_that_take_longer_than_many_that_fail_are_awaited(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """More fail than stop a run, while those that were in flight from the start still run."""
    write_questions(seeds_csv, 60)
    bot = vellum.deployments["support-bot"]
    bot.when_history_contains = {f"number {n}?": "status:400" for n in range(2, 52)}
    vellum.deployments["simulated-user"].latency_ms = 1500
    state = await generated(seeds_csv, turns=1, max_concurrency=4, advanced=ANYTHING)
    counts = (await manifest_of(state)).counts
    assert (counts.valid, counts.failed) == (10, 50)


async def test_an_output_that_only_some_executions_lack_stops_nothing(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """The Workflow may end elsewhere for some messages; its output's name is right all the same."""
    bot = vellum.deployments["support-bot"]
    bot.when_history_contains = {f"number {n}?": "output_named:handoff" for n in (6, 7, 8, 9)}
    manifest = await manifest_of(await generated(seeds_csv, max_concurrency=1, advanced=ANYTHING))
    assert manifest.failed_by_error_class == {"FatalError": 4}
    assert manifest.held_back == ()


@pytest.mark.parametrize("in_a_task_run", [1, 4])
async def test_what_was_finished_before_is_in_a_version_that_stops_early(
    seeds_csv: Path, vellum: StandIn, in_a_task_run: int
) -> None:
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {"number 1?": "status:503", "number 2?": "status:503"}
    advanced = {**ANYTHING, "conversations_per_task_run": in_a_task_run}
    first = await generated(seeds_csv, max_concurrency=1, advanced=advanced)
    user.always, user.when_history_contains = "status:401", {}
    vellum.requests.clear()
    stopped = await retried(first)
    manifest = await manifest_of(stopped)
    assert (manifest.counts.valid, manifest.counts.failed) == (8, 2)
    assert "the run stopped early" in manifest.held_back[0]
    assert len(vellum.requests) <= 2
    user.always = None
    vellum.requests.clear()
    whole = await manifest_of(await retried(stopped))
    assert (whole.counts.valid, whole.held_back, whole.revision) == (10, (), 3)
    assert len(vellum.requests) == 2 * 5


def write_questions(seeds: Path, count: int) -> None:
    seeds.write_text("".join(f"Question number {n}?\n" for n in range(count)))


def check_stopped_early(seeds: Path, state: State[Any], manifest: Manifest, reason: str) -> None:
    """Its version says why, and is not published."""
    counts = manifest.counts
    assert state.is_failed()
    assert re.search(f"the run stopped early: .*{reason}", str(state.message))
    assert re.search(f"^the run stopped early: .*{reason}", manifest.held_back[0])
    assert counts.seeds == counts.valid + counts.invalid + counts.failed
    assert not (output_of(seeds) / "seeds" / "latest.json").exists()


async def test_a_night_makes_every_conversation_again(seeds_csv: Path, vellum: StandIn) -> None:
    first = await manifest_of(await generated(seeds_csv))
    second = await manifest_of(await generated(seeds_csv))
    assert first.version != second.version
    assert len(vellum.requests) == 2 * 60


async def test_unchanged_conversations_are_reused_when_the_run_requests_it(
    seeds_csv: Path, vellum: StandIn
) -> None:
    reuse = {**QUICK, "reuse_unchanged": True}
    await generated(seeds_csv, advanced=reuse)
    seeds_csv.write_text(seeds_csv.read_text().replace("number 3?", "number 33?"))
    vellum.requests.clear()
    state = await generated(seeds_csv, advanced=reuse)
    assert (await manifest_of(state)).counts.valid == 10
    assert len(vellum.requests) == 6


async def test_several_conversations_of_a_seed_are_several_samples(
    seeds_csv: Path, vellum: StandIn
) -> None:
    manifest = await manifest_of(await generated(seeds_csv, conversations_per_seed=3, turns=1))
    frame = pd.read_parquet(folder(seeds_csv, manifest) / "conversations.parquet")
    assert Counter(frame["sample"]) == {1: 10, 2: 10, 3: 10}
    assert frame["conversation_id"].is_unique
    assert len(vellum.requests) == 60


async def test_task_runs_are_named_after_their_seed_and_the_run_is_tagged(
    seeds_csv: Path, vellum: StandIn
) -> None:
    seeds_csv.write_text("message,seed_id\nWhere is it?,order-1\nAnd mine?,order-2\n")
    state = await generated(seeds_csv)
    names = {run.name for run in await task_runs(state, at_least=5)}
    assert {"simulate-order-1-1", "simulate-order-2-1"} <= names
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    async with get_client() as client:
        flow_run = await client.read_flow_run(flow_run_id)
    assert {"duologue", "dataset:seeds"} <= set(flow_run.tags)


async def test_the_ui_gets_a_progress_a_summary_and_a_table_of_failures(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:400"}
    state = await generated(seeds_csv)
    async with get_client() as client:
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(
                flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
            )
        )
    by_key = {artifact.key: artifact for artifact in artifacts}
    assert by_key["conversations"].data == 100
    assert "| valid | 9 |" in str(by_key["summary-seeds"].data)
    assert "400" in str(by_key["failures-seeds"].data)


async def test_neither_key_nor_conversation_is_in_logs_results_of_failures_or_artifacts(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status_repeating:400"}
    state = await generated(seeds_csv)
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    async with get_client() as client:
        logs = await client.read_logs(
            log_filter=LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id]))
        )
        artifacts = await client.read_artifacts()
        flow_run = await client.read_flow_run(flow_run_id)
    shown = " ".join(
        [
            *(log.message for log in logs),
            *(str(artifact.data) for artifact in artifacts),
            flow_run.model_dump_json(),
            *(run.model_dump_json() for run in await task_runs(state, at_least=13)),
        ]
    )
    assert API_KEY not in shown
    assert "Where is my order" not in shown


async def test_checkpoints_are_with_the_dataset_and_hold_no_key(
    seeds_csv: Path, vellum: StandIn, tmp_path: Path
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status_repeating:400"}
    storage = tmp_path / "prefect-results"
    with temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: storage}):
        version = (await manifest_of(await generated(seeds_csv))).version
    assert list(storage.rglob("*")) == [], "Prefect stores nothing"
    files = list((output_of(seeds_csv) / "seeds" / ".checkpoints" / version).iterdir())
    assert Counter(len(file.name.split(".")) for file in files) == {2: 10, 3: 1}, (
        "9 conversations, the participants, and the draft of the one that failed"
    )
    for path in files:
        assert API_KEY not in path.read_text()
        for part in filter(None, path.read_text().splitlines()):
            json.loads(part)


async def test_wrong_use_ends_the_run_before_anything_is_asked(
    tmp_path: Path, vellum: StandIn
) -> None:
    state = await generated(tmp_path / "missing.csv")
    with pytest.raises(UsageError, match=r"missing\.csv"):
        await state.aresult()
    assert vellum.requests == []


async def test_every_error_of_a_run_is_one_of_ours(
    seeds_csv: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VELLUM_API_KEY")
    state = await generated(seeds_csv)
    with pytest.raises(DuologueError, match="VELLUM_API_KEY is not set"):
        await state.aresult()


async def test_a_retry_simulates_only_what_is_missing_and_completes_the_version(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """Seed 3 fails at its second call, seed 7 is invalid; both are repaired, the others kept."""
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {"number 3?": "status:503"}
    good_reply = user.reply

    def echo(seed_id: str, chat_history: ChatHistory) -> str:
        last = str(chat_history[-1]["text"])
        asks_for_7 = "number 7?" in str(chat_history[0]["text"])
        return last if asks_for_7 else good_reply(seed_id, chat_history)

    user.reply = echo
    first = await generated(seeds_csv)
    assert (await manifest_of(first)).counts.invalid == 1
    assert (await manifest_of(first)).counts.failed == 1

    user.when_history_contains, user.reply = {}, good_reply
    vellum.requests.clear()
    second = await retried(first)
    assert second.is_completed()
    version = (await manifest_of(first)).version
    assert (latest(seeds_csv)["version"], latest(seeds_csv)["revision"]) == (version, 2)
    whole = seeds_csv.parent / "datasets" / "seeds" / latest(seeds_csv)["path"]
    assert len(pd.read_parquet(whole / "conversations.parquet")) == 10
    asked = Counter(request.metadata["seed_id"] for request in vellum.requests if request.metadata)
    assert sorted(asked.values()) == [5, 6]  # one continues, one restarts


async def test_a_retry_of_200_seeds_of_which_10_failed_simulates_exactly_10(
    seeds_csv: Path, vellum: StandIn
) -> None:
    seeds_csv.write_text("".join(f"Where is order {n:03}?\n" for n in range(200)))
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {f"order {n:03}?": "status:503" for n in range(0, 200, 20)}
    first = await generated(seeds_csv)
    assert (await manifest_of(first)).counts.failed == 10
    user.when_history_contains = {}
    vellum.requests.clear()
    second = await retried(first)
    assert (await manifest_of(second)).counts.valid == 200
    asked = Counter(request.metadata["seed_id"] for request in vellum.requests if request.metadata)
    assert list(asked.values()) == [5] * 10  # of six calls each, the first had been answered


async def test_a_run_that_was_cut_short_is_resumed_with_what_it_had(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:503"}
    first = await manifest_of(await generated(seeds_csv))
    vellum.deployments["support-bot"].when_history_contains = {}
    vellum.requests.clear()
    resumed = await generated(seeds_csv, advanced={**QUICK, "resume": first.version})
    assert resumed.is_completed()
    assert (await manifest_of(resumed)).version == first.version
    assert len(vellum.requests) == 6


async def test_a_run_that_left_nothing_cannot_be_resumed(seeds_csv: Path, vellum: StandIn) -> None:
    state = await generated(seeds_csv, advanced={**QUICK, "resume": "20200101T000000000Z-00000000"})
    with pytest.raises(UsageError, match="has no checkpoints of that run"):
        await state.aresult()
    assert vellum.requests == []


async def test_another_setting_is_another_conversation_also_when_resumed(
    seeds_csv: Path, vellum: StandIn
) -> None:
    first = await manifest_of(await generated(seeds_csv))
    vellum.requests.clear()
    await generated(seeds_csv, turns=2, advanced={**QUICK, "resume": first.version})
    assert len(vellum.requests) == 10 * 4


async def test_an_invalid_conversation_is_simulated_again_within_the_seeds_attempts(
    seeds_csv: Path, vellum: StandIn
) -> None:
    """Its user echoes the first two times; what came of that is in no cache and no dataset."""
    seeds_csv.write_text("Where is my order?\n")
    user = vellum.deployments["simulated-user"]
    good_reply, echoes = user.reply, iter([True, True, False])

    def echo_twice(seed_id: str, chat_history: ChatHistory) -> str:
        opens = len(chat_history) == 2
        if opens and next(echoes):
            return str(chat_history[-1]["text"])
        return good_reply(seed_id, chat_history)

    user.reply = echo_twice
    manifest = await manifest_of(
        await generated(seeds_csv, turns=2, advanced={**QUICK, "seed_retries": 2})
    )
    assert (manifest.counts.valid, manifest.counts.invalid) == (1, 0)
    assert len(vellum.requests) == 3 * 4
    frame = pd.read_parquet(folder(seeds_csv, manifest) / "conversations.parquet")
    assert list(frame["attempts"]) == [3]
    assert manifest.attempts == 3


async def test_the_last_invalid_transcript_stays_to_be_read(
    seeds_csv: Path, vellum: StandIn
) -> None:
    seeds_csv.write_text("Where is my order?\n")
    vellum.deployments["simulated-user"].reply = lambda seed_id, history: str(history[-1]["text"])
    state = await generated(seeds_csv, turns=2, advanced={**QUICK, "seed_retries": 1})
    manifest = await manifest_of(state)
    assert manifest.counts.invalid == 1
    assert len(vellum.requests) == 2 * 4
    failures = pd.read_csv(folder(seeds_csv, manifest) / "failures.csv")
    assert list(failures["attempts"]) == [2]
    assert len(json.loads(failures["chat_history"][0])) == 5
