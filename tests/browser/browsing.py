"""How a person looks at a page, and what text they may find in it."""

from typing import Literal

import pytest
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
DESKTOP, PHONE = 1280, 360
WIDTHS = pytest.mark.parametrize("width", [DESKTOP, PHONE])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])

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


def has_no_horizontal_scroll(page: Page) -> bool:
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return fits
