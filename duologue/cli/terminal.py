"""What is printed: text that no terminal takes for a command, in any encoding."""

import io
import json
import re
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

# The control characters except line feed and tab: escape sequences start with one of them, and the
# second half (C1) is one to some terminals. Then what changes the direction of the text around it.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Console(rich.console.Console):
    r"""A console that shows the control characters in what it prints: `\x1b` for an escape.

    Messages, seeds and names of files come from elsewhere. Printed as they are, they could clear
    the screen, write over other lines, or change the terminal's title.
    """

    shows_progress = True
    """Whether a run shows how far it has got; False with `--quiet`."""

    def say(self, line: str) -> None:
        """Prints a line as it is: not wrapped, and nothing in it coloured or read as markup."""
        self.print(line, markup=False, highlight=False, soft_wrap=True)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Renders as rich does, but text without commands to a terminal."""
        for segment in super().render(renderable, options):
            if segment.control or not _COMMANDS.search(segment.text):
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


open_table = partial(Table, box=None, padding=(0, 2, 0, 0))
"""Makes a table without lines."""


def visible(text: str) -> str:
    r"""Writes control characters as Python does in a string: `\x1b`, `\u202e`."""
    return _COMMANDS.sub(lambda match: ascii(match[0])[1:-1], text)


def json_line(value: Any) -> str:
    """Returns a value as one line of JSON that is safe to print."""
    text = json.dumps(value, ensure_ascii=False)
    # JSON escapes the first half of the control characters itself.
    return _COMMANDS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def counted(count: int, noun: str) -> str:
    """Returns a count with its noun: `1 row`, `2 rows`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def print_in_any_encoding() -> None:
    """Lets characters that standard output cannot encode be replaced, instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
