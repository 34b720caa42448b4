"""A night as in production, with calls that fail in many ways: then its keys are looked for.

In what every process printed, in each byte of Prefect's database, in the stored results, in the
datasets, and in all that Prefect's API gives. Nor are the messages in any of Prefect's records.
"""

import base64
import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from tests.processes.test_crashes import deploy
from tests.support.model_server import SENT_KEY, model_server_in_thread
from tests.support.prefect_processes import PrefectServer, prefect_server, worker
from tests.support.searching import files_with, spellings
from tests.support.vellum_stand_in import stand_in_process

KEY = "vk-<\"&'%+\\>-5e7b0c1d9a42"
MODEL_KEY = "sk-<\"&'%+\\>-77aa0c1d9b13"
HEADER_KEY = "Bearer <\"&'%+\\>-90cc1e2f4a55"
KEYS = [KEY, MODEL_KEY, HEADER_KEY]
SEED = 'Where is the "parcel" no. {}, & why?'
"""Long and odd enough to be found nowhere else."""
FAILURES = {
    "no. 1,": "status_repeating:400",
    "no. 2,": "rejected_repeating:INVALID_INPUTS",
    "no. 3,": "garbage",
    "no. 4,": "status_repeating:503",
    "no. 5,": "status_html:500",
    "no. 6,": "rejected_repeating:NODE_EXECUTION",
    "no. 7,": "reset",
}
SEEDS = 10


@dataclass(frozen=True)
class Night:
    """What was run, on a server that was stopped since."""

    folder: Path
    """Prefect's home with its database, the results, and what was printed."""
    output: Path
    elsewhere: Path
    """The output of the run with a language model and a URL."""
    of_api: str
    """All that Prefect's API had of it, as JSON."""
    logs: str
    flow_runs: list[dict[str, Any]]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder, home = tmp_path_factory.mktemp("server"), tmp_path_factory.mktemp("home")
    (home / "seeds.csv").write_text(
        "message\n" + "".join(f"{_quoted(SEED.format(n))}\n" for n in range(SEEDS))
    )
    parameters = {
        "seeds": str(home / "seeds.csv"),
        "output": str(home / "datasets"),
        "chatbot": "support-bot@production",
        "simulated_user": "simulated-user",
        "turns": 1,
        "advanced": {
            "gates": {"max_failed_share": 1},
            "seed_retries": 1,
            "seed_retry_delay_seconds": 0,
            "call": {"max_attempts": 2, "first_wait_seconds": 0.01, "longest_wait_seconds": 0.01},
        },
    }
    others = {
        **parameters,
        "output": str(home / "elsewhere"),
        "simulated_user": "openai:tiny",
        "advanced": {
            **parameters["advanced"],  # type: ignore[dict-item]
            "chatbot_inputs": {
                "output_path": "answer.text",
                "endpoint": {"headers_from_environment": {"Authorization": "BOT_AUTHORIZATION"}},
            },
        },
    }
    with (
        stand_in_process() as url,
        prefect_server(folder) as server,
        model_server_in_thread() as models,
    ):
        others["chatbot"] = f"{models.url}/chat"
        models.script.extend([500, "Which one?", 500, 400, 429, SENT_KEY, 503] * 2)
        deploy(server, "night")
        environment = {
            "VELLUM_API_URL": url,
            "VELLUM_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{models.url}/v1",
            "OPENAI_API_KEY": MODEL_KEY,
            "BOT_AUTHORIZATION": HEADER_KEY,
            "DUOLOGUE_ALLOWED_HOSTS": "127.0.0.1",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
            "PREFECT_LOGGING_EXTRA_LOGGERS": "httpx,httpx2,httpcore,openai,aiohttp,vellum,asyncio",
            "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        }
        with worker(server, folder, environment, "night"):

            def fail(**how: Any) -> None:
                httpx.post(f"{url}/_control", json={"deployment": "support-bot", **how})

            fail(when_history_contains=FAILURES)
            run = server.start_run("generate-dataset/night", parameters)
            server.wait_for(run, "Failed")
            server.retry(run)
            server.wait_until(lambda: server.flow_run(run)["run_count"] == 2, "it is retried")
            server.wait_for(run, "Failed")
            fail(when_history_contains={}, always="status_repeating:401")
            stopped = server.start_run("generate-dataset/night", parameters)
            server.wait_for(stopped, "Failed")
            elsewhere = server.start_run("generate-dataset/night", others)
            server.wait_for(elsewhere, "Failed")
        everything = _all_of(server)
        logs = "\n".join(server.logs(one) for one in (run, stopped, elsewhere))
        flow_runs = [server.flow_run(one) for one in (run, stopped, elsewhere)]
    return Night(
        folder, home / "datasets", home / "elsewhere", json.dumps(everything), logs, flow_runs
    )


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _all_of(server: PrefectServer) -> dict[str, Any]:
    kinds = [
        "flow_runs", "task_runs", "logs", "artifacts", "deployments", "work_pools", "events",
        "block_documents", "variables", "automations",
    ]  # fmt: skip
    return {kind: server.api("POST", f"/{kind}/filter", {}) for kind in kinds}


def test_the_night_went_as_wrong_as_it_was_to(night: Night) -> None:
    """Otherwise there would be nothing to find."""
    first, stopped, elsewhere = night.flow_runs
    assert f"{len(FAILURES)} failed and 0 invalid of {SEEDS}" in first["state"]["message"]
    assert "answered 401" in stopped["state"]["message"]
    assert "[hidden]" in night.logs, "the key and the messages had been sent back"
    assert re.search(r"[1-9]\d* failed", elsewhere["state"]["message"])
    assert re.search("holds the (API key|value of a secret header)", night.logs + night.of_api)


@pytest.mark.parametrize("key", KEYS)
def test_the_key_is_in_no_file(night: Night, key: str) -> None:
    version = json.loads(next(night.output.glob("*/latest.json")).read_text())["version"]
    homes_with_version = {path.parent.name for path in files_with(version, night.folder)}
    assert "prefect-home" in homes_with_version, "what is in the database can be found in it"
    assert files_with(key, night.folder) == []
    assert files_with(key, night.output) == []
    assert files_with(key, night.elsewhere) == []
    assert not [spelt for spelt in spellings(key) if spelt in night.of_api]


def test_the_key_is_in_nothing_that_is_compressed(night: Night) -> None:
    tables = [str(pq.read_table(path).to_pylist()) for path in night.output.rglob("*.parquet")]
    texts = list(tables)
    for page in night.output.rglob("report.html"):
        blocks = re.findall(r">([A-Za-z0-9+/=]{20,})<", page.read_text())
        texts += [zlib.decompress(base64.b64decode(block)).decode() for block in blocks]
    pages = texts[len(tables) :]
    assert any(SEED.format(0) in table for table in tables)
    assert any(spelt in page for page in pages for spelt in spellings(SEED.format(0)))
    keys = [spelt for key in KEYS for spelt in spellings(key)]
    assert not [spelt for text in texts for spelt in keys if spelt in text]


def test_no_message_is_in_a_record_of_prefect(night: Night) -> None:
    said = SEED.partition("{}")[0]
    assert [path for path in files_with(said, night.folder) if "results" not in path.parts] == []
    assert not [spelt for spelt in spellings(said) if spelt in night.of_api + night.logs]
