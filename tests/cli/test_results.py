"""What a run prints at its end."""

import io
from pathlib import Path

from duologue.cli.options import OutputFormat
from duologue.cli.results import print_result
from duologue.cli.terminal import Console
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, contents, failed


def test_a_reason_that_many_seeds_share_is_printed_once(tmp_path: Path) -> None:
    seeds = [failed("Hi", seed_id=f"f{number}", reason="no credit is left") for number in range(9)]
    made = contents(failed=[*seeds, failed("Hello", seed_id="g1", reason="HTTP 400")])
    written = write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made)
    file = io.StringIO()
    console = Console(file=file, width=200)
    assert print_result(written.manifest, None, str(tmp_path), OutputFormat.TEXT, console) == 1
    assert "  f0-1 and 8 more: no credit is left\n  g1-1: HTTP 400\n" in file.getvalue()
