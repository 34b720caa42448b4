"""What compose.yaml and the Dockerfile start, run by hand: a night on PostgreSQL and S3.

The commands and variables are those of the files, with this machine's ports in place of the
services' names. No image is built here.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import duologue
from tests.support.postgres import postgres
from tests.support.prefect_processes import (
    BIN,
    ROOT,
    PrefectServer,
    RunningProcess,
    copy_of_the_repository,
    free_port,
    running,
)

SERVICES = YAML(typ="safe").load(ROOT / "compose.yaml")["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def of_dockerfile(start: str) -> list[str]:
    """Returns the command behind a text in the Dockerfile."""
    found: list[str] = json.loads(DOCKERFILE.partition(start)[2].partition("\n")[0])
    return found


class Machine:
    """Runs services as processes."""

    def __init__(self, folder: Path, logs: Path, database: str, store: str) -> None:
        self.server = PrefectServer(logs)
        self.health_port = free_port()
        self._folder = folder
        self._logs = logs
        self._here = {
            "postgresql+asyncpg://prefect:${POSTGRES_PASSWORD:-prefect}@database:5432/prefect": (
                database
            ),
            "http://store:9000": store,
            "http://server:4200": self.server.url,
            "http://127.0.0.1:4200": self.server.url,
            "0.0.0.0": "127.0.0.1",
            "http://127.0.0.1:8080": f"http://127.0.0.1:{self.health_port}",
        }

    def here(self, text: str) -> str:
        """Puts this machine's addresses in place of the services', and defaults for variables."""
        for there, here in self._here.items():
            text = text.replace(there, here)
        return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)

    def environment(self, service: str) -> dict[str, str]:
        given = {name: self.here(str(v)) for name, v in SERVICES[service]["environment"].items()}
        return {**self.server.environment, **given}

    @contextmanager
    def runs(self, service: str, *more: str) -> Iterator[RunningProcess]:
        command = SERVICES[service].get("command") or of_dockerfile("\nCMD")
        command = [self.here(part) for part in command]
        if command[0] == "prefect":
            command[0] = str(BIN / "prefect")
        environment = {
            **self.environment(service),
            "PREFECT_WORKER_WEBSERVER_PORT": str(self.health_port),
        }
        log = self._logs / f"{service}.log"
        with running([*command, *more], self._folder, environment, log) as process:
            yield process

    def is_healthy(self, check: list[str]) -> bool:
        """Runs a health check as Docker does."""
        command = [self.here(part) for part in check]
        done = subprocess.run(
            command, env=self.server.environment, capture_output=True, timeout=600, check=False
        )
        return done.returncode == 0


@pytest.fixture
def machine(tmp_path: Path, s3_server: str) -> Iterator[Machine]:
    folder = copy_of_the_repository(tmp_path / "duologue")
    deployments = folder / "prefect.yaml"
    text = deployments.read_text()
    assert "    turns: 3\n" in text
    deployments.write_text(
        text.replace("    turns: 3\n", "    turns: 1\n    output: s3://bucket\n")
    )
    (tmp_path / "logs").mkdir()
    with postgres() as database:
        machine = Machine(folder, tmp_path / "logs", database, s3_server)
        yield machine
        machine.server.close()


def test_the_services_complete_a_night_on_postgresql_and_s3(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = machine.server
    port = ("--port", str(server.port))
    with machine.runs("server", *port):
        check: list[str] = SERVICES["server"]["healthcheck"]["test"][1:]
        server.wait_until(lambda: machine.is_healthy(check), "the server is healthy")
        with machine.runs("deploy") as deploy:
            assert deploy.wait() == 0, deploy.output
        with machine.runs("worker"):
            check = of_dockerfile("\n    CMD")
            run = server.start_run("generate-dataset/nightly")
            server.wait_for(run, "Completed")
            server.wait_until(lambda: machine.is_healthy(check), "the worker is healthy")
    worker: dict[str, Any] = machine.environment("worker")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, worker[name])
    dataset = duologue.load("latest", output="s3://bucket", name="seed_user_messages")
    assert dataset.manifest.counts.valid == 3
