"""External runs of a Test Suite, through the real SDK, over HTTP, against the stand-in."""

import re
import time
from typing import Any

import pytest

from duologue.errors import (
    DuologueError,
    FatalError,
    RunStoppingError,
    TransientError,
    UsageError,
)
from duologue.participants.vellum_deployment import vellum_client
from duologue.settings.participants import CallSettings
from duologue.test_suites.suite_run import CaseResult, MetricMean, MetricValue, RunState, SuiteRun
from duologue.test_suites.vellum_suite import SuiteVariables, VellumSuite
from tests.conftest import API_KEY
from tests.support.prefect_processes import free_port
from tests.support.vellum_stand_in import StandIn
from tests.support.vellum_test_suites import StandInSuite

SUITE = "my-test-suite"
SAID = "Your very secret parcel is at the neighbour's."
QUICK = CallSettings(max_attempts=3, first_wait_seconds=0.001, longest_wait_seconds=0.002)


def external_id(number: int) -> str:
    return f"duologue:shop:s{number}-1"


@pytest.fixture
def suite(vellum: StandIn) -> StandInSuite:
    """A Test Suite of three cases, whose runs are over at the first poll."""
    suite = vellum.test_suites[SUITE]
    suite.runs.states = ["COMPLETE"]
    for number in range(3):
        suite.add(external_id(number))
    return suite


def replies(*numbers: int) -> dict[str, str]:
    return {external_id(number): f"{SAID} {number}" for number in numbers}


async def run(
    given: dict[str, str], name: str = SUITE, call: CallSettings = QUICK, **how: Any
) -> SuiteRun:
    async with vellum_client(max_concurrency=1) as client:
        return await VellumSuite(client, name, SuiteVariables(), call).run_external(given, **how)


async def failed(given: dict[str, str], error: type[DuologueError], **how: Any) -> str:
    """What a run that fails says; never the key nor a reply."""
    with pytest.raises(error) as raised:
        await run(given, **how)
    said = str(raised.value)
    assert API_KEY not in said
    assert SAID not in said
    assert raised.value.__cause__ is None
    return said


# What is sent, and what comes of it


async def test_a_run_has_the_replies_and_no_other_cases(suite: StandInSuite) -> None:
    await run(replies(0, 2))
    (created,) = suite.runs.created
    by_external_id = {case["external_id"]: case["id"] for case in suite.cases.values()}
    first, last = by_external_id[external_id(0)], by_external_id[external_id(2)]
    assert created["test_suite_name"] == SUITE
    assert "test_suite_id" not in created
    assert created["exec_config"] == {
        "type": "EXTERNAL",
        "data": {
            "executions": [
                {
                    "test_case_id": case_id,
                    "outputs": [{"type": "STRING", "name": "output", "value": f"{SAID} {number}"}],
                }
                for case_id, number in ((first, 0), (last, 2))
            ]
        },
        "test_case_ids": [first, last],
    }


async def test_a_run_that_ended_is_shown_in_full(vellum: StandIn, suite: StandInSuite) -> None:
    result = await run({external_id(0): "x" * 50, external_id(2): "x" * 100, **replies(7)})
    run_id = suite.runs.created[0]["id"]
    assert result == SuiteRun(
        run_id=run_id,
        state=RunState.COMPLETE,
        url=f"{vellum.url}/v1/test-suite-runs/{run_id}",
        cases=(
            CaseResult(
                external_id=external_id(0),
                metrics=(MetricValue(metric="Politeness", output="score", value=0.5),),
            ),
            CaseResult(
                external_id=external_id(2),
                metrics=(MetricValue(metric="Politeness", output="score", value=1.0),),
            ),
        ),
        missing=(external_id(7),),
    )
    assert result.means == (MetricMean(metric="Politeness", output="score", mean=0.75, cases=2),)


async def test_cases_and_results_are_read_over_all_pages(suite: StandInSuite) -> None:
    suite.page_size = 20
    for number in range(3, 47):
        suite.add(external_id(number))
    given = {external_id(number): "x" * number for number in range(47)}
    result = await run(given)
    assert [offset for _, offset in suite.pages] == [0, 20, 40]
    assert suite.runs.asked == ["create", "retrieve", *["executions"] * 3]
    assert [one.external_id for one in result.cases] == list(given)
    assert [one.metrics[0].value for one in result.cases] == [n / 100 for n in range(47)]
    assert result.means[0].cases == 47


