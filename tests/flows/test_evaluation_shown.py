"""What Prefect shows of an evaluation, and what it must never hold."""

from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import State
from prefect.settings import (
    PREFECT_RESULTS_LOCAL_STORAGE_PATH,
    PREFECT_RESULTS_PERSIST_BY_DEFAULT,
    temporary_settings,
)

from duologue.evaluation.manifest import FailedEvaluationError
from duologue.flows.evaluate_dataset import evaluate_dataset
from tests.conftest import API_KEY
from tests.dataset.making import VERSION
from tests.flows.test_serialization import kinds_in
from tests.support.evaluating import QUICK, evaluated, evaluation_of, folder, write_one
from tests.support.generating import retried, task_runs
from tests.support.vellum_stand_in import StandIn, StandInDeployment

pytestmark = pytest.mark.usefixtures("prefect_server")

SORRY = "I'm sorry, but I can't help with that."
SAID = ("Where is my order", "And what about part", "Answer ", "can't help with that")
"""Some of every kind of message."""


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where there is a version of four conversations, with twelve prefixes."""
    write_one(tmp_path / "datasets")
    return tmp_path / "datasets"


async def artifacts(state: State[Any]) -> dict[str | None, Any]:
    """What an evaluation left in the UI, by key."""
    of_run = ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=of_run))
    return {artifact.key: artifact for artifact in found}


async def test_the_ui_gets_a_progress_and_a_summary(output: Path, vellum: StandIn) -> None:
    vellum.deployments["next-bot"] = StandInDeployment(lambda seed_id, history: SORRY)
    vellum.deployments["next-bot"].when_history_contains = {"number 3?": "status:400"}
    state = await evaluated(output, candidate="next-bot@v2", baseline="support-bot")
    manifest = await evaluation_of(state)
    shown = await artifacts(state)
    assert shown["replies"].data == 100
    assert shown["evaluation-shop"].description == f"next-bot@v2 on shop {VERSION}, revision 1"
    lines = str(shown["evaluation-shop"].data).splitlines()
    assert lines[0] == f"## `next-bot@v2` on shop {VERSION}, revision 1"
    similarity = manifest.sides, manifest.differences["similarity"]
    for line in (
        "**Not passed**:",
        "- 3 of 12 prefixes have no reply (25.0%); max_failed_share allows 5.0%",
        "- 9 of 9 replies break a rule or fail before a judge (100.0%); max_regressed_share "
        "allows 5.0%",
        "| 12 prefixes | `next-bot@v2` | `support-bot` |",
        "| failed | 3 | 0 |",
        "| regressed | 9 | 0 |",
        "| same | 0 | 8 |",
        "| without reference | 0 | 4 |",
        "| rule: refusal | 9 | 0 |",
        "| refusal | 9 | 0 |",
        "Similarity is only information: noise_samples is 0.",
        "### By how much the candidate is above the baseline",
        f"- similarity: {similarity[1].mean:.3f} ({similarity[1].low:.3f} to "
        f"{similarity[1].high:.3f})",
        f"In `{folder(output, manifest)}`: evaluation.parquet, report.html",
    ):
        assert line in lines


async def test_a_passed_evaluation_with_a_test_suite_shows_both(
    output: Path, vellum: StandIn
) -> None:
    suite = vellum.test_suites["my-test-suite"]
    suite.runs.states = ["COMPLETE"]
    suite.add("duologue:shop:s1-1")
    state = await evaluated(output, advanced={**QUICK, "test_suite": {"suite": "my-test-suite"}})
    summary = str((await artifacts(state))["evaluation-shop"].data)
    assert "**Passed**." in summary
    run = suite.runs.created[0]["id"]
    link = f"Test Suite `my-test-suite` ([run]({vellum.url}/v1/test-suite-runs/{run})): 1 cases, "
    assert f"{link}Politeness.score 0." in summary


async def test_the_run_is_tagged_and_its_task_runs_are_named(output: Path, vellum: StandIn) -> None:
    alone = {**QUICK, "replies_per_task_run": 1}
    state = await evaluated(output, baseline="support-bot@old", advanced=alone)
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    async with get_client() as client:
        flow_run = await client.read_flow_run(flow_run_id)
    assert flow_run.name
    assert {"duologue", "dataset:shop", f"version:{VERSION}"} <= set(flow_run.tags)
    names = {run.name for run in await task_runs(state, at_least=26)}
    assert {"replay-s1-1-t1", "replay-s1-1-t1-baseline", "replay-s4-1-t3"} <= names


async def test_neither_key_nor_message_is_in_logs_states_results_of_failures_or_artifacts(
    output: Path, vellum: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    """Failures that send back what they were sent, and a scorer whose error quotes the reply."""
    vellum.deployments["support-bot"].when_history_contains = {
        "number 3?": "status_repeating:400",
        "number 2?": "status_repeating:503",
    }
    vellum.test_suites["my-test-suite"].add("duologue:shop:s1-1")
    vellum.test_suites["my-test-suite"].runs.faults = {"create": ["status_repeating:400"]}
    advanced = {
        **QUICK,
        "replies_per_task_run": 1,
        "scoring": {"own_scorers": ["python:tests.evaluation.own_scorers:raises"]},
        "test_suite": {"suite": "my-test-suite"},
    }
    state = await evaluated(output, advanced=advanced)
    assert state.is_failed()
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    async with get_client() as client:
        logs = await client.read_logs(
            log_filter=LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id]))
        )
        flow_run = await client.read_flow_run(flow_run_id)
    shown = " ".join(
        [
            *(log.message for log in logs),
            *(str(one.data) + str(one.description) for one in (await artifacts(state)).values()),
            flow_run.model_dump_json(),
            *(run.model_dump_json() for run in await task_runs(state, at_least=15)),
            str(state.message),
            caplog.text,
        ]
    )
    assert "own scorer raises failed at 6 replies" in shown
    assert "[hidden]" in shown, "the key and the messages had been sent back"
    assert API_KEY not in shown
    for text in SAID:
        assert text not in shown
    manifest = await evaluation_of(state)
    for path in folder(output, manifest).iterdir():
        assert API_KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize("in_a_task_run", [1, 5])
async def test_all_that_prefect_stores_is_json_where_it_stores_every_result(
    output: Path, vellum: StandIn, tmp_path: Path, in_a_task_run: int
) -> None:
    """Also the error that an evaluation ends with; and no key."""
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status_repeating:400"}
    results = tmp_path / "results"
    with temporary_settings(
        {PREFECT_RESULTS_LOCAL_STORAGE_PATH: results, PREFECT_RESULTS_PERSIST_BY_DEFAULT: True}
    ):
        advanced = {**QUICK, "replies_per_task_run": in_a_task_run}
        state = await retried(await evaluated(output, advanced=advanced), evaluate_dataset)
        with pytest.raises(FailedEvaluationError):
            await state.aresult()
        await evaluated(output, version="nowhere", advanced=advanced)
    files = [path for path in results.rglob("*") if path.is_file()]
    kinds = {kind for path in files for kind in kinds_in(path)}
    assert "duologue.errors.UsageError" in kinds
    for path in files:
        assert API_KEY not in path.read_text()


async def test_credentials_in_a_url_are_shown_nowhere(output: Path, vellum: StandIn) -> None:
    state = await evaluated(
        output, advanced={**QUICK, "evaluations": "s3://key:very-secret@bucket/x"}
    )
    assert state.is_failed()
    assert "very-secret" not in str(state.message)
