"""The push to a Test Suite as a step of the flows, on a real server and the stand-in."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Log, State
from typer.testing import CliRunner, Result
from upath import UPath

from duologue.cli import app
from duologue.dataset.manifest import MANIFEST_FILE, read_manifest
from duologue.flows.rerun_failed_seeds import rerun_failed_seeds
from tests.conftest import API_KEY
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
)
from tests.support.vellum_stand_in import StandIn
from tests.support.vellum_test_suites import StandInSuite

pytestmark = pytest.mark.usefixtures("prefect_server")

SUITE = {"suite": "my-test-suite"}
PUSHED = {**QUICK, "test_suite": SUITE}


@pytest.fixture
def suite(vellum: StandIn) -> StandInSuite:
    return vellum.test_suites["my-test-suite"]


async def pushes(state: State[Any], count: int) -> list[str | None]:
    """How the task runs that pushed ended, once the server has recorded that many."""
    run = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    async with get_client() as client:
        while True:
            runs = await client.read_task_runs(flow_run_filter=run)
            names = [one.state_name for one in runs if one.name.startswith("push-test-suite")]
            if len(names) == count and not {"Pending", "Running"} & set(names):
                return names
            await asyncio.sleep(0.2)


async def logs(state: State[Any], containing: str) -> list[Log]:
    """What the run logged with these words, once it is there."""
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[state.state_details.flow_run_id]))
    async with get_client() as client:
        for _ in range(50):
            found = await client.read_logs(wanted)
            if hits := [one for one in found if containing in one.message]:
                return hits
            await asyncio.sleep(0.2)
    return []


async def test_a_published_version_is_pushed(seeds_csv: Path, suite: StandInSuite) -> None:
    options = {**SUITE, "per": "prefix", "evaluation_name": "reply"}
    state = await generated(seeds_csv, turns=2, advanced={**QUICK, "test_suite": options})
    assert state.is_completed()
    manifest = await manifest_of(state)
    settings = manifest.settings.test_suite
    assert settings is not None
    assert settings.model_dump(mode="json") == {
        **options,
        "input_name": "chat_history",
        "remove_gone": False,
    }
    assert len(suite.cases) == 30
    assert await pushes(state, 1) == ["Completed"]
    (told,) = await logs(state, "cases created")
    assert told.message == (
        "Test Suite 'my-test-suite': 30 cases created, 0 replaced, 0 unchanged, 0 removed, "
        "0 rejected"
    )


async def test_a_run_without_a_test_suite_pushes_nothing(
    seeds_csv: Path, suite: StandInSuite
) -> None:
    await generated(seeds_csv)
    assert suite.pages == []


async def test_a_version_that_is_held_back_is_not_pushed(
    seeds_csv: Path, suite: StandInSuite
) -> None:
    state = await generated(seeds_csv, advanced={**PUSHED, "gates": {"min_conversations": 11}})
    assert state.is_failed()
    assert suite.pages == []


async def test_a_version_that_is_superseded_is_not_pushed(
    seeds_csv: Path, vellum: StandIn, suite: StandInSuite
) -> None:
    bot = vellum.deployments["support-bot"]
    bot.when_history_contains = {"number 3?": "status:400"}
    advanced = {**PUSHED, "gates": ANYTHING_PASSES}
    older = await manifest_of(await generated(seeds_csv, advanced=advanced))
    bot.when_history_contains = {}
    newer = await manifest_of(await generated(seeds_csv, advanced=advanced))
    suite.pages.clear()
    state = await rerun(seeds_csv, version=older.version)
    assert state.is_completed()
    assert latest(seeds_csv)["version"] == newer.version
    assert suite.pages == []


@pytest.mark.parametrize("status", [500, 403])
async def test_a_push_that_fails_is_reported_and_the_night_is_good(
    seeds_csv: Path, suite: StandInSuite, status: int
) -> None:
    suite.faults = [f"status:{status}"] * 5
    state = await generated(seeds_csv, advanced=PUSHED)
    assert state.is_completed()
    manifest = await manifest_of(state)
    assert latest(seeds_csv)["version"] == manifest.version
    said = str(state.message)
    assert said.startswith(f"seeds {manifest.version} is published, but not all of it is in its ")
    assert f"answered {status}" in said
    assert API_KEY not in said
    assert "Where is my order" not in said
    assert await pushes(state, 1) == ["Failed"]
    errors = await logs(state, "is published, but not all of it")
    assert "ERROR" in {logging.getLevelName(one.level) for one in errors}
    suite.faults = []
    again = await retried(state)
    assert again.is_completed()
    assert not again.message
    assert len(suite.cases) == 10


async def test_rejected_cases_are_reported(seeds_csv: Path, suite: StandInSuite) -> None:
    suite.reject_all = "The input variable is not there."
    state = await generated(seeds_csv, advanced=PUSHED)
    assert state.is_completed()
    assert "rejected 10 of 10 cases" in str(state.message)
    assert "The input variable is not there." in str(state.message)


async def test_a_retry_pushes_again_and_only_what_changed(
    seeds_csv: Path, suite: StandInSuite
) -> None:
    state = await generated(seeds_csv, advanced=PUSHED)
    assert (await retried(state)).is_completed()
    assert await pushes(state, 2) == ["Completed"] * 2
    assert len(suite.bulks) == 1


async def test_a_repaired_version_is_pushed_to_the_same_test_suite(
    seeds_csv: Path, vellum: StandIn, suite: StandInSuite
) -> None:
    bot = vellum.deployments["support-bot"]
    bot.when_history_contains = {"number 3?": "status:400"}
    advanced = {**PUSHED, "gates": ANYTHING_PASSES}
    assert (await generated(seeds_csv, advanced=advanced)).is_failed()
    assert len(suite.cases) == 9
    bot.when_history_contains = {}
    suite.faults = ["status:403"]
    state = await rerun(seeds_csv)
    assert state.is_completed()
    assert "is published, but not all of it is in its Test Suite" in str(state.message)
    assert (await retried(state, rerun_failed_seeds)).is_completed()
    # The version is whole by then: there was nothing to repair, but something to push.
    assert len(suite.cases) == 10


async def test_an_incomplete_run_reports_its_push_as_well(
    seeds_csv: Path, vellum: StandIn, suite: StandInSuite
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:400"}
    suite.faults = ["status:403"]
    state = await generated(seeds_csv, advanced={**PUSHED, "gates": ANYTHING_PASSES})
    assert state.is_failed()
    assert "1 failed and 0 invalid of 10 conversations" in str(state.message)
    assert "is published, but not all of it is in its Test Suite" in str(state.message)


async def test_without_a_key_nothing_is_billed(
    seeds_csv: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VELLUM_API_KEY")
    state = await generated(
        seeds_csv,
        chatbot="local:duologue.workflows.support_bot",
        simulated_user="local:duologue.workflows.simulated_user",
        advanced=PUSHED,
    )
    assert state.is_failed()
    assert "VELLUM_API_KEY is not set" in str(state.message)
    assert not list(output_of(seeds_csv).rglob(MANIFEST_FILE))
    assert vellum.request_count == 0


async def test_a_manifest_from_before_there_were_test_suites_is_read(
    seeds_csv: Path, vellum: StandIn
) -> None:
    manifest = await manifest_of(await generated(seeds_csv))
    path = UPath(folder(seeds_csv, manifest)) / MANIFEST_FILE
    content = json.loads(path.read_text())
    assert content["settings"].pop("test_suite", "") is None
    path.write_text(json.dumps(content))
    assert read_manifest(path).settings.test_suite is None


# The command


async def duologue(seeds: Path, *arguments: str) -> Result:
    participants = ("--chatbot", "support-bot", "--simulated-user", "simulated-user")
    command = ["generate", str(seeds), *participants, "--output", str(output_of(seeds)), *arguments]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


async def test_the_command_pushes(seeds_csv: Path, suite: StandInSuite) -> None:
    suite.add("duologue:seeds:gone-1:1")
    to_suite = ("--set", "test_suite.suite=my-test-suite", "--set", "test_suite.per=prefix")
    names = ("--set", "test_suite.evaluation_name=reply", "--set", "test_suite.input_name=history")
    done = await duologue(
        seeds_csv, "--turns", "1", *to_suite, *names, "--set", "test_suite.remove_gone=true"
    )
    assert done.exit_code == 0, done.output
    assert len(suite.cases) == 20
    data = suite.bulks[0][0]["data"]
    assert data["input_values"][0]["name"] == "history"
    assert data["evaluation_values"][0]["name"] == "reply"
    assert "Test Suite" not in done.output


async def test_the_command_reports_a_push_that_failed(seeds_csv: Path, suite: StandInSuite) -> None:
    done = await duologue(seeds_csv, "--turns", "1", "--set", "test_suite.suite=nowhere")
    assert done.exit_code == 0, done.output
    assert "There is no such Test Suite" in " ".join(done.output.split())