async def test_a_run_is_polled_until_it_has_ended(suite: StandInSuite) -> None:
    suite.runs.states = ["QUEUED", "RUNNING", "COMPLETE"]
    started = time.monotonic()
    assert (await run(replies(0))).state is RunState.COMPLETE
    assert suite.runs.asked == ["create", *["retrieve"] * 3, "executions"]
    assert time.monotonic() - started > 0.5  # with waits between the polls


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
async def test_a_run_that_ended_badly_is_reported_with_what_it_has(
    suite: StandInSuite, state: str
) -> None:
    suite.runs.states = ["RUNNING", state]
    suite.runs.unevaluated = 2
    result = await run(replies(0, 1, 2))
    assert result.state.value == state
    assert [len(one.metrics) for one in result.cases] == [1, 0, 0]
    assert result.means[0].cases == 1


@pytest.mark.parametrize(
    ("output", "value", "error"),
    [
        ({"type": "NUMBER", "value": None}, None, None),
        ({"type": "STRING", "value": "good"}, "good", None),
        ({"type": "JSON", "value": {"reasons": [1]}}, {"reasons": [1]}, None),
        (
            {"type": "ARRAY", "value": [{"type": "NUMBER", "value": 1}]},
            [{"type": "NUMBER", "value": 1.0}],
            None,
        ),
        (
            {"type": "ERROR", "value": {"code": "LLM_PROVIDER", "message": SAID}},
            None,
            "LLM_PROVIDER",
        ),
    ],
)
async def test_a_metrics_output_may_be_no_number(
    suite: StandInSuite, output: dict[str, Any], value: Any, error: str | None
) -> None:
    suite.runs.metric = lambda reply: [{"name": "verdict", **output}]
    result = await run(replies(0))
    expected = MetricValue(metric="Politeness", output="verdict", value=value, error=error)
    assert result.cases[0].metrics == (expected,)
    assert result.means == ()


async def test_the_mean_is_of_what_is_a_number(suite: StandInSuite) -> None:
    def metric(reply: str) -> list[dict[str, Any]]:
        value = None if reply == "none" else float(reply)
        flag = {"type": "JSON", "name": "passed", "value": True}
        return [{"type": "NUMBER", "name": "score", "value": value}, flag]

    suite.runs.metric = metric
    result = await run({external_id(0): "0.2", external_id(1): "none", external_id(2): "0.4"})
    (mean,) = result.means
    assert (mean.output, mean.cases) == ("score", 2)
    assert mean.mean == pytest.approx(0.3)


async def test_a_metric_without_a_label_has_its_name(suite: StandInSuite) -> None:
    suite.runs.label = None
    assert (await run(replies(0))).means[0].metric == "politeness"


@pytest.mark.parametrize("understood", ["metric_results.", "results.metric_results."])
async def test_a_metric_has_its_label_whichever_spelling_vellum_understands(
    suite: StandInSuite, understood: str
) -> None:
    suite.runs.expands = (understood,)
    assert (await run(replies(0))).means[0].metric == "Politeness"


async def test_a_test_suite_may_be_named_by_its_id(suite: StandInSuite) -> None:
    assert len((await run(replies(0), name=suite.id)).cases) == 1
    assert suite.runs.created[0]["test_suite_id"] == suite.id


async def test_the_output_has_the_requested_name(suite: StandInSuite) -> None:
    suite.runs.output_name = "final-output"
    await run(replies(0), output_name="final-output")
    said = await failed(replies(0), FatalError, output_name="answer")
    assert "has an output variable 'answer' of type STRING" in said
    assert len(suite.runs.created) == 1


async def test_the_models_survive_json(suite: StandInSuite) -> None:
    result = await run(replies(0, 9))
    assert SuiteRun.model_validate_json(result.model_dump_json()) == result


# What goes wrong


@pytest.mark.parametrize(
    ("name", "per"), [("duologue:shop:s9-1", "conversation"), ("duologue:shop:s9-1:2", "prefix")]
)
async def test_no_case_with_a_reply_says_to_push_first(
    suite: StandInSuite, name: str, per: str
) -> None:
    said = await failed({name: SAID}, UsageError)
    assert f"none of its 3 cases is for one of the 1 replies, such as {name!r}" in said
    assert f"`duologue push-test-suite VERSION {SUITE} --per {per}`" in said
    assert suite.runs.asked == []


async def test_no_reply_at_all(suite: StandInSuite) -> None:
    assert "there is no reply to run it on" in await failed({}, UsageError)


async def test_no_such_test_suite(vellum: StandIn) -> None:
    assert "There is no such Test Suite" in await failed(
        replies(0), RunStoppingError, name="nowhere"
    )


@pytest.mark.parametrize("fault", ["status:429", "status:503"])
async def test_a_run_that_was_turned_away_is_created_again(suite: StandInSuite, fault: str) -> None:
    suite.runs.faults = {"create": [fault] * 2}
    await run(replies(0))
    assert suite.runs.asked[:3] == ["create"] * 3
    assert len(suite.runs.created) == 1


