"""What follows a night on its own: the evaluation, and a pipeline in another repository."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import postgres
from tests.support.prefect_processes import (
    ROOT,
    PrefectServer,
    copy_of_the_repository,
    prefect_server,
    run_prefect,
    without_prefect,
    worker,
)

NIGHTLY, ON_DEMAND, EVALUATE, ANOTHER = (
    "generate-dataset/nightly",
    "generate-dataset/on-demand",
    "evaluate-dataset/evaluate",
    "reply-lengths/on-new-version",
)
EXAMPLE = ROOT / "examples" / "another_pipeline"
OWN_PAIR = {"chatbot": "python:bots:reply", "simulated_user": "python:bots:ask", "turns": 1}


class Chain:
    """A server with Duologue's deployments and another repository's, and a worker for each."""

    def __init__(self, server: PrefectServer, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def night(self, **parameters: Any) -> str:
        return self.server.start_run(NIGHTLY, {**OWN_PAIR, **parameters})

    def runs_of(self, deployment: str) -> list[dict[str, Any]]:
        """The runs of a deployment, oldest first."""
        query = {"deployments": {"id": {"any_": [self.server.deployment(deployment)["id"]]}}}
        found: list[dict[str, Any]] = self.server.api("POST", "/flow_runs/filter", query)
        return sorted(found, key=lambda run: str(run["created"]))

    def started_by_itself(self, deployment: str, before: int) -> dict[str, Any]:
        """The run after so many others, once there is one, and how it ended."""
        self.server.wait_until(
            lambda: len(self.runs_of(deployment)) > before, f"{deployment} was started"
        )
        run = self.runs_of(deployment)[before]
        return self.server.wait_for(run["id"], "Completed", "Failed", "Crashed")

    @property
    def dataset(self) -> Path:
        return self.folder / "datasets" / "seed_user_messages"

    def evaluations(self) -> list[dict[str, Any]]:
        """What the evaluations' manifests say, oldest first."""
        files = sorted(self.dataset.glob("evaluations/*/evaluation.json"))
        return [json.loads(file.read_text()) for file in files]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder = copy_of_the_repository(tmp_path_factory.mktemp("repository"), evaluates=True)
    another = tmp_path_factory.mktemp("another") / "repository"
    shutil.copytree(EXAMPLE, another)
    # Runs of two workers at once are more writers than SQLite takes: answers were a minute late.
    with postgres() as url, prefect_server(tmp_path_factory.mktemp("server"), url) as server:
        server.environment |= {"PYTHONPATH": str(folder), "DUOLOGUE_ALLOWED_CODE": "bots"}
        for pool, place in (("duologue", folder), ("another-pipeline", another)):
            run_prefect(server, "work-pool", "create", pool, "--type", "process", cwd=place)
            run_prefect(server, "deploy", "--all", cwd=place)
        with worker(server, folder), worker(server, another, pool="another-pipeline"):
            yield Chain(server, folder)


def test_a_new_version_starts_its_evaluation_and_the_pipeline_of_another_repository(
    chain: Chain,
) -> None:
    before = {name: len(chain.runs_of(name)) for name in (EVALUATE, ANOTHER)}
    chain.server.wait_for(chain.night(), "Completed")
    latest = json.loads((chain.dataset / "latest.json").read_text())
    folder = chain.dataset / latest["path"]

    evaluation = chain.started_by_itself(EVALUATE, before[EVALUATE])
    assert evaluation["state"]["name"] == "Completed", evaluation["state"]["message"]
    assert evaluation["parameters"]["version"] == str(folder)
    manifest = chain.evaluations()[-1]
    assert (manifest["version"]["version"], manifest["version"]["revision"]) == (
        latest["version"],
        latest["revision"],
    )
    # The chatbot that made the version is asked again, and says the same.
    assert manifest["settings"]["candidate"]["reference"] == "python:bots:reply"
    assert manifest["sides"]["candidate"]["verdicts"]["same"] == 3
    assert manifest["failed_gates"] == []

    other = chain.started_by_itself(ANOTHER, before[ANOTHER])
    assert other["state"]["name"] == "Completed", other["state"]["message"]
    assert other["parameters"] == {"path": str(folder)}
    said = f"{latest['version']} revision 1: {{1: "
    # Prefect's server has a run's logs a little later than its state.
    chain.server.wait_until(lambda: said in chain.server.logs(other["id"]), f"it says {said}")


def test_a_version_that_is_held_back_starts_nothing(chain: Chain) -> None:
    before = len(chain.runs_of(EVALUATE))
    gates: dict[str, Any] = {"gates": {"min_conversations": 100}}
    chain.server.wait_for(chain.night(advanced=gates), "Failed")
    # Events come in order: by the time the next night's evaluation is there, this one's would be.
    chain.server.wait_for(chain.night(), "Completed")
    chain.started_by_itself(EVALUATE, before)
    assert len(chain.runs_of(EVALUATE)) == before + 1


def test_a_trial_starts_no_evaluation(chain: Chain) -> None:
    before = len(chain.runs_of(EVALUATE))
    trial = chain.server.start_run(ON_DEMAND, {**OWN_PAIR, "name": "trial"})
    chain.server.wait_for(trial, "Completed")
    # Events come in order: by the time the next night's evaluation is there, this one's would be.
    chain.server.wait_for(chain.night(), "Completed")
    evaluation = chain.started_by_itself(EVALUATE, before)
    assert "seed_user_messages" in evaluation["parameters"]["version"]
    assert len(chain.runs_of(EVALUATE)) == before + 1


def test_a_candidate_that_says_something_else_fails_its_evaluation(chain: Chain) -> None:
    chain.server.wait_for(chain.night(), "Completed")
    path = json.loads((chain.dataset / "latest.json").read_text())["path"]
    advanced = {"gates": {"min_scores": {"similarity": 0.9}}}
    parameters = {
        "version": str(chain.dataset / path),
        "candidate": "python:bots:ask",
        "advanced": advanced,
    }
    evaluation = chain.server.wait_for(chain.server.start_run(EVALUATE, parameters), "Failed")
    assert "python:bots:ask does not pass on seed_user_messages" in evaluation["state"]["message"]
    assert "min_scores asks for 0.9" in evaluation["state"]["message"]


def test_without_prefect_a_pipeline_takes_each_revision_once(chain: Chain, tmp_path: Path) -> None:
    chain.server.wait_for(chain.night(), "Completed")
    script = [sys.executable, str(EXAMPLE / "without_prefect.py")]
    environment = {**without_prefect(os.environ), "PYTHONPATH": str(ROOT)}

    def taken() -> str:
        arguments = [str(chain.folder / "datasets"), "seed_user_messages"]
        return subprocess.run(
            [*script, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    version = json.loads((chain.dataset / "latest.json").read_text())["version"]
    assert taken() == f"{version} revision 1: 6 next turns\n"
    assert taken() == f"nothing new since {version}\n"
    chain.server.wait_for(chain.night(), "Completed")
    newer = json.loads((chain.dataset / "latest.json").read_text())["version"]
    assert newer != version
    assert taken() == f"{newer} revision 1: 6 next turns\n"
