"""What the tests share: real servers of Prefect and S3, a browser, and a stand-in for Vellum."""

import contextlib
import logging
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.support.commands import warm_process_running
from tests.support.vellum_stand_in import StandIn, running_stand_in

# Quick: the same examples each time, so that what fails does so for whoever changed something. The
# search for new ones is `make fuzz`. A busy machine is no reason to fail.
hypothesis.settings.register_profile(
    "quick",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "fuzz", deadline=None, max_examples=5000, suppress_health_check=list(hypothesis.HealthCheck)
)
hypothesis.settings.load_profile("quick")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

API_KEY = "vellum-key-that-must-never-be-shown"


BYTES_WRITTEN = 4_000_000_000
"""More than the tests have written at any time; what a test that passed has written is removed."""

ONE_AUTHORITY = Path(__file__).parent / "fixtures" / "one_authority.pem"


def pytest_configure(config: pytest.Config) -> None:
    """Starts the warm process, once for all processes that run tests; sets what they inherit."""
    # Each of Prefect's clients reads the certificates of all authorities, also to speak HTTP: that
    # took a third of the CPU of a flow's test. Set before Prefect is imported.
    os.environ["SSL_CERT_FILE"] = str(ONE_AUTHORITY)
    # pytest captures the records themselves. To print each one in colour as well took a tenth of
    # the CPU of a flow's test.
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    if not hasattr(config, "workerinput"):
        _write_in_memory()
        running = contextlib.ExitStack()
        running.enter_context(warm_process_running())
        config.add_cleanup(running.close)


def _write_in_memory() -> None:
    """Puts what tests and the Prefect server write on a file system in memory, if there is room.

    Duologue and SQLite wait for the disk after each file and each transaction, some ten thousand
    times in the tests. That calls are made in the right order is the same on any file system.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > BYTES_WRITTEN:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
        os.environ.setdefault("TMPDIR", str(memory))
        tempfile.tempdir = None  # to be read again


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what `make test-processes` runs: two folders, and the tests that are marked already."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in ("processes", "other_tools"):
            item.add_marker(pytest.mark.processes)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """A Prefect server for the whole session; gives its API's URL."""
    from tests.support.session_server import use_session_server

    with use_session_server() as url:
        yield url


@pytest.fixture(scope="session")
def prefect_environment(prefect_server: str) -> dict[str, str]:
    """The environment of a process that is to use the session's Prefect server."""
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH

    storage = PREFECT_RESULTS_LOCAL_STORAGE_PATH.value()
    return {
        **os.environ,
        "PREFECT_API_URL": prefect_server,
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(storage),
    }


@pytest.fixture
async def vellum(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    """A stand-in for Vellum that this process and its children are directed to."""
    async with running_stand_in() as stand_in:
        monkeypatch.setenv("VELLUM_API_URL", stand_in.url)
        monkeypatch.setenv("VELLUM_API_KEY", API_KEY)
        yield stand_in


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes modules into the working directory, as a user has them."""
    monkeypatch.chdir(tmp_path)
    written = []

    def write(name: str, source: str) -> None:
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source))
        written.append(name.partition(".")[0])

    yield write
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]
    for name in list(sys.modules):
        if name.partition(".")[0] in written:
            del sys.modules[name]


@pytest.fixture
def seeds_csv(tmp_path: Path) -> Path:
    """Ten seed messages."""
    path = tmp_path / "seeds.csv"
    path.write_text("".join(f"Where is my order number {n}?\n" for n in range(1, 11)))
    return path


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """An S3 server in this process, with an empty bucket of the name `bucket`; gives its URL."""
    import boto3
    from moto.server import ThreadedMotoServer
    from s3fs import S3FileSystem

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # or it logs every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="bucket")
    S3FileSystem.clear_instance_cache()  # of drivers that were made for another server
    yield url
    server.stop()
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def s3_output(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place on S3, reached as people reach theirs, by the environment alone."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return f"s3://bucket/{uuid.uuid4()}"


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A browser. For a module and no longer: no test can be asynchronous as long as it is there."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        message = "these tests need Chromium; install it, on Debian with `apt-get install chromium`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def screenshots(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where the screenshots of a test go: to the folder that DUOLOGUE_SCREENSHOTS names, if any."""
    wanted = os.environ.get("DUOLOGUE_SCREENSHOTS")
    folder = Path(wanted) / request.node.name if wanted else tmp_path / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def screenshot(screenshots: Path) -> Callable[..., None]:
    """Takes a screenshot of a page under a name, if DUOLOGUE_SCREENSHOTS names a folder."""

    def take(page: "Page", name: str, full_page: bool = False) -> None:
        if os.environ.get("DUOLOGUE_SCREENSHOTS"):
            page.screenshot(path=screenshots / f"{name}.png", full_page=full_page)

    return take
