"""Judges on Vellum and behind OpenAI's API: what they receive, and how their answers are read."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from prefect.client.schemas.objects import State

from duologue.conversation.usage import Usage
from duologue.dataset.manifest import Manifest
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    manifest_of,
    rerun,
    retried,
)
from tests.support.model_server import ModelServer, completion, model_server
from tests.support.vellum_metrics import StandInMetric
from tests.support.vellum_stand_in import ChatHistory, StandIn, StandInDeployment

pytestmark = pytest.mark.usefixtures("prefect_server")

PASSED = json.dumps({"verdicts": [{"criterion": "user_in_role", "passed": True, "message": 1}]})


@pytest.fixture
async def model(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ModelServer]:
    async with model_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        yield server


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    path = tmp_path / "seeds.csv"
    rows = (f"Where is order {n}?,the date of {n},on day {n}\n" for n in range(1, 4))
    path.write_text("message,goal,fact.left\n" + "".join(rows))
    return path


async def judged(seeds: Path, *judges: dict[str, Any], **more: Any) -> tuple[State[Any], Manifest]:
    advanced = {**QUICK, "gates": ANYTHING_PASSES, "judges": list(judges), **more}
    state = await generated(seeds, turns=1, advanced=advanced)
    return state, await manifest_of(state)


def verdicts(seeds: Path, manifest: Manifest) -> list[dict[str, Any]]:
    table = pq.read_table(folder(seeds, manifest) / "conversations.parquet")
    return [one for row in table.to_pylist() for one in row["verdicts"]]


def says(text: str) -> StandInDeployment:
    def reply(_seed_id: str, _history: ChatHistory) -> str:
        return text

    return StandInDeployment(reply)


async def test_a_workflow_and_a_prompt_judge_the_conversation(seeds: Path, vellum: StandIn) -> None:
    workflow = says(PASSED)
    workflow.inputs = {
        "chat_history": "CHAT_HISTORY",
        "criteria": "STRING",
        "goal": "STRING",
        "reference_reply": "STRING?",
    }
    vellum.deployments["judge"] = workflow
    vellum.prompts["judge"] = says(f"```json\n{PASSED}\n```")
    _, manifest = await judged(
        seeds,
        {"reference": "judge@production", "criteria": ["user_in_role"]},
        {"reference": "prompt:judge", "criteria": ["user_in_role"]},
    )
    found = verdicts(seeds, manifest)
    assert {one["judge"] for one in found} == {"judge@production", "prompt:judge"}
    assert all(one["passed"] and one["message"] == 1 for one in found)
    assert len(found) == 6
    calls = [one for one in vellum.requests if one.deployment == "judge"]
    assert all(
        len(one.chat_history) == 3 and one.chat_history[0]["role"] == "USER" for one in calls
    )
    by_workflow = [one for one in calls if one.path == "/v1/execute-workflow"]
    values = [{v["name"]: v["value"] for v in one.inputs} for one in by_workflow]
    assert sorted(one["goal"] for one in values) == [f"the date of {n}" for n in (1, 2, 3)]
    assert all(one["criteria"].startswith("user_in_role: Every USER message") for one in values)
    assert {one.release_tag for one in by_workflow} == {"production"}
    assert all((one.metadata or {})["side"] == "judge" for one in by_workflow)
    pinned = [judge.participant.release_id for judge in manifest.settings.judges]
    assert pinned == [
        workflow.releases["production"],
        vellum.prompts["judge"].releases["LATEST"],
    ]


async def test_a_metric_scores_the_texts_that_it_takes(seeds: Path, vellum: StandIn) -> None:
    metric = StandInMetric(inputs={"transcript": "STRING", "facts": "STRING"})
    metric.failures = [503]
    vellum.metrics["faithfulness"] = metric
    call = {**QUICK["call"], "max_attempts": 2}
    _, manifest = await judged(seeds, {"reference": "metric:faithfulness"}, call=call)
    found = verdicts(seeds, manifest)
    assert [(one["criterion"], one["score"], one["reason"]) for one in found] == [
        ("faithfulness", 0.5, "So so.")
    ] * 3
    assert all(one["passed"] for one in found), "from min_passing_score on"
    assert sorted(one["facts"] for one in metric.received) == [
        f'{{"left": "on day {n}"}}' for n in (1, 2, 3)
    ]
    assert all(one["transcript"].startswith("[0] USER: Where is order") for one in metric.received)
    assert len(metric.release_tags) == 4
    assert vellum.refused == []


async def test_what_is_not_there_is_reported_before_anything_is_billed(
    seeds: Path, vellum: StandIn
) -> None:
    vellum.metrics["there"] = StandInMetric(inputs={"unheard_of": "STRING"})
    for reference, why in (
        ("juge", "There is no such Workflow Deployment"),
        ("prompt:juge", "There is no such Prompt Deployment"),
        ("metric:juge", "There is no such metric"),
        ("metric:there", "requires the input 'unheard_of'"),
    ):
        advanced = {**QUICK, "judges": [{"reference": reference}]}
        state = await generated(seeds, turns=1, advanced=advanced)
        assert state.is_failed()
        assert why in str(state.message)
    assert vellum.requests == []


LOCAL_JUDGE = """
    import json

    from vellum import ChatMessage
    from vellum.workflows import BaseWorkflow
    from vellum.workflows.inputs import BaseInputs
    from vellum.workflows.nodes import BaseNode
    from vellum.workflows.state import BaseState

    class Inputs(BaseInputs):
        chat_history: list[ChatMessage]
        goal: str

    class Judge(BaseNode[BaseState]):
        history = Inputs.chat_history
        goal = Inputs.goal

        class Outputs(BaseNode.Outputs):
            verdict: str

        def run(self):
            said = {"passed": False, "reason": f"{len(self.history)}, {self.goal}", "message": 2}
            return self.Outputs(verdict=json.dumps(said))

    class Workflow(BaseWorkflow[Inputs, BaseState]):
        graph = Judge

        class Outputs(BaseWorkflow.Outputs):
            verdict = Judge.Outputs.verdict
