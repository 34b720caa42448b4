"""Reports of small real contents, as files."""

from collections.abc import Sequence
from pathlib import Path

from duologue.dataset.changes import Changes
from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest, manifest_of
from duologue.dataset.realism import NOT_MEASURED
from duologue.report.page import REPORT_FILE, write_report
from duologue.settings.rules import Severity
from duologue.validation.quality import DatasetFinding, DatasetQuality, Measure
from tests.dataset.making import VERSION

QUALITY = DatasetQuality(
    measures={
        "user_words_per_message": Measure(value=31.5, before=12.25, low=9, high=15),
        "failed_share": Measure(value=0.25),
    },
    distributions={"turns": {"1": 2, "2": 31}, "latency_ms": {"0 to 500": 1234}},
    findings=(
        DatasetFinding(
            rule="near_duplicate",
            severity=Severity.WARNING,
            detail="two say the same",
            conversation_ids=("s1-1", "s2-1"),
        ),
    ),
)


def manifest(
    contents: DatasetContents,
    version: str = VERSION,
    name: str = "shop",
    quality: DatasetQuality = QUALITY,
    changes: Changes | None = None,
) -> Manifest:
    """The manifest of these contents, with numbers about the whole of them."""
    return manifest_of(name, version, 1, changes, quality, NOT_MEASURED, contents, ())


def report(
    folder: Path,
    contents: DatasetContents,
    earlier: Sequence[Manifest] = (),
    quality: DatasetQuality = QUALITY,
    changes: Changes | None = None,
) -> Path:
    """A report of these contents, in a file."""
    path = folder / REPORT_FILE
    with path.open("wb", buffering=0) as file:
        write_report(manifest(contents, quality=quality, changes=changes), contents, earlier, file)
    return path
