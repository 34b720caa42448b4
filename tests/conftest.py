"""What the tests share: a real Prefect server a session, a browser, and a stand-in for Vellum."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright
from prefect.settings import PREFECT_API_URL, PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from tests.vellum_stand_in import StandIn, running_stand_in

# A busy machine is no reason to fail. `make fuzz` looks for longer.
hypothesis.settings.register_profile("quick", deadline=None)
hypothesis.settings.register_profile(
    "fuzz", deadline=None, max_examples=5000, suppress_health_check=list(hypothesis.HealthCheck)
)
hypothesis.settings.load_profile("quick")

API_KEY = "vellum-key-that-must-never-be-shown"


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server for the whole session; gives its API's URL.

    The harness gives it a database of its own, but not a result storage: without one, a session
    would find what the one before it cached.
    """
    storage = tmp_path_factory.mktemp("prefect-results")
    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: storage}),
    ):
        url = PREFECT_API_URL.value()
        assert url is not None
        yield url


@pytest.fixture(scope="session")
def prefect_environment(prefect_server: str) -> dict[str, str]:
    """The environment of a process that is to use the session's Prefect server."""
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
def seeds_csv(tmp_path: Path) -> Path:
    """Ten seed messages."""
    path = tmp_path / "seeds.csv"
    path.write_text("".join(f"Where is my order number {n}?\n" for n in range(1, 11)))
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser. For a module and no longer: no test can be asynchronous as long as it is there."""
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
