"""A browser that notices when a page does what it must not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect

from tests.browser.browsing import DESKTOP, Scheme


@pytest.fixture
def opened_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page, and after the test checks that it did nothing that no page does.

    That is to ask for anything but itself, to open a dialog, or to write to the console.
    """
    expect.set_options(timeout=600_000)
    misdeeds: list[str] = []
    files = set()

    def on_console(message: ConsoleMessage) -> None:
        misdeeds.append(message.text)

    def on_dialog(dialog: Dialog) -> None:
        misdeeds.append(dialog.message)
        dialog.dismiss()

    def on_request(request: Request) -> None:
        if request.url.partition("#")[0] not in files:
            misdeeds.append(request.url)

    def on_error(error: Exception) -> None:
        misdeeds.append(str(error))

    with ExitStack() as stack:

        def open_page(
            path: Path, hash: str = "", width: int = DESKTOP, scheme: Scheme = "light"
        ) -> Page:
            files.add(path.as_uri())
            page = stack.enter_context(
                chromium.new_page(
                    viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
                )
            )
            page.on("console", on_console)
            page.on("dialog", on_dialog)
            page.on("request", on_request)
            page.on("pageerror", on_error)
            page.goto(path.as_uri() + hash)
            return page

        yield open_page
    assert misdeeds == []
