"""The report as a file: what is in it, how large it gets, and that a version has it."""

import random
import re
from pathlib import Path

import pytest

from duologue.dataset.manifest import MANIFEST_FILE, read_manifest
from duologue.report.blocks import MOST_BYTES
from duologue.seeds import RejectedRow
from duologue.validation.quality import DatasetQuality
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import (
    VERSION,
    checked,
    contents,
    everything_that_can_happen,
    failed,
    many,
)
from tests.report.making import report

LATER = "20261125T053516000Z-1a2b3c4d"


def versions_report(output: str, version: str) -> str:
    return (DatasetFolder(output, "shop").revision_folder(version) / "report.html").read_text(
        encoding="utf-8"
    )


def text_of(page: str) -> str:
    """The words of a page, without its markup."""
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def test_a_report_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = report(tmp_path, everything_that_can_happen()).read_text()
    assert re.findall(r'<link[^>]* href="([^:]*):', page) == ["data"], (
        "the icon, in the page itself"
    )
    assert not re.findall(r"""(?:(?<!-)src|srcset|action|@import|url\()\s*=?\s*["']?\w""", page)
    links = set(re.findall(r'<a[^>]* href="([^"#][^"]*)"', page))
    assert all(re.fullmatch(r"[\w.]+", link) for link in links), "only to files next to it"


def test_a_versions_report_compares_it_with_the_version_before(tmp_path: Path) -> None:
    output = str(tmp_path)
    write_version(
        DatasetFolder(output, "shop"),
        VERSION,
        contents(checked("One?", "1."), failed=[failed("Two?")]),
    )
    assert "There is nothing to compare with" in versions_report(output, VERSION)
    mended = contents(checked("One?", "1."), checked("Two?", "2.", seed_id="f1"))
    write_version(DatasetFolder(output, "shop"), LATER, mended)
    words = text_of(versions_report(output, LATER))
    assert f"Against {VERSION}, revision 1" in words
    assert "valid 1 2" in words
    assert "1 valid now: f1-1" in words


def test_a_damaged_earlier_version_is_no_reason_to_lose_one(tmp_path: Path) -> None:
    output = str(tmp_path)
    write_version(DatasetFolder(output, "shop"), VERSION, everything_that_can_happen())
    before = DatasetFolder(output, "shop").revision_folder(VERSION)
    (before / "conversations.parquet").write_bytes(b"damaged")
    write_version(DatasetFolder(output, "shop"), LATER, everything_that_can_happen())
    assert "none that can be read" in versions_report(output, LATER)
    (before / MANIFEST_FILE).write_bytes(b"damaged")
    third = LATER.replace("20261125", "20261126")
    write_version(DatasetFolder(output, "shop"), third, everything_that_can_happen())
    assert f"Against {LATER}" in versions_report(output, third)


def test_the_card_lists_the_report(tmp_path: Path) -> None:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, everything_that_can_happen())
    folder = DatasetFolder(str(tmp_path), "shop").revision_folder(VERSION)
    record = next(
        file for file in read_manifest(folder / MANIFEST_FILE).files if file.name == "report.html"
    )
    assert f"| `report.html` | None | {record.bytes} |" in (folder / "README.md").read_text()


def test_a_dataset_without_numbers_has_no_empty_section(tmp_path: Path) -> None:
    page = report(tmp_path, contents(checked("Hi?", "Hello.")), quality=DatasetQuality())
    words = text_of(page.read_text())
    assert "Numbers" not in words
    assert "No conversation breaks a rule" in words


def test_of_many_rejected_rows_the_first_are_reported(tmp_path: Path) -> None:
    rejected = [RejectedRow("seeds.csv", line, "message is empty") for line in range(1, 151)]
    page = report(tmp_path, contents(checked("Hi?", "Hello."), rejected=rejected)).read_text()
    assert page.count("message is empty") == 100
    assert "50 more are in" in text_of(page)


def test_a_run_of_which_nothing_came_has_a_report(tmp_path: Path) -> None:
    page = report(tmp_path, contents(rejected=[RejectedRow("seeds.csv", 1, "message is empty")]))
    assert "0 conversations = 0 valid + 0 invalid + 0 failed" in text_of(page.read_text())


def test_half_a_surrogate_pair_in_what_failed_is_reported_as_its_escape(tmp_path: Path) -> None:
    broken = failed("Hi?", "\ud83d", reason="it said \ud83d")
    reasons = [RejectedRow("seeds.csv", 3, "holds \ud83d")]
    page = report(tmp_path, contents(failed=[broken], rejected=reasons))
    assert r"holds \ud83d" in page.read_text(encoding="utf-8")


@pytest.mark.processes
def test_what_does_not_fit_is_left_out_and_reported(tmp_path: Path) -> None:
    noise = random.Random(1)  # which hardly deflates
    conversations = [
        checked("Hi?", *(noise.randbytes(10_000).hex() for _ in range(6)), seed_id=f"s{n}")
        for n in range(400)
    ]
    lost = failed("Where?", seed_id="lost")
    page = report(tmp_path, contents(*conversations, failed=[lost]))
    size = page.stat().st_size
    assert MOST_BYTES * 0.95 < size < 30_000_000
    (shown,) = re.findall(r"This page holds (\d+) of 401 conversations", page.read_text())
    assert 250 < int(shown) < 350


@pytest.mark.processes
@pytest.mark.parametrize("count", [20_000, 20_001])
def test_a_report_holds_no_more_than_a_browser_can_show(tmp_path: Path, count: int) -> None:
    words = text_of(report(tmp_path, many(count)).read_text())
    assert ("This page holds 20,000 of 20,001 conversations" in words) == (count == 20_001)
