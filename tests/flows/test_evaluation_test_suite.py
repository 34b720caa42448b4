"""An evaluation whose replies go through a Vellum Test Suite as well."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from duologue.errors import UsageError
from duologue.evaluation.manifest import EvaluationManifest
from duologue.evaluation.replies import Side
from tests.conftest import API_KEY
from tests.support.evaluating import (
    ANYTHING_PASSES,
    QUICK,
    TURNS,
    conversation,
    evaluated,
    evaluation_of,
    folder,
    write_one,
)
from tests.support.generating import task_runs
from tests.support.vellum_stand_in import StandIn, StandInDeployment, bot_reply
from tests.support.vellum_test_suites import StandInSuite

pytestmark = pytest.mark.usefixtures("prefect_server")

NAME = "my-test-suite"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where there is a version of four conversations, with twelve prefixes."""
    write_one(tmp_path / "datasets")
    return tmp_path / "datasets"


@pytest.fixture
def suite(vellum: StandIn) -> StandInSuite:
    """A Test Suite with a case for each conversation, whose runs are over at the first poll."""
    vellum.deployments["old-bot"] = StandInDeployment(lambda seed_id, history: "An older answer.")
    suite = vellum.test_suites[NAME]
    suite.runs.states = ["COMPLETE"]
    for number in range(1, 5):
        suite.add(f"duologue:shop:s{number}-1")
    return suite


async def run_on(output: Path, **options: Any) -> tuple[State[Any], EvaluationManifest]:
    advanced = {**QUICK, "test_suite": {"suite": NAME, **options}}
    state = await evaluated(output, baseline="old-bot", advanced=advanced)
    return state, await evaluation_of(state)


def sent(suite: StandInSuite) -> Mapping[str, str]:
    """The replies of the run that was created, by the external ids of their cases."""
    (created,) = suite.runs.created
    return {
        str(suite.cases[execution["test_case_id"]]["external_id"]): execution["outputs"][0]["value"]
        for execution in created["exec_config"]["data"]["executions"]
    }


def reply_to_last(number: int) -> str:
    texts = [message.text for message in conversation(number).conversation.messages]
    return bot_reply(f"s{number}", [{"text": text} for text in texts])


async def suites_task_run(state: State[Any]) -> tuple[str | None, str]:
    """How the task run of the Test Suite ended, once the server has recorded it."""
    while True:
        for run in await task_runs(state):
            if run.name.startswith("run-test-suite") and run.state and run.state.is_final():
                return run.state.name, str(run.state.message)


async def test_the_candidates_reply_to_each_conversations_last_message_is_run(
    output: Path, vellum: StandIn, suite: StandInSuite
) -> None:
    state, manifest = await run_on(output)
    assert state.is_completed()
    assert sent(suite) == {f"duologue:shop:s{n}-1": reply_to_last(n) for n in range(1, 5)}
    run = manifest.test_suite
    assert run is not None
    (created,) = suite.runs.created
    assert run.model_dump() == {
        "suite": NAME,
        "run_id": created["id"],
        "url": f"{vellum.url}/v1/test-suite-runs/{created['id']}",
        "state": "COMPLETE",
        "cases": 4,
        "metrics": {"Politeness.score": pytest.approx(len(reply_to_last(1)) / 100)},
        "error": None,
    }
    assert (await suites_task_run(state))[0] == "Completed"
    report = (folder(output, manifest) / "report.html").read_text()
    assert f'href="{run.url}"' in report
    assert "Politeness.score" in report


async def test_with_a_case_for_every_prefix_every_reply_is_run_over_all_pages(
    output: Path, suite: StandInSuite
) -> None:
    suite.page_size = 5
    for number in range(1, 5):
        for turn in range(1, TURNS + 2):
            suite.add(f"duologue:shop:s{number}-1:{turn}")
    _, manifest = await run_on(output, per="prefix")
    replies = sent(suite)
    assert len(replies) == 12
    assert replies["duologue:shop:s2-1:3"] == reply_to_last(2)
    run = manifest.test_suite
    assert run is not None
    assert run.cases == 12
    assert suite.runs.asked.count("executions") == 3


