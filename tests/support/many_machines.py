"""Several machines, as far as one can be several: workers, PostgreSQL, S3 and Vellum as processes.

Runs are on a work pool of their own, so that shards can be killed without the run that waits.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import httpx
import pandas as pd

from duologue.dataset.manifest import Manifest
from tests.conftest import API_KEY
from tests.support.postgres import postgres
from tests.support.prefect_processes import (
    ROOT,
    PrefectServer,
    RunningProcess,
    free_port,
    prefect_server,
    running,
    worker,
)
from tests.support.vellum_stand_in import stand_in_process

RUNS, SHARDS = "runs", "shards"
"""Work pools."""

TURNS = 2
CALLS = 2 * TURNS
"""Of one conversation."""

HEARTBEAT_SECONDS = 30
"""Prefect's shortest."""
SILENT_AFTER_SECONDS = 45

S3 = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Call(NamedTuple):
    """One call as Vellum received it."""

    seed_id: str
    deployment: str
    messages: int


@dataclass(frozen=True)
class Machines:
    """Where everything is."""

    server: PrefectServer
    vellum: str
    s3: str
    folder: Path
    silent_after_seconds: float = SILENT_AFTER_SECONDS

    @property
    def environment(self) -> dict[str, str]:
        """What workers have besides the server's address."""
        return {
            **S3,
            "AWS_ENDPOINT_URL": self.s3,
            "VELLUM_API_URL": self.vellum,
            "VELLUM_API_KEY": API_KEY,
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        }

    @contextmanager
    def worker(self, pool: str, limit: int | None = None) -> Iterator[RunningProcess]:
        """A machine that takes flow runs, a number of them concurrently."""
        with worker(self.server, self.folder, self.environment, pool, limit) as process:
            yield process

    def seeds(self, count: int) -> str:
        """Writes that many seeds."""
        file = self.folder / f"seeds_{count}.csv"
        file.write_text("".join(f"Where is order {n}?\n" for n in range(count)))
        return str(file)

    def start(
        self, seeds: str, shards: int, in_flight: int, turns: int = TURNS, **advanced: Any
    ) -> str:
        """Starts a run in shards; gives its id."""
        options = {"count": shards, "silent_after_seconds": self.silent_after_seconds}
        return self.server.start_run(
            f"generate-dataset/{RUNS}",
            {
                "seeds": seeds,
                "chatbot": "support-bot",
                "simulated_user": "simulated-user",
                "turns": turns,
                "max_concurrency": in_flight,
                "output": "s3://bucket/datasets",
                "advanced": {"shards": options, **advanced},
            },
        )

    def answer_after(self, latency_ms: float) -> None:
        """Has Vellum take so long for each call."""
        for deployment in ("support-bot", "simulated-user"):
            self.steer(deployment, latency_ms=latency_ms)

    def steer(self, deployment: str, **changes: Any) -> None:
        """Has one of Vellum's Workflow Deployments behave otherwise."""
        answer = httpx.post(f"{self.vellum}/_control", json={"deployment": deployment, **changes})
        assert answer.is_success, answer.text

    def totals(self) -> dict[str, int]:
        """How many calls Vellum got, and how many concurrently."""
        found: dict[str, int] = httpx.get(f"{self.vellum}/_control/totals", timeout=600).json()
        return found

    def asked(self) -> list[Call]:
        """What Vellum was asked, in order."""
        requests = httpx.get(f"{self.vellum}/_control/requests", timeout=600).json()
        return [_call(request) for request in requests]

    def wait_for_calls(self, more_than: int) -> None:
        self.server.wait_until(
            lambda: self.totals()["requests"] > more_than, f"more than {more_than} calls"
        )

    def shard_runs(self, run: str) -> dict[str, dict[str, Any]]:
        """The flow runs of a run's shards, by name without the version."""
        of_version = {"tags": {"all_": [f"version:{self.version(run)}"]}}
        found = self.server.api("POST", "/flow_runs/filter", {"flow_runs": of_version})
        named = {one["name"].partition("-shard-")[2]: one for one in found}
        return {name: one for name, one in named.items() if name}

    def version(self, run: str) -> str:
        """The version that a run makes."""
        tags: list[str] = self.server.flow_run(run)["tags"]
        [version] = (tag.partition(":")[2] for tag in tags if tag.startswith("version:"))
        return version

    def published(self, run: str) -> tuple[Manifest, pd.DataFrame]:
        """A run's version as readers find it on S3."""
        client = boto3.client(
            "s3",
            endpoint_url=self.s3,
            region_name=S3["AWS_DEFAULT_REGION"],
            aws_access_key_id=S3["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=S3["AWS_SECRET_ACCESS_KEY"],
        )
        listed = client.get_paginator("list_objects_v2").paginate(
            Bucket="bucket", Prefix="datasets/"
        )
        objects = [one for page in listed for one in page.get("Contents", [])]
        [*_, newest] = [
            one["Key"]
            for one in sorted(objects, key=lambda one: one["LastModified"])
            if self.version(run) in one["Key"] and one["Key"].endswith("manifest.json")
        ]
        manifest = client.get_object(Bucket="bucket", Key=newest)["Body"].read()
        table = self.folder / "conversations.parquet"
        client.download_file("bucket", newest.replace("manifest.json", table.name), str(table))
        return Manifest.model_validate_json(manifest), pd.read_parquet(table)


def _call(request: Mapping[str, Any]) -> Call:
    [history] = [one["value"] for one in request["inputs"] if one["type"] == "CHAT_HISTORY"]
    return Call(request["metadata"]["seed_id"], request["deployment"], len(history))


def paid_twice(asked: list[Call]) -> set[str]:
    """The seeds of which anything was asked more than once."""
    return {call.seed_id for call, times in Counter(asked).items() if times > 1}


@contextmanager
def many_machines(
    folder: Path, latency_ms: float, silent_after_seconds: float = SILENT_AFTER_SECONDS
) -> Iterator[Machines]:
    """Everything but the workers."""
    with (
        postgres() as database,
        prefect_server(folder, database) as server,
        stand_in_process(latency_ms) as vellum,
        _s3_server(server) as s3,
    ):
        machines = Machines(server, vellum, s3, folder, silent_after_seconds)
        for pool in (RUNS, SHARDS):
            server.api("POST", "/work_pools/", {"name": pool, "type": "process"})
        _deploy(server, "generate-dataset", RUNS, RUNS)
        _deploy(server, "simulate-shard", "simulate-shard", SHARDS)
        yield machines


@contextmanager
def _s3_server(server: PrefectServer) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(command, server.folder, server.environment, server.folder / "s3.log"):
        server.wait_until(lambda: _answers(url), "S3 answers")
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name=S3["AWS_DEFAULT_REGION"],
            aws_access_key_id=S3["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=S3["AWS_SECRET_ACCESS_KEY"],
        )
        client.create_bucket(Bucket="bucket")
        yield url


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def _deploy(server: PrefectServer, flow: str, name: str, pool: str) -> None:
    module = flow.replace("-", "_")
    here = {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
    deployment = {
        "name": name,
        "flow_id": server.api("POST", "/flows/", {"name": flow})["id"],
        "entrypoint": f"flows/{module}.py:{module}",
        "work_pool_name": pool,
        "pull_steps": [here],
    }
    server.api("POST", "/deployments/", deployment)
