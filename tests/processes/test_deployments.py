"""The Prefect deployments of prefect.yaml, on a real server with a worker."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pandas as pd
import pytest
from prefect.types._datetime import parse_datetime

from duologue.cli.serve import check_deployments, read_deployments
from tests.support.postgres import postgres
from tests.support.prefect_processes import (
    BIN,
    ROOT,
    PrefectServer,
    copy_of_the_repository,
    prefect_server,
    run_prefect,
    worker,
)
from tests.support.vellum_stand_in import stand_in_process

GENERATE = "flows/generate_dataset.py:generate_dataset"
RERUN = "flows/rerun_failed_seeds.py:rerun_failed_seeds"
EVALUATE = "flows/evaluate_dataset.py:evaluate_dataset"
COMPARE = "flows/compare_chatbots.py:compare_chatbots"
SHARD = "flows/simulate_shard.py:simulate_shard"
ONE_AT_A_TIME = {"limit": 1, "collision_strategy": "CANCEL_NEW"}

# A change here is a change of what happens every night.
DEPLOYMENTS = {
    # name: (entrypoint, (slug, cron, timezone), concurrency limit)
    "nightly": (GENERATE, ("nightly", "0 2 * * *", "Etc/UTC"), ONE_AT_A_TIME),
    "on-demand": (GENERATE, None, None),
    "rerun-failed-seeds": (RERUN, None, None),
    "evaluate": (EVALUATE, None, None),
    "compare": (COMPARE, None, None),
    "simulate-shard": (SHARD, None, None),
}
NIGHTLY = "generate-dataset/nightly"
WORK_POOL = ["work-pool", "create", "duologue", "--type", "process", "--overwrite"]

OWN_PAIR = {
    "chatbot": "python:bots:reply",
    "simulated_user": "python:bots:ask",
    "turns": 1,
    "advanced": {"seed_retries": 0},
}


@dataclass(frozen=True)
class Production:
    """A Prefect server that knows the deployments, and who runs them in this folder."""

    server: PrefectServer
    folder: Path

    def night(self, **parameters: Any) -> str:
        return self.server.start_run(NIGHTLY, parameters)

    @contextmanager
    def flag(self, name: str) -> Iterator[None]:
        """Lets the chatbot `wait`, or be `broken`."""
        (self.folder / name).touch()
        try:
            yield
        finally:
            (self.folder / name).unlink()

    @property
    def dataset(self) -> Path:
        return self.folder / "datasets" / "seed_user_messages"

    def versions(self) -> set[str]:
        """Names them, whichever revision they are in."""
        return {folder.name.partition("-r")[0] for folder in self.dataset.glob("2*")}

    def latest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.dataset / "latest.json").read_text())
        return found

    def calls(self) -> int:
        return len((self.folder / "calls.log").read_text().splitlines())


ONE_DATABASE = pytest.mark.parametrize("production", ["SQLite"], indirect=True)
"""For what does not depend on how the server stores it."""


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def production(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Production]:
    """With a worker, as docs/how-to/every_night.md says."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("repository"))
    database = postgres() if request.param == "PostgreSQL" else nullcontext()
    with database as url, prefect_server(tmp_path_factory.mktemp("server"), url) as server:
        # Nothing but the copy is to be imported, wherever the package is installed from.
        server.environment |= {"PYTHONPATH": str(folder), "DUOLOGUE_ALLOWED_CODE": "bots"}
        run_prefect(server, "work-pool", "create", "duologue", "--type", "process", cwd=folder)
        run_prefect(server, "deploy", "--all", cwd=folder)
        with worker(server, folder):
            yield Production(server, folder)


def test_what_runs_when_is_what_was_agreed_on() -> None:
    found = {}
    for deployment in read_deployments(ROOT / "prefect.yaml"):
        schedules = deployment.get("schedules") or [None]
        assert len(schedules) == 1
        found[deployment["name"]] = (
            deployment["entrypoint"],
            schedules[0] and tuple(schedules[0][part] for part in ("slug", "cron", "timezone")),
            deployment.get("concurrency_limit"),
        )
    assert found == DEPLOYMENTS


@pytest.mark.parametrize(
    "deployment", read_deployments(ROOT / "prefect.yaml"), ids=lambda one: str(one["name"])
)
def test_every_deployment_is_described_and_its_flow_accepts_its_parameters(
    deployment: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    check_deployments([deployment], "prefect.yaml")
    assert len(deployment["description"]) > 100


@pytest.mark.parametrize("has_terminal", [True, False])
def test_deploying_asks_nothing(
    tmp_path: Path, prefect_environment: dict[str, str], has_terminal: bool
) -> None:
    folder = copy_of_the_repository(tmp_path / "repository")
    environment = prefect_environment | {"PYTHONPATH": str(folder), "PWD": str(folder)}
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, b"\x04" * 20)  # whatever is asked gets no answer
        for arguments in (WORK_POOL, ["deploy", "--all"]):
            with open(tmp_path / "printed", "wb") as printed:
                done = subprocess.run(
                    [BIN / "prefect", *arguments],
                    cwd=folder,
                    env=environment | {"PREFECT_CLI_PROMPT": "true" if has_terminal else "false"},
                    stdin=terminal if has_terminal else None,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    preexec_fn=None if has_terminal else lambda: os.close(0),
                    check=False,
                )
    finally:
        os.close(keyboard)
        os.close(terminal)
    output = (tmp_path / "printed").read_text()
    assert done.returncode == 0, output
    assert "Would you like" not in output
    assert output.count("successfully created") == len(DEPLOYMENTS)