async def test_the_output_has_the_name_that_the_metrics_take(
    output: Path, suite: StandInSuite
) -> None:
    suite.runs.output_name = "answer"
    state, _ = await run_on(output, output_name="answer")
    assert state.is_completed()


async def test_where_the_last_reply_failed_no_other_is_sent_instead(
    output: Path, vellum: StandIn, suite: StandInSuite
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"part 2 of 3?": "status:400"}
    advanced = {**QUICK, "gates": ANYTHING_PASSES, "test_suite": {"suite": NAME}}
    state = await evaluated(output, advanced=advanced)
    assert state.is_completed()
    assert "duologue:shop:s3-1" not in sent(suite)
    assert len(sent(suite)) == 3


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({"create": ["status_repeating:403"]}, "may run Test Suites"),
        ({"create": ["then:reset"]}, "Whether the run was created is not known"),
        ({"executions": ["status:400"]}, "See http"),
    ],
)
async def test_a_test_suite_without_a_result_fails_the_gates_and_nothing_is_lost(
    output: Path, suite: StandInSuite, faults: dict[str, list[str]], why: str
) -> None:
    suite.runs.faults = faults
    state, manifest = await run_on(output)
    run = manifest.test_suite
    assert run is not None
    assert run.error is not None
    assert why in run.error
    assert manifest.failed_gates == (
        f"the Test Suite {NAME} has no result ({run.error}); expected one",
    )
    assert state.is_failed()
    name, message = await suites_task_run(state)
    assert name == "Failed"
    assert sum(manifest.sides[Side.CANDIDATE].verdicts.values()) == 12
    assert (folder(output, manifest) / "evaluation.json").exists()
    for text in (run.error, message, str(state.message)):
        assert API_KEY not in text
        assert "Answer" not in text, "no reply is in it"


@pytest.mark.parametrize("ended", ["FAILED", "CANCELLED"])
async def test_a_run_that_ended_badly_is_reported_with_what_it_has(
    output: Path, suite: StandInSuite, ended: str
) -> None:
    suite.runs.states = [ended]
    suite.runs.unevaluated = 1
    state, manifest = await run_on(output)
    run = manifest.test_suite
    assert run is not None
    assert (run.state, run.error) == (ended, f"the run is {ended}")
    assert run.metrics.keys() == {"Politeness.score"}
    assert f"has no result (the run is {ended})" in str(state.message)


async def test_a_run_that_does_not_end_is_given_up(output: Path, suite: StandInSuite) -> None:
    suite.runs.states = ["RUNNING"]
    state, manifest = await run_on(output, deadline_seconds=0.6)
    assert state.is_failed()
    run = manifest.test_suite
    assert run is not None
    assert "had not ended after 0.6 s; its state is RUNNING" in str(run.error)


async def test_without_its_cases_it_says_to_push_first(output: Path, vellum: StandIn) -> None:
    vellum.deployments["old-bot"] = StandInDeployment()
    state, manifest = await run_on(output)
    assert state.is_failed()
    run = manifest.test_suite
    assert run is not None
    assert "`duologue push-test-suite VERSION my-test-suite --per conversation`" in str(run.error)
    assert (run.run_id, run.cases) == (None, 0)


async def test_without_a_key_nothing_is_asked(
    tmp_path: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the candidate itself needs none."""
    write_one(tmp_path)
    monkeypatch.delenv("VELLUM_API_KEY")
    state = await evaluated(
        tmp_path,
        candidate="python:tests.support.own_bots:says_how_much",
        advanced={**QUICK, "test_suite": {"suite": NAME}},
    )
    with pytest.raises(UsageError, match="VELLUM_API_KEY is not set"):
        await state.aresult()
    assert not list(tmp_path.rglob("evaluation.json"))
