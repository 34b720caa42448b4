"""Replies that fail, and evaluations that are retried, resumed or stopped because of it."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State, TaskRun

from duologue.errors import UsageError
from duologue.evaluation.manifest import EvaluationManifest, FailedEvaluationError
from duologue.evaluation.replies import Side, Verdict
from duologue.flows.evaluate_dataset import evaluate_dataset
from duologue.tasks.jobs import FATAL_BEFORE_STOP
from duologue.tasks.show_evaluation import evaluation_summary
from tests.dataset.making import VERSION
from tests.support import own_bots
from tests.support.evaluating import (
    ANYTHING_PASSES,
    PREFIXES,
    QUICK,
    evaluated,
    evaluation_of,
    folder,
    rows,
    write_one,
)
from tests.support.generating import retried, task_runs
from tests.support.small_disk import small_disk
from tests.support.vellum_stand_in import StandIn, bot_reply

pytestmark = pytest.mark.usefixtures("prefect_server")

PASSING: dict[str, Any] = {**QUICK, "gates": ANYTHING_PASSES}
RETRIES: dict[str, Any] = {**PASSING, "reply_retries": 2, "reply_retry_delay_seconds": 0}
OF_2, OF_3 = "number 2?", "number 3?"
"""Each in the chat history of the three prefixes of one conversation."""
LATER = "20261125T053516000Z-1a2b3c4d"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where there is a version of four conversations, with twelve prefixes."""
    write_one(tmp_path / "datasets")
    return tmp_path / "datasets"


both_ways = pytest.mark.parametrize("in_a_task_run", [1, 5])


async def replays(state: State[Any], count: int) -> dict[str, TaskRun]:
    """The task runs that ask, by name, once the server has that many and all have ended."""
    while True:
        runs = [run for run in await task_runs(state, count) if run.name.startswith("replay-")]
        if len(runs) >= count and all(run.state and run.state.is_final() for run in runs):
            return {run.name: run for run in runs}