def test_a_night_publishes_a_version(production: Production) -> None:
    earlier = production.versions()
    production.server.wait_for(production.night(), "Completed")
    (version,) = production.versions() - earlier
    assert production.latest()["version"] == version
    (file,) = (production.dataset / version).rglob("conversations.parquet")
    assert len(pd.read_parquet(file)) == 3


def test_the_next_nights_are_scheduled_at_two(production: Production) -> None:
    nightly = production.server.deployment(NIGHTLY)
    scheduled = {
        "flow_runs": {
            "deployment_id": {"any_": [nightly["id"]]},
            "state": {"type": {"any_": ["SCHEDULED"]}},
        }
    }
    production.server.wait_until(
        lambda: len(production.server.api("POST", "/flow_runs/filter", scheduled)) >= 3,
        "three nights are scheduled",
    )
    nights = [
        parse_datetime(run["expected_start_time"]).astimezone(ZoneInfo("Etc/UTC"))
        for run in production.server.api("POST", "/flow_runs/filter", scheduled)
    ]
    assert {(night.hour, night.minute) for night in nights} == {(2, 0)}
    assert len({night.date() for night in nights}) == len(nights)


def test_a_night_that_overlaps_with_another_is_cancelled(production: Production) -> None:
    earlier = production.versions()
    with production.flag("wait"):
        first = production.night(**OWN_PAIR)
        production.server.wait_for(first, "Running")
        second = production.night(**OWN_PAIR)
        cancelled = production.server.wait_for(second, "Cancelled")
    assert "concurrency limit" in cancelled["state"]["message"]
    production.server.wait_for(first, "Completed")
    assert {production.latest()["version"]} == production.versions() - earlier


def test_retry_completes_a_failed_night(production: Production) -> None:
    earlier = production.versions()
    with production.flag("broken"):
        run = production.night(**OWN_PAIR)
        failed = production.server.wait_for(run, "Failed")
    assert "1 failed and 0 invalid of 3" in failed["state"]["message"]
    calls = production.calls()
    production.server.retry(run)
    production.server.wait_for(run, "Completed")
    assert production.calls() - calls == 1
    assert {production.latest()["version"]} == production.versions() - earlier
    assert production.latest()["revision"] == 2


def test_retry_waits_for_no_other_night_but_can_be_pressed_again(production: Production) -> None:
    """The limit is for retries as well."""
    with production.flag("broken"):
        failed = production.night(**OWN_PAIR)
        production.server.wait_for(failed, "Failed")
    with production.flag("wait"):
        other = production.night(**OWN_PAIR)
        production.server.wait_for(other, "Running")
        production.server.retry(failed)
        production.server.wait_for(failed, "Cancelled")
    production.server.wait_for(other, "Completed")
    production.server.retry(failed)
    production.server.wait_for(failed, "Completed")


@ONE_DATABASE
def test_a_secret_block_reaches_the_runs_through_the_work_pool(production: Production) -> None:
    server, key = production.server, "a-key-out-of-a-secret-block"
    kind = server.api("GET", "/block_types/slug/secret")["id"]
    of_kind = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
    block = {
        "name": "vellum-api-key",
        "data": {"value": key},
        "block_type_id": kind,
        "block_schema_id": server.api("POST", "/block_schemas/filter", of_kind)[0]["id"],
    }
    server.api("POST", "/block_documents/", block)
    template = server.api("GET", "/work_pools/duologue")["base_job_template"]
    with stand_in_process() as vellum:
        template["variables"]["properties"]["env"]["default"] = {
            "VELLUM_API_KEY": "{{ prefect.blocks.secret.vellum-api-key }}",
            "VELLUM_API_URL": vellum,
        }
        server.api("PATCH", "/work_pools/duologue", {"base_job_template": template})
        run = production.night(chatbot="support-bot", simulated_user="simulated-user")
        server.wait_for(run, "Completed")
        asked = httpx.get(f"{vellum}/_control/requests").json()
    assert len(asked) == 3 * 3 * 2  # without a key each of them is refused
    assert key not in str([server.deployment(NIGHTLY), server.flow_run(run), server.logs(run)])
    assert key not in str(server.api("GET", "/work_pools/duologue"))


@ONE_DATABASE
@pytest.mark.parametrize(
    "parameters",
    [
        {"chatbot": "python:calendar:prmonth"},
        {"simulated_user": "local:antigravity"},
        {"advanced": {"rules": {"own_rules": ["python:calendar:prmonth"]}}},
    ],
)
def test_code_that_the_worker_does_not_allow_is_not_run(
    production: Production, parameters: dict[str, Any]
) -> None:
    earlier = production.versions()
    failed = production.server.wait_for(production.night(**parameters), "Failed")
    assert "runs only the code that its worker allows" in failed["state"]["message"]
    assert "DUOLOGUE_ALLOWED_CODE" in failed["state"]["message"]
    assert production.versions() == earlier
