"""A browser that notices when a page does what it must not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect

from tests.browser.browsing import DESKTOP, Scheme


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    """One tab for all tests of a module: a new one is a new process, which takes half a second."""
    with chromium.new_page(offline=True) as page:
        yield page


@pytest.fixture
def opened_page(chromium: Browser, tab: Page) -> Iterator[Callable[..., Page]]:
    """Opens a page, and after the test checks that it did nothing that no page does.

    That is to ask for anything but itself, to open a dialog, or to write to the console. The first
    page of a test opens in the module's tab, and leaves nothing behind there.
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

    listeners = {
        "console": on_console,
        "dialog": on_dialog,
        "request": on_request,
        "pageerror": on_error,
    }
    with ExitStack() as stack:
        tabs = [tab]

        def leave() -> None:
            for event, listener in listeners.items():
                tab.remove_listener(event, listener)
            tab.evaluate("localStorage.clear(), sessionStorage.clear()")
            tab.mouse.move(0, 0)
            tab.goto("about:blank")

        def open_page(
            path: Path, hash: str = "", width: int = DESKTOP, scheme: Scheme = "light"
        ) -> Page:
            files.add(path.as_uri())
            if tabs:
                page = tabs.pop()
                stack.callback(leave)
            else:
                page = stack.enter_context(chromium.new_page(offline=True))
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            for event, listener in listeners.items():
                page.on(event, listener)  # type: ignore[call-overload]
            page.goto(path.as_uri() + hash)
            return page

        yield open_page
    assert misdeeds == []