async def test_a_request_that_could_not_be_sent_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VELLUM_API_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("VELLUM_API_KEY", API_KEY)
    async with vellum_client(max_concurrency=1) as client:
        suite = VellumSuite(client, SUITE, SuiteVariables(), QUICK)
        with pytest.raises(TransientError, match=r"ClientConnectorError.*gave up after 3 attempts"):
            await suite.asked_once(
                lambda: client.sdk.test_suite_runs.retrieve("any"), suite.wording(), "in doubt"
            )


async def test_a_run_that_is_always_turned_away_was_not_created(suite: StandInSuite) -> None:
    suite.runs.faults = {"create": ["status_repeating:503"] * 3}
    said = await failed(replies(0), TransientError)
    assert "(gave up after 3 attempts in " in said
    assert "not known" not in said


@pytest.mark.parametrize(
    "fault", ["then:status:500", "then:status:502", "then:html_body", "then:reset", "status:408"]
)
async def test_a_run_whose_answer_was_lost_is_not_created_again(
    suite: StandInSuite, fault: str
) -> None:
    suite.runs.faults = {"create": [fault]}
    said = await failed(replies(0), FatalError)
    assert said.startswith("Test Suite 'my-test-suite': ")
    assert "Whether the run was created is not known: look at the Test Suite's runs" in said
    assert suite.runs.asked == ["create"]


async def test_a_run_whose_answer_never_comes_is_not_created_again(suite: StandInSuite) -> None:
    suite.runs.faults = {"create": ["then:hang"]}
    call = QUICK.model_copy(update={"timeout_seconds": 0.1, "deadline_seconds": 0.5})
    said = await failed(replies(0), FatalError, call=call)
    assert "Vellum did not reply within 0.5 s" in said
    assert "Whether the run was created is not known" in said
    assert suite.runs.asked == ["create"]


@pytest.mark.parametrize(
    ("status", "says"),
    [(400, "has an output variable 'output'"), (401, "may run Test Suites"), (404, "no such Test")],
)
async def test_a_refused_run_is_not_created_again(
    suite: StandInSuite, status: int, says: str
) -> None:
    suite.runs.faults = {"create": [f"status_repeating:{status}"]}
    said = await failed(replies(0), FatalError)
    assert says in said
    assert "[hidden]" in said
    assert "not known" not in said
    assert suite.runs.asked == ["create"]


async def test_a_run_that_does_not_end_in_time_is_named(
    vellum: StandIn, suite: StandInSuite
) -> None:
    suite.runs.states = ["QUEUED", "RUNNING"]
    said = await failed(replies(0), FatalError, deadline_seconds=0.6)
    run_id = suite.runs.created[0]["id"]
    assert said == (
        f"Test Suite 'my-test-suite', run {run_id}: had not ended after 0.6 s; its state is "
        f"RUNNING. It continues in Vellum: see {vellum.url}/v1/test-suite-runs/{run_id}"
    )


async def test_a_poll_that_hangs_does_not_outlast_the_deadline(suite: StandInSuite) -> None:
    suite.runs.faults = {"retrieve": ["hang"]}
    said = await failed(replies(0), FatalError, deadline_seconds=0.5)
    assert "had not ended after 0.5 s; its state is not known" in said


@pytest.mark.parametrize("what", ["retrieve", "executions"])
async def test_a_passing_failure_after_the_run_was_created_is_waited_out(
    suite: StandInSuite, what: str
) -> None:
    suite.runs.faults = {what: ["status:500", "reset"]}
    assert len((await run(replies(0))).cases) == 1
    assert suite.runs.asked.count(what) == 3


@pytest.mark.parametrize(
    ("what", "fault", "says"),
    [
        ("retrieve", "status:500", "500"),
        ("retrieve", "status:404", "does not know this run"),
        ("executions", "status:401", "may read the runs"),
        ("executions", "status:400", "See http"),
    ],
)
async def test_whatever_fails_after_the_run_was_created_names_it(
    suite: StandInSuite, what: str, fault: str, says: str
) -> None:
    suite.runs.faults = {what: [fault] * 3}
    said = await failed(replies(0), DuologueError)
    assert re.match(f"Test Suite 'my-test-suite', run {suite.runs.created[0]['id']}: ", said)
    assert says in said


async def test_a_state_that_is_new_is_waited_out(suite: StandInSuite) -> None:
    suite.runs.states = ["PONDERING", "COMPLETE"]
    assert (await run(replies(0))).state is RunState.COMPLETE
