"""The documentation as a site: built strictly, and read in a real browser."""

import os
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.browsing import DESKTOP, PHONE, has_no_horizontal_scroll
from tests.support.serving import served

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv" / "site"
PYTHON_PAGE = (ROOT / "docs/reference/python.md").read_text()
PUBLIC_NAMES = re.findall(r"^::: (\S+)$", PYTHON_PAGE, re.MULTILINE)
ELSEWHERE = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//")
"""A file that a browser would load from another host."""


class Files(SimpleHTTPRequestHandler):
    """Serves a folder and writes no log."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site; a warning, such as of a broken link, ends the build."""
    if not (ENVIRONMENT / "ready").exists():
        message = f"these tests need {ENVIRONMENT}; run `make site` to see why it is not there"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("site")
    command: list[str | Path] = [
        ENVIRONMENT / "bin" / "mkdocs",
        "build",
        "--strict",
        "--site-dir",
        folder,
    ]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def tab(site: Path, chromium: Browser) -> Iterator[Page]:
    """A tab at the front page; in the end it has asked no other host, and reported no error."""
    expect.set_options(timeout=600_000)
    misdeeds: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=site))
    address = f"http://127.0.0.1:{server.server_port}/"

    def on_request(request: Request) -> None:
        if not request.url.startswith(address):
            misdeeds.append(request.url)

    with served(server), chromium.new_page(base_url=address) as page:
        page.set_default_timeout(600_000)
        page.on("request", on_request)
        page.on("console", lambda message: misdeeds.append(message.text))
        page.on("pageerror", lambda error: misdeeds.append(str(error)))
        yield page
    assert misdeeds == []


def test_the_front_page_leads_to_every_kind_of_page(tab: Page) -> None:
    tab.goto("index.html")
    expect(tab.get_by_role("heading", name="Documentation")).to_be_visible()
    tabs = tab.locator(".md-tabs__link")
    kinds = ["Home", "Tutorial", "How-to guides", "Reference", "Explanation", "Runbook"]
    assert [text.strip() for text in tabs.all_inner_texts()] == kinds


def test_the_search_finds_a_word(tab: Page) -> None:
    tab.goto("index.html")
    tab.get_by_placeholder("Search").fill("previous_execution_id")
    result = tab.locator(".md-search-result__link").first
    expect(result).to_have_attribute("href", re.compile(r"/reference/vellum\.html"))


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_page_fits_and_follows_the_systems_colours(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme="dark")
    tab.goto("reference/settings.html")
    expect(tab.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    tab.emulate_media(color_scheme="light")
    expect(tab.locator("body")).to_have_attribute("data-md-color-scheme", "default")
    assert has_no_horizontal_scroll(tab)


def test_the_page_of_python_shows_the_docstrings(tab: Page) -> None:
    tab.goto("reference/python.html")
    for name in PUBLIC_NAMES:
        text = plain(pkgutil.resolve_name(name).__doc__.split("\n\n")[0])
        described = tab.locator(f'[id="{name}"]').locator("xpath=..").locator(".doc-contents").first
        assert text in plain(described.inner_text()), name
    assert len(PUBLIC_NAMES) > 9


def test_a_link_to_a_file_of_the_repository_leads_to_a_page_of_it(tab: Page) -> None:
    tab.goto("how-to/every_night.html")
    tab.locator("article").get_by_role("link", name="prefect.yaml").first.click()
    expect(tab.get_by_role("heading", name="prefect.yaml")).to_be_visible()
    first_line = (ROOT / "prefect.yaml").read_text().partition("\n")[0]
    expect(tab.locator("article code").first).to_contain_text(first_line)


def test_the_notebook_can_be_read_and_downloaded(tab: Page) -> None:
    tab.goto("how-to/from_the_guide.html")
    expect(tab.get_by_text("from duologue.flows.generate_dataset import")).to_be_visible()
    with tab.expect_download() as downloading:
        tab.get_by_role("link", name="Download the notebook").click()
    notebook = ROOT / "docs" / "how-to" / "from_the_guide.ipynb"
    assert downloading.value.path().read_bytes() == notebook.read_bytes()


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    assert [page.name for page in pages if ELSEWHERE.search(page.read_text("utf-8"))] == []


def plain(text: str) -> str:
    """A text without marks of code, in one line."""
    return " ".join(text.replace("`", "").split())
