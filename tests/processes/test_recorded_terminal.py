"""The recorded terminal in the documents shows what the command prints today."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
RECORD = ROOT / "scripts" / "record_terminal.py"
DIFFERENT_IN_EACH_RUN = re.compile(r"\d{8}T\d+Z-\w+|\d+:\d\d:\d\d|\d+\.\d+")
"""The version, and how long it took."""


def lines(picture: Path) -> list[str]:
    """The text of a picture, line by line, without what differs in each run."""
    found: dict[str, str] = {}
    for part in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text"):
        line = part.get("y", "title")
        found[line] = found.get(line, "") + (part.text or "")
    return [" ".join(DIFFERENT_IN_EACH_RUN.sub("…", text).split()) for text in found.values()]


def test_the_recorded_terminal_shows_what_is_printed_today(
    tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    today = tmp_path / "today.svg"
    command: list[str | Path] = [sys.executable, RECORD, "--output", today]
    subprocess.run(command, env=prefect_environment, timeout=600, check=True)
    assert lines(PICTURE) == lines(today)
    assert any("valid" in line for line in lines(today))


def test_the_recorded_terminal_loads_nothing() -> None:
    assert not re.search(r"url\(.?http|href=|@import|@font-face", PICTURE.read_text("utf-8"))
