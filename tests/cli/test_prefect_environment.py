"""A command under the Prefect settings that people have in their environment."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from duologue.cli.local_run import flow_ready
from duologue.cli.prefect_server import check_settings, start_failure
from duologue.cli.temporary_server import temporary_server
from duologue.errors import UsageError
from tests.support.commands import duologue
from tests.support.serving import served

BOTS = """
def reply(chat_history):
    with open("calls.log", "a") as log:
        print(chat_history[0].text, file=log)
    if "broken" in chat_history[0].text:
        raise ValueError("scripted to fail")
    return f"Reply {len(chat_history)} about {sum(map(ord, chat_history[0].text))}."
"""
PAIR = ("--chatbot", "python:bots:reply", "--turns", "1")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, prefect_environment: dict[str, str]) -> Run:
    (tmp_path / "bots.py").write_text(BOTS)
    (tmp_path / "seeds.csv").write_text("message\nIs it broken?\nIs it blue?\nIs it big?\n")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {**prefect_environment, "COLUMNS": "100", **environment}
        return duologue(*arguments, cwd=tmp_path, environment=variables)

    return run


@contextmanager
def _answering(status: int, body: bytes) -> Iterator[str]:
    """Runs an HTTP server that gives the same answer to everything; gives its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # http.server's name

        def log_message(self, *_: object) -> None:
            """Prints nothing."""

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as server:
        yield f"127.0.0.1:{server.server_port}"


def _refused(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert not (folder / "calls.log").exists()
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    return error


def test_a_server_that_is_away_is_named_without_its_credentials(run: Run, tmp_path: Path) -> None:
    done = run("generate", "seeds.csv", *PAIR, PREFECT_API_URL="http://me:secret@127.0.0.1:1/api")
    error = _refused(done, tmp_path)
    assert "the Prefect server http://127.0.0.1:1/api cannot be reached" in error
    assert "such as http://127.0.0.1:4200/api" in error
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("status", "body", "reported"),
    [
        (200, b"<!DOCTYPE html><title>Log in</title>", "does not answer as a Prefect server's API"),
        (200, b'{"hello": "world"}', "does not answer as a Prefect server's API"),
        (404, b"{}", "does not answer as a Prefect server's API does (HTTP 404)"),
        (401, b"{}", "refuses the credentials (HTTP 401); set PREFECT_API_KEY"),
        (403, b"{}", "refuses the credentials (HTTP 403); set PREFECT_API_KEY"),
        (500, b"oops", "is not ready (HTTP 500)"),
    ],
)
def test_what_does_not_answer_as_a_server_is_reported(
    run: Run, tmp_path: Path, status: int, body: bytes, reported: str
) -> None:
    with _answering(status, body) as address:
        done = run("generate", "seeds.csv", *PAIR, PREFECT_API_URL=f"http://{address}/api")
    assert f"the Prefect server http://{address}/api {reported}" in _refused(done, tmp_path)


def test_an_answer_without_tls_is_reported_as_such(run: Run, tmp_path: Path) -> None:
    with _answering(200, b"[]") as address:
        done = run("generate", "seeds.csv", *PAIR, PREFECT_API_URL=f"https://{address}/api")
    assert "has a certificate that is not accepted" in _refused(done, tmp_path)


def test_a_url_without_its_scheme_is_reported(run: Run, tmp_path: Path) -> None:
    done = run("generate", "seeds.csv", *PAIR, PREFECT_API_URL="127.0.0.1:4200/api")
    assert "127.0.0.1:4200/api has no usable URL" in _refused(done, tmp_path)


@pytest.mark.parametrize("url", ["", "  "])
def test_where_no_server_may_be_started_one_must_be_configured(
    run: Run, tmp_path: Path, url: str
) -> None:
    settings = {"PREFECT_API_URL": url, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"}
    done = run("generate", "seeds.csv", *PAIR, **settings)
    assert "no Prefect server is configured" in _refused(done, tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"PREFECT_FLOWS_DEFAULT_RETRIES": "2", "PREFECT_FLOWS_DEFAULT_RETRY_DELAY_SECONDS": "900"},
        {"PREFECT_TASKS_DEFAULT_RETRIES": "1", "PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS": "0"},
        {"PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true", "PREFECT_LOGGING_LEVEL": "DEBUG"},
        {"PREFECT_RESULTS_DEFAULT_SERIALIZER": "json", "PREFECT_CLIENT_MAX_RETRIES": "0"},
        {
            "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK": "local-file-system/unknown",
            "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        },
        {"PREFECT_PROFILE": "unknown", "PREFECT_CLIENT_METRICS_ENABLED": "true"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_prefects_defaults_change_nothing_about_a_run_from_the_command_line(
    run: Run, tmp_path: Path, settings: dict[str, str]
) -> None:
    options = ("--set", "seed_retries=0", "--format", "json")
    done = run("generate", "seeds.csv", *PAIR, *options, **settings)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["revision"] == 1
    calls = (tmp_path / "calls.log").read_text().splitlines()
    assert sorted(calls) == ["Is it big?", "Is it blue?", "Is it broken?"]


def test_finished_conversations_are_not_billed_again_whatever_prefect_refreshes(
    run: Run, tmp_path: Path
) -> None:
    options = ("--set", "seed_retries=0", "--format", "json")
    first = run("generate", "seeds.csv", *PAIR, *options)
    version = json.loads(first.stdout.splitlines()[-1])["version"]
    (tmp_path / "calls.log").unlink()
    resumed = run(
        *("generate", "seeds.csv", *PAIR, *options, "--resume", version),
        PREFECT_TASKS_REFRESH_CACHE="true",
    )
    assert resumed.returncode == 1
    assert (tmp_path / "calls.log").read_text().splitlines() == ["Is it broken?"]


def test_a_setting_that_prefect_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "many")
    with pytest.raises(UsageError, match="its setting PREFECT_CLIENT_MAX_RETRIES: Input should"):
        _with_settings_read_again(check_settings)


def test_a_database_of_a_newer_prefect_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = "Traceback …\nalembic.util.exc.CommandError: Can't locate revision identified by 'f'"
    assert "its database was made by a newer Prefect; upgrade Prefect" in start_failure(printed)


def _with_settings_read_again(function: Callable[[], None]) -> None:
    from prefect.context import SettingsContext

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SettingsContext, "get", classmethod(lambda cls: None))
        function()


async def test_each_step_of_a_start_is_shown(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    shown: list[str] = []

    def load_flow() -> type:
        shown.append("(loads it)")
        return dict

    with temporary_server() as server:
        async with flow_ready(load_flow, [], server, shown.append):
            assert shown == [
                "starting Prefect",
                "loading the flow",
                "(loads it)",
                "opening the participants",
                "waiting for Prefect's server",
                "starting the flow",
            ]