@both_ways
async def test_a_reply_that_fails_is_requested_again_only_where_that_may_help(
    output: Path, vellum: StandIn, in_a_task_run: int
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {
        OF_2: "status:400",
        OF_3: "status:503",
    }
    state = await evaluated(output, advanced={**RETRIES, "replies_per_task_run": in_a_task_run})
    manifest = await evaluation_of(state)
    assert state.is_completed()
    expected = {
        f"s{conversation}-1-t{turn}": how_it_failed
        for conversation, how_it_failed in (
            (2, ("400", "FatalError", 1)),
            (3, ("503", "TransientError", 3)),
        )
        for turn in (1, 2, 3)
    }
    assert len(vellum.requests) == 6 + 3 * 1 + 3 * 3
    assert manifest.sides[Side.CANDIDATE].verdicts[Verdict.FAILED] == 6
    assert sum(manifest.sides[Side.CANDIDATE].verdicts.values()) == manifest.prefixes == 12
    failed = [row for row in rows(output, manifest) if row["verdict"] == "failed"]
    assert [row["next_turn_id"] for row in failed] == list(expected)
    runs = await replays(state, 12 if in_a_task_run == 1 else 3 + 6)
    for row in failed:
        status, error, calls = expected[row["next_turn_id"]]
        assert (row["reply"], row["attempts"], row["error_class"]) == (None, None, error)
        assert status in row["reason"]
        assert row["score_similarity"] is None
        run = runs[f"replay-{row['next_turn_id']}"]
        assert run.state is not None
        assert (run.state.is_failed(), run.run_count) == (True, calls)
    if in_a_task_run > 1:
        assert sorted(name for name in runs if "-more" in name) == [
            "replay-s1-1-t1-and-4-more",
            "replay-s2-1-t3-and-4-more",
            "replay-s4-1-t2-and-1-more",
        ]


@both_ways
async def test_a_call_that_failed_once_is_made_again_and_then_nobody_knows(
    output: Path, vellum: StandIn, in_a_task_run: int
) -> None:
    vellum.deployments["support-bot"].failures = ["status:503", "status:429", "reset"]
    state = await evaluated(
        output,
        advanced={
            **QUICK,
            "replies_per_task_run": in_a_task_run,
            "call": {**QUICK["call"], "max_attempts": 4},
        },
    )
    manifest = await evaluation_of(state)
    assert state.is_completed()
    assert len(vellum.requests) == 12 + 3
    # Being told to wait (429) is no attempt.
    assert sum(row["attempts"] for row in rows(output, manifest)) == 12 + 2
    [limit] = manifest.account_limits
    assert (limit.account, limit.refused) == (vellum.url, 1)
    assert f"{limit}." in evaluation_summary("a", manifest)


async def test_too_many_failures_fail_the_run_and_the_evaluation_is_written_all_the_same(
    output: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {OF_3: "status:503"}
    state = await evaluated(output)
    manifest = await evaluation_of(state)
    why = "3 of 12 prefixes have no reply (25.0%); max_failed_share allows 5.0%"
    assert manifest.failed_gates == (why,)
    assert state.is_failed()
    assert state.message == (f"support-bot@production does not pass on shop {VERSION}: {why}")
    with pytest.raises(FailedEvaluationError, match="3 of 12 prefixes have no reply"):
        await state.aresult()
    written = json.loads((folder(output, manifest) / "evaluation.json").read_text())
    assert written["failed_gates"] == [why]
    assert len(rows(output, manifest)) == 12


@both_ways
async def test_a_retry_asks_only_for_what_failed_and_writes_the_same_evaluation_again(
    output: Path, vellum: StandIn, in_a_task_run: int
) -> None:
    """Although `latest` is another version by then."""
    vellum.deployments["support-bot"].when_history_contains = {OF_3: "status:503"}
    advanced = {**QUICK, "replies_per_task_run": in_a_task_run}
    first = await evaluated(output, advanced=advanced)
    before = await evaluation_of(first)
    write_one(output, conversations=7, version=LATER)
    vellum.deployments["support-bot"].when_history_contains = {}
    vellum.requests.clear()
    second = await retried(first, evaluate_dataset)
    after = await evaluation_of(second)
    assert second.is_completed()
    asked = [r.chat_history for r in vellum.requests]
    assert sorted(len(history) for history in asked) == [1, 3, 5]
    assert all(OF_3 in str(history[0]["text"]) for history in asked)
    assert (after.evaluation, after.version.version) == (before.evaluation, VERSION)
    assert after.started_at == before.started_at
    assert after.sides[Side.CANDIDATE].verdicts[Verdict.FAILED] == 0
    evaluations = {path.name for path in (output / "shop" / "evaluations").iterdir()}
    assert evaluations == {after.evaluation, ".checkpoints"}
    assert {row["verdict"] for row in rows(output, after)} == {"same", "without_reference"}


async def test_a_retry_never_takes_another_version_than_its_first_attempt(
    output: Path, vellum: StandIn
) -> None:
    """A dataset's folder is named, where `latest` may lead elsewhere by now."""
    vellum.deployments["support-bot"].when_history_contains = {OF_3: "status:503"}
    first = await evaluated(output, version=str(output / "shop"))
    write_one(output, version=LATER)
    vellum.requests.clear()
    with pytest.raises(UsageError, match=f"is of version {VERSION}, not {LATER}"):
        await (await retried(first, evaluate_dataset)).aresult()
    assert vellum.requests == []


@both_ways
async def test_an_evaluation_is_resumed_with_what_it_had(
    output: Path, vellum: StandIn, in_a_task_run: int
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {OF_3: "status:503"}
    advanced = {**PASSING, "replies_per_task_run": in_a_task_run}
    first = await evaluation_of(await evaluated(output, advanced=advanced))
    vellum.deployments["support-bot"].when_history_contains = {}
    vellum.requests.clear()
    resumed = await evaluation_of(
        await evaluated(output, advanced={**advanced, "resume": first.evaluation})
    )
    assert resumed.evaluation == first.evaluation
    assert len(vellum.requests) == 3
    vellum.requests.clear()
    another = await evaluation_of(await evaluated(output, advanced=advanced))
    assert another.evaluation != first.evaluation
    assert len(vellum.requests) == 12


async def test_another_candidate_is_asked_again_also_when_resumed(
    output: Path, vellum: StandIn
) -> None:
    first = await evaluation_of(await evaluated(output))
    vellum.requests.clear()
    await evaluated(
        output, candidate="support-bot@next", advanced={**QUICK, "resume": first.evaluation}
    )
    assert len(vellum.requests) == 12


async def test_an_evaluation_of_another_version_is_not_resumed(
    output: Path, vellum: StandIn
) -> None:
    first = await evaluation_of(await evaluated(output))
    write_one(output, version=LATER)
    vellum.requests.clear()
    resume = {**QUICK, "resume": first.evaluation}
    state = await evaluated(output, advanced=resume)
    with pytest.raises(
        UsageError, match=f"is of version {VERSION}, not {LATER}; name that version"
    ):
        await state.aresult()
    assert vellum.requests == []
    assert (await evaluated(output, version=VERSION, advanced=resume)).is_completed()
    assert vellum.requests == []


@pytest.mark.parametrize("evaluation", ["20200101T000000000Z-00000000", "yesterday"])
async def test_what_nothing_is_kept_of_cannot_be_resumed(
    output: Path, vellum: StandIn, evaluation: str
) -> None:
    state = await evaluated(output, advanced={**QUICK, "resume": evaluation})
    with pytest.raises(UsageError, match=f"resume .?{evaluation}"):
        await state.aresult()
    assert vellum.requests == []
    assert not list(output.rglob("evaluation.json"))


@both_ways
@pytest.mark.parametrize("failure", ["status:401", "status:403", "status:404"])
async def test_what_every_reply_would_meet_stops_the_run_and_the_failures_are_written(
    tmp_path: Path, vellum: StandIn, failure: str, in_a_task_run: int
) -> None:
    write_one(tmp_path, conversations=20)
    vellum.deployments["support-bot"].always = failure
    state = await evaluated(
        tmp_path,
        max_concurrency=4,
        advanced={**RETRIES, "replies_per_task_run": in_a_task_run},
    )
    assert len(vellum.requests) <= 8
    manifest = await evaluation_of(state)
    check_stopped_early(state, manifest, failure.removeprefix("status:"))
    assert manifest.sides[Side.CANDIDATE].verdicts[Verdict.FAILED] == 60
    classes = Counter(row["error_class"] for row in rows(tmp_path, manifest))
    assert classes.keys() == {"RunStoppingError", "NotTriedError"}
    assert classes["NotTriedError"] >= 52


@both_ways
@pytest.mark.parametrize("side", ["candidate", "baseline"])
async def test_where_nothing_but_fatal_failures_came_of_a_side_the_run_stops(
    tmp_path: Path, vellum: StandIn, side: str, in_a_task_run: int
) -> None:
    write_one(tmp_path, conversations=20)
    vellum.deployments["other-bot"] = vellum.deployments["simulated-user"]
    vellum.deployments["other-bot"].always = "status:400"
    state = await evaluated(
        tmp_path,
        **{"candidate": "support-bot", "baseline": "support-bot", side: "other-bot"},
        max_concurrency=4,
        advanced={**RETRIES, "replies_per_task_run": in_a_task_run},
    )
    reason = rf"the first \d+ replies of the {side} all failed; other-bot"
    check_stopped_early(state, await evaluation_of(state), reason)
    assert len(vellum.requests) <= 2 * (FATAL_BEFORE_STOP + 4) + 5  # instead of 120


def check_stopped_early(state: State[Any], manifest: EvaluationManifest, reason: str) -> None:
    assert state.is_failed()
    assert re.search(f"^the run stopped early: .*{reason}", manifest.failed_gates[0])
    assert manifest.failed_gates[0] in str(state.message)


@both_ways
async def test_a_chatbot_that_says_nothing_has_replied_and_regressed(
    output: Path, vellum: StandIn, in_a_task_run: int
) -> None:
    vellum.deployments["support-bot"].reply = lambda seed_id, history: (
        "" if OF_3 in str(history[0]["text"]) else bot_reply(seed_id, history)
    )
    advanced = {**RETRIES, "replies_per_task_run": in_a_task_run}
    state = await evaluated(output, advanced=advanced)
    manifest = await evaluation_of(state)
    assert len(vellum.requests) == 12, "it is not asked again than a call is"
    empty = [row for row in rows(output, manifest) if row["conversation_id"] == "s3-1"]
    assert [(row["reply"], row["broken_rules"], row["verdict"]) for row in empty] == [
        ("", ["empty"], "regressed")
    ] * PREFIXES
    assert all(row["error_class"] is row["reason"] is row["attempts"] is None for row in empty)
    assert manifest.sides[Side.CANDIDATE].broken_rules == {"empty": 3}
    assert manifest.sides[Side.CANDIDATE].verdicts[Verdict.REGRESSED] == 3
    assert "An empty message" in (folder(output, manifest) / "report.html").read_text()
    vellum.requests.clear()
    await evaluated(output, advanced={**advanced, "resume": manifest.evaluation})
    assert vellum.requests == [], "that it said nothing is kept as well"


@both_ways
async def test_where_nothing_can_be_stored_the_evaluation_is_complete_all_the_same(
    output: Path,
    vellum: StandIn,
    caplog: pytest.LogCaptureFixture,
    in_a_task_run: int,
) -> None:
    checkpoints = output / "shop" / "evaluations" / ".checkpoints"
    checkpoints.parent.mkdir()
    with small_disk(checkpoints, size_kb=4) as full:
        (full / "filler").write_text("all of it")
        state = await evaluated(output, advanced={**QUICK, "replies_per_task_run": in_a_task_run})
    assert state.is_completed()
    assert len(vellum.requests) == 12
    assert sum((await evaluation_of(state)).sides[Side.CANDIDATE].verdicts.values()) == 12
    # The replies, and the releases of the participants.
    assert caplog.text.count("could not be stored as a checkpoint") == 12 + 1
    assert "Where is my order" not in caplog.text


@both_ways
async def test_no_more_replies_than_allowed_are_in_flight(
    output: Path, vellum: StandIn, in_a_task_run: int
) -> None:
    """Of functions, which no pool of connections bounds."""
    own_bots.most_at_once = 0
    advanced = {**PASSING, "replies_per_task_run": in_a_task_run}
    counted = "python:tests.support.own_bots:counted"
    await evaluated(
        output, candidate=counted, baseline=counted, max_concurrency=3, advanced=advanced
    )
    assert own_bots.most_at_once == 3


async def test_beyond_two_hundred_replies_25_share_a_task_run(
    tmp_path: Path, vellum: StandIn
) -> None:
    write_one(tmp_path, conversations=70)
    state = await evaluated(tmp_path, advanced={**QUICK, "replies_per_task_run": None})
    assert len(vellum.requests) == 210
    names = list(await replays(state, 9))
    assert Counter(name.partition("-and-")[2] for name in names) == {"24-more": 8, "9-more": 1}
