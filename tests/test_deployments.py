"""The Prefect deployments of prefect.yaml, on real servers: with a worker, and with one process."""

import json
import re
import signal
import socket
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

from duologue.cli.serve import as_deployment, read_descriptions
from tests.postgres import postgres
from tests.prefect_processes import (
    BIN,
    ROOT,
    PrefectServer,
    RunningProcess,
    copy_of_the_repository,
    free_port,
    prefect_server,
    run_prefect,
    running,
    worker,
)
from tests.vellum_stand_in import stand_in_process

GENERATE = "flows/generate_dataset.py:generate_dataset"
RERUN = "flows/rerun_failed_seeds.py:rerun_failed_seeds"
EVALUATE = "flows/evaluate_dataset.py:evaluate_dataset"
SHARD = "flows/simulate_shard.py:simulate_shard"
ONE_AT_A_TIME = {"limit": 1, "collision_strategy": "CANCEL_NEW"}

# A change here is a change of what happens every night.
DEPLOYMENTS = {
    # name: (entrypoint, (slug, cron, timezone), concurrency limit)
    "nightly": (GENERATE, ("nightly", "0 2 * * *", "Etc/UTC"), ONE_AT_A_TIME),
    "on-demand": (GENERATE, None, None),
    "rerun-failed-seeds": (RERUN, None, None),
    "evaluate": (EVALUATE, None, None),
    "simulate-shard": (SHARD, None, None),
}
NIGHTLY = "generate-dataset/nightly"

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
    for description in read_descriptions(ROOT / "prefect.yaml"):
        schedules = description.get("schedules") or [None]
        assert len(schedules) == 1
        found[description["name"]] = (
            description["entrypoint"],
            schedules[0] and tuple(schedules[0][part] for part in ("slug", "cron", "timezone")),
            description.get("concurrency_limit"),
        )
    assert found == DEPLOYMENTS


@pytest.mark.parametrize(
    "description", read_descriptions(ROOT / "prefect.yaml"), ids=lambda one: str(one["name"])
)
def test_every_deployment_loads_its_flow_which_knows_its_parameters(
    description: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    deployment = as_deployment(description, "prefect.yaml")
    assert deployment.parameters == (description.get("parameters") or {})
    assert deployment.description is not None
    assert len(deployment.description) > 100


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


def test_retry_mends_a_failed_night(production: Production) -> None:
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


def test_one_process_does_not_take_what_belongs_to_workers(production: Production) -> None:
    done = attempt(production, production.server.api_url)
    assert done.returncode == 2, done.stderr
    assert f"{NIGHTLY} belongs to the work pool 'duologue'" in done.stderr


@contextmanager
def served(server: PrefectServer, folder: Path, *options: str) -> Iterator[RunningProcess]:
    """`duologue serve`, on the port that `server` is about to have."""
    log = server.folder / f"serve-{free_port()}.log"
    environment = {
        name: value for name, value in server.environment.items() if name != "PREFECT_API_URL"
    }
    command: list[str | Path] = [BIN / "duologue", "serve", "--port", str(server.port), *options]
    with running(command, folder, environment, log) as process:
        server.wait_until(
            lambda: "Ctrl-C" in process.output or process.popen.poll() is not None, "it serves"
        )
        assert process.popen.poll() is None, process.output
        server.wait_until(lambda: server.deployment(NIGHTLY)["status"] == "READY", "it is polled")
        yield process


@pytest.fixture
def unstarted(tmp_path: Path) -> Iterator[Production]:
    folder = copy_of_the_repository(tmp_path / "repository")
    (tmp_path / "server").mkdir()
    server = PrefectServer(tmp_path / "server")
    server.environment |= {"PYTHONPATH": str(folder), "DUOLOGUE_ALLOWED_CODE": "bots"}
    yield Production(server, folder)
    server.close()


def test_one_process_serves_it_all_and_takes_up_again_what_it_paused(
    unstarted: Production,
) -> None:
    server = unstarted.server
    with served(server, unstarted.folder) as process:
        assert re.search(
            r"generate-dataset/nightly +next at \d{4}-\d\d-\d\d 02:00 UTC", process.output
        )
        assert "Traceback" not in process.output
        server.wait_for(unstarted.night(), "Completed")
        with unstarted.flag("broken"):
            run = unstarted.night(**OWN_PAIR)
            server.wait_for(run, "Failed")
        server.retry(run)
        server.wait_for(run, "Completed")
        assert unstarted.latest()["revision"] == 2
        (unstarted.folder / "wait").touch()
        run = unstarted.night(**OWN_PAIR)
        server.wait_for(run, "Running")
        process.send(signal.SIGTERM)
        assert process.wait() == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.api_url)
    (unstarted.folder / "wait").unlink()
    with served(server, unstarted.folder) as process:
        nightly = server.deployment(NIGHTLY)
        assert (nightly["paused"], nightly["schedules"][0]["active"]) == (False, True)
        # What was under way is no night that keeps the next ones away, and can be taken up again.
        server.wait_for(run, "Cancelled")
        server.retry(run)
        server.wait_for(run, "Completed")
        process.send(signal.SIGINT)
        assert process.wait() == 0
        assert "Stopped" in process.output
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.api_url)


def test_one_process_leaves_a_server_alone_that_it_found(
    unstarted: Production, tmp_path: Path
) -> None:
    server = unstarted.server
    server.start()
    with served(server, unstarted.folder) as process:
        assert "a server that was running there" in process.output
        process.send(signal.SIGTERM)
        assert process.wait() == 0
    assert server.deployment(NIGHTLY)["paused"]


NIGHT = "deployments:\n- name: night\n  entrypoint: "


@pytest.mark.parametrize(
    ("yaml", "told"),
    [
        (None, "prefect.yaml: No such file"),
        ("deployments: [", "prefect.yaml is no YAML"),
        ("deployments: []", "prefect.yaml describes no deployments"),
        ("just words", "prefect.yaml describes no deployments"),
        ("deployments:\n- name: night", "deployment 1 lacks a name or an entrypoint"),
        (f"{NIGHT}flows/missing.py:night", "'flows/missing.py:night' cannot be loaded"),
        (f"{NIGHT}flows/generate_dataset.py:night", "cannot be loaded"),
        (f"{NIGHT}{GENERATE}\n  parameters: {{sedes: a.csv}}", "sedes"),
        (f"{NIGHT}{GENERATE}\n  parameters: {{turns: 0}}", "turns"),
        (f"{NIGHT}{GENERATE}\n  schedules: [{{cron: at two}}]", "at two"),
        (f"{NIGHT}{GENERATE}\n  schedules: [{{corn: 0 2 * * *}}]", "corn"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_sentence(
    unstarted: Production, yaml: str | None, told: str
) -> None:
    file = unstarted.folder / "prefect.yaml"
    file.unlink() if yaml is None else file.write_text(yaml)
    done = attempt(unstarted)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_something_else_has_is_told(unstarted: Production) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", unstarted.server.port))
        other.listen()
        done = attempt(unstarted)
    assert done.returncode == 2
    assert f"port {unstarted.server.port} of 127.0.0.1 cannot be used" in done.stderr


def attempt(production: Production, api_url: str = "") -> subprocess.CompletedProcess[str]:
    """`duologue serve` where it cannot serve."""
    environment = {**production.server.environment, "PREFECT_API_URL": api_url}
    return subprocess.run(
        [BIN / "duologue", "serve", "--port", str(production.server.port)],
        cwd=production.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
