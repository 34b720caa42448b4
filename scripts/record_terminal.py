"""Runs the example in a terminal and writes what it printed as a picture.

    python scripts/record_terminal.py

Run it after changing what `duologue generate` prints. The live display, which disappears, is left
out, and the folder has another name; the rest is as it was printed.
"""

import argparse
import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
SEEDS = Path("datasets", "seed_user_messages.csv")
COMMAND = ["duologue", "generate", str(SEEDS), "--turns", "3"]
WIDTH = 100
LIVE_DISPLAY = re.compile(r"\x1b\[\?25l.*\x1b\[2K(.*?)\x1b\[\?25h", re.DOTALL)
"""From where the cursor is hidden to where it is shown again; the group is what stays."""
WITHOUT_FONTS = re.sub(
    r"@font-face \{\{.*?\}\}|Fira Code, ", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL
)
"""rich's template loads a font from another host."""


def main() -> None:
    """Writes the picture to docs/images, or where `--output` says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=PICTURE)
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / SEEDS).parent.mkdir()
        shutil.copy(ROOT / SEEDS, Path(folder) / SEEDS)
        printed = run_in_terminal(Path(folder)).replace(os.path.realpath(folder), "/home/anna")
    output.write_text(picture(LIVE_DISPLAY.sub(r"\1", printed)), encoding="utf-8")


def run_in_terminal(folder: Path) -> str:
    """Runs the example in a folder and returns what it printed, with colours.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(WIDTH), "LINES": "40"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [Path(sys.executable).parent / COMMAND[0], *COMMAND[1:]],
        cwd=folder,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    printed = b""
    try:
        while data := os.read(controller, 65536):
            printed += data
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(controller)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, COMMAND, printed)
    return printed.decode().replace("\r\n", "\n")


def picture(printed: str) -> str:
    """Draws what a terminal shows as an SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "green"), (" ".join(COMMAND), "bold")))
    console.print(Text.from_ansi(printed.rstrip()), end="\n\n")
    svg = console.export_svg(title="Terminal", code_format=WITHOUT_FONTS, unique_id="terminal")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    main()