"""


async def test_a_local_workflow_an_endpoint_and_a_model_judge_and_their_usage_is_counted(
    seeds: Path, vellum: StandIn, model: ModelServer, module: Callable[[str, str], None]
) -> None:
    module("own_judge", LOCAL_JUDGE)
    model.script.extend([PASSED] * 6)
    judges: list[dict[str, Any]] = [
        {
            "reference": "local:own_judge",
            "criteria": ["on_time"],
            "name": "workflow",
            "inputs": {"output": "verdict"},
        },
        {
            "reference": f"{model.url}/chat",
            "criteria": ["user_in_role"],
            "name": "endpoint",
            "inputs": {
                "endpoint": {"body": {"chat": "{{ messages }}", "wanted": "{{ goal }}"}},
                "output_path": "answer.text",
            },
        },
        {"reference": "openai:tiny", "criteria": ["user_in_role"]},
    ]
    _, manifest = await judged(seeds, *judges)
    found = verdicts(seeds, manifest)
    assert [(one["judge"], one["passed"], one["message"]) for one in found] == [
        ("workflow", False, 2),
        ("endpoint", True, 1),
        ("openai:tiny", True, 1),
    ] * 3
    assert sorted(one["reason"] for one in found if one["judge"] == "workflow") == [
        f"3, the date of {n}" for n in (1, 2, 3)
    ]
    asked = [request for request in model.requests if "wanted" in request]
    assert sorted(request["wanted"] for request in asked) == [f"the date of {n}" for n in (1, 2, 3)]
    assert all(len(request["chat"]) == 3 for request in asked)
    # Only the language model says what its calls use: 11 tokens in and 5 out.
    used = Usage(input_tokens=33, output_tokens=15, models=("tiny-2026",))
    assert manifest.judges["openai:tiny"].usage == manifest.usage == used
    assert manifest.judges["endpoint"].usage is None


async def test_usage_of_judges_adds_up_over_revisions(
    seeds: Path, vellum: StandIn, model: ModelServer
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"order 2?": "status:400"}
    model.script.extend([PASSED] * 3)
    judge = {"reference": "openai:tiny", "criteria": ["user_in_role"]}
    _, first = await judged(seeds, judge)
    assert first.judges["openai:tiny"].usage == Usage(22, 10, models=("tiny-2026",))
    vellum.deployments["support-bot"].when_history_contains = {}
    second = await manifest_of(await rerun(seeds))
    assert len(model.requests) == 3
    assert second.judges["openai:tiny"].usage == second.usage
    assert second.usage == Usage(33, 15, models=("tiny-2026",))


async def test_a_language_model_is_asked_again_until_its_answer_is_a_verdict(
    seeds: Path, vellum: StandIn, model: ModelServer
) -> None:
    seeds.write_text(
        seeds.read_text().splitlines(keepends=True)[0] + "Where is order 1?,date,day\n"
    )
    model.script.extend(
        [
            completion(None, refusal="I can't judge people."),
            '{"verdicts": [{"criterion": "user_in_role", "passed": tr',
            '{"role": {"passed": true}}',
            f"<think>Hm, {{}}.</think>Here it is:\n```json\n{PASSED}\n```",
        ]
    )
    retries = {"seed_retries": 3, "seed_retry_delay_seconds": 0}
    judge = {"reference": "openai:tiny", "criteria": ["user_in_role"]}
    _, manifest = await judged(seeds, judge, **retries)
    assert [one["passed"] for one in verdicts(seeds, manifest)] == [True]
    assert len(model.requests) == 4
    [message] = model.requests[0]["messages"]
    assert message["role"] == "user"
    assert "[0] USER: Where is order 1?" in message["content"]
    assert "<goal>\ndate\n</goal>" in message["content"]


async def test_a_language_model_that_never_answers_makes_nothing_invalid_and_is_counted(
    seeds: Path, vellum: StandIn, model: ModelServer
) -> None:
    model.script.extend(["I can't help with that."] * 3)
    judge = {"reference": "openai:tiny", "criteria": ["user_in_role"]}
    state, manifest = await judged(seeds, judge)
    assert state.is_completed()
    assert manifest.counts.valid == 3
    [(reason, count)] = manifest.judges["openai:tiny"].no_verdict.items()
    assert count == 3
    assert reason.startswith("openai:tiny: its answer is not JSON; expected a verdict on")
    assert "help with that" not in reason
    page = (folder(seeds, manifest) / "report.html").read_text()
    assert "openai:tiny gave no verdict on 3 conversations" in page


async def test_judges_spend_the_budget_of_their_run(
    seeds: Path, vellum: StandIn, model: ModelServer
) -> None:
    model.script.extend([PASSED] * 3)
    judge = {"reference": "openai:tiny", "criteria": ["user_in_role"]}
    # Three conversations of one turn take six calls.
    _, manifest = await judged(seeds, judge, budget={"max_calls": 8})
    assert manifest.counts.valid == 3
    assert len(model.requests) == 2
    summary = manifest.judges["openai:tiny"]
    assert summary.asked == 3
    [(reason, count)] = summary.no_verdict.items()
    assert (count, "max_calls is 8" in reason) == (1, True)


async def test_verdicts_are_written_back_once_to_the_executions_that_they_are_about(
    seeds: Path, vellum: StandIn
) -> None:
    about_user = {"criterion": "user_in_role", "passed": True, "score": 0.75, "message": 2}
    about_all = {"criterion": "goal_reached", "passed": False, "reason": "No date."}
    vellum.deployments["judge"] = says(json.dumps([about_user, about_all]))
    vellum.actual_failures = [503, 404]
    judge = {
        "reference": "judge",
        "criteria": ["user_in_role", "goal_reached"],
        "submit_actuals": True,
    }
    state, manifest = await judged(seeds, judge)
    assert state.is_completed()
    table = pq.read_table(folder(seeds, manifest) / "conversations.parquet").to_pylist()
    of_user = {row["messages"][2]["execution_id"] for row in table}
    of_bot = {row["messages"][1]["execution_id"] for row in table}
    assert len(vellum.actuals) == 6 - 2, "two were refused, and the dataset is there all the same"
    await retried(state)
    assert vellum.actuals.keys() == of_user | of_bot
    assert all(len(actuals) == 1 for actuals in vellum.actuals.values()), "none is submitted twice"
    for execution_id in of_user:
        [actual] = vellum.actuals[execution_id]
        assert actual["quality"] == 0.75
        assert actual["output_key"] == "final-output"
    for execution_id in of_bot:
        [actual] = vellum.actuals[execution_id]
        assert actual["quality"] == 0.0
        assert actual["metadata"] == {
            "source": "duologue",
            "judge": "judge",
            "criterion": "goal_reached",
            "passed": False,
            "reason": "No date.",
        }
    assert vellum.refused == []


async def test_no_verdict_is_written_back_unless_the_settings_say_so(
    seeds: Path, vellum: StandIn
) -> None:
    vellum.deployments["judge"] = says(PASSED)
    await judged(seeds, {"reference": "judge", "criteria": ["user_in_role"]})
    assert vellum.actuals == {}
