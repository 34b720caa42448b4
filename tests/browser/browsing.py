"""How a person looks at a page, and what text they may find in it."""

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
DESKTOP, PHONE = 1280, 360
WIDTHS = pytest.mark.parametrize("width", [DESKTOP, PHONE])

HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "the end of a script": '</script><script>alert(1)</script>"]}',
    "an image that fails": "<img src=x onerror=alert(1)>",
    "a comment": "<!--<script>",
    "a template": "{{ 7*7 }}{% raw %}${7*7}",
    "a link": "javascript:alert(1)//",
    "an entity": "&lt;b&gt;&amp;",
    "bidi marks": "\u202eevil\u2066\u2067 txt",
    "line separators": "one\u2028two\u2029three",
    "quotes": "'\"`\\",
    "the end of JSON": "]}\\u003c",
    "astral": "\U0001f600\u0301\ufeff",
}


def looks(page: Page, widths: Sequence[int] = (DESKTOP, PHONE)) -> Iterator[str]:
    """Shows a page in each width, light and dark; gives each look a name."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in get_args(Scheme):
            page.emulate_media(color_scheme=scheme)
            yield f"{width}-{scheme}"


def check_everyone_can_use(page: Page) -> None:
    """Checks contrast, names, roles and order, as axe-core reports them, and the width."""
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()
    assert has_no_horizontal_scroll(page)


def has_no_horizontal_scroll(page: Page) -> bool:
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return fits
