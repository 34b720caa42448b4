"""What every page has in common: one HTML file that loads and runs nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from io import RawIOBase

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from duologue.storage.text import encoded


def write_page(
    template: str,
    styles: Sequence[str],
    scripts: Sequence[str],
    file: RawIOBase,
    **values: object,
) -> None:
    """Writes a page as UTF-8, piece by piece.

    Args:
        template: the file of its template, which extends page.html.jinja.
        styles: the files of its styles, in order.
        scripts: the files of its script, in order; none if no script may run.
        file: where it is written to.
        values: what the template is given.
    """
    style_text = "\n".join(_resource(name) for name in styles)
    script_text = "\n".join(_resource(name) for name in scripts) if scripts else None
    pieces = (
        page_environment()
        .get_template(template)
        .generate(
            policy=_content_security_policy(script_text, style_text),
            script=None if script_text is None else Markup(script_text),
            style=Markup(style_text),
            **values,
        )
    )
    for piece in pieces:
        file.write(encoded(piece))


@cache
def page_environment() -> Environment:
    """Returns the templates, with the filters that they share. Every text is escaped."""
    environment = Environment(
        loader=PackageLoader("duologue", "report"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = "{:,}".format
    environment.filters["figure"] = "{:.4g}".format
    environment.filters["spoken"] = spoken
    return environment


def spoken(name: str) -> str:
    """Writes a name as words: `max_turns` is `max turns`."""
    return name.replace("_", " ")


def _resource(name: str) -> str:
    return (files("duologue.report") / name).read_text(encoding="utf-8")


def _content_security_policy(script: str | None, style: str) -> str:
    """Allows the page its own script and style and nothing else: no network, no eval, no HTML made
    from text.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_source_hash(script)}'" if script is not None else "script-src 'none'",
            f"style-src '{_source_hash(style)}'",
            "img-src data:",  # the icon
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _source_hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
