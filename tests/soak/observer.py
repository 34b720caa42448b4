"""Somebody who looks at the datasets all the time, and believes nothing."""

import csv
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from duologue.storage.files import located
from duologue.versions.finding import find_version
from duologue.versions.latest import read_latest
from duologue.versions.places import DatasetFolder
from tests.soak.going_on import going_on

SECONDS_BETWEEN_LOOKS = 0.05


class Observer:
    """What was seen so far, and what is to be complained of."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._versions: dict[Path, bytes] = {}
        """The manifests of those that were looked at closely."""
        self._latest: dict[str, str] = {}
        """When the run of each dataset's latest version had started."""
        self.looks = 0
        self.published: set[str] = set()
        self.complaints: list[str] = []

    @property
    def versions(self) -> int:
        """Revisions seen, of which every one was looked at closely."""
        return len(self._versions)

    @property
    def seen(self) -> set[str]:
        """The versions of these."""
        return {"-".join(folder.name.split("-")[:2]) for folder in self._versions}

    def look(self) -> None:
        """Looks at each dataset: at `latest`, at the listing, at every version that is there."""
        for dataset in sorted(path.name for path in self._output.iterdir() if path.is_dir()):
            try:
                self._look_at_latest(dataset)
                self._look_at_versions(dataset)
            except Exception as error:
                self._complain(f"{dataset}: {error!r}")
        self.looks += 1

    def _complain(self, complaint: str) -> None:
        """Once of each; what is wrong is mostly seen again at the next look."""
        if complaint not in self.complaints:
            self.complaints.append(complaint)

    def _look_at_latest(self, dataset: str) -> None:
        before = read_latest(located(str(self._output / dataset)))
        if before is None:
            assert dataset not in self._latest, "latest is gone"
            return
        folder = Path(find_version("latest", str(self._output), dataset).folder.path)
        try:
            self._look_at(folder)
            manifest = json.loads((folder / "manifest.json").read_bytes())
            assert manifest["held_back"] == [], f"{folder}: latest, although held back"
        except FileNotFoundError:
            # It may have been outdated and removed since it was read; never while it is named.
            after = read_latest(located(str(self._output / dataset)))
            assert after != before, f"{folder}: latest, and not whole"
            return
        started_at = folder.name.partition("-")[0]
        assert started_at >= self._latest.get(dataset, ""), f"{folder}: latest, and older than it"
        self._latest[dataset] = started_at
        self.published.add(folder.name)

    def _look_at_versions(self, dataset: str) -> None:
        output = str(self._output)
        DatasetFolder(output, dataset).versions()
        for revision in DatasetFolder(output, dataset).revisions():
            folder = Path((DatasetFolder(output, dataset).folder / revision.folder_name).path)
            try:
                self._look_at(folder)
            except FileNotFoundError:
                # What is removed loses its manifest first.
                assert not (folder / "manifest.json").exists(), f"{folder}: a file is missing"

    def _look_at(self, folder: Path) -> None:
        """Looks closely at what is new; what is known must be as it was."""
        content = (folder / "manifest.json").read_bytes()
        known = self._versions.get(folder)
        if known is None:
            check_version(folder)
            self._versions[folder] = content
            return
        assert content == known, f"{folder}: was changed"
        for file in json.loads(content)["files"]:
            assert (folder / file["name"]).stat().st_size == file["bytes"], f"{folder}: {file}"


def check_version(folder: Path) -> dict[str, Any]:
    """Adds a version up from its own files, independently of who wrote them; gives its manifest.

    Raises:
        AssertionError: it is not whole, or a seed is in no place or in two.
        FileNotFoundError: a file is not there.
    """
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    counts = manifest["counts"]
    conversations = counts["seeds"] * manifest["settings"]["conversations_per_seed"]
    assert counts["rows_read"] == counts["rejected"] + counts["seeds"], counts
    assert counts["conversations"] == conversations, counts
    assert conversations == counts["valid"] + counts["invalid"] + counts["failed"], counts
    assert manifest["seconds"] >= 0, manifest["seconds"]
    for file in manifest["files"]:
        content = (folder / file["name"]).read_bytes()
        assert len(content) == file["bytes"], file
        assert hashlib.sha256(content).hexdigest() == file["sha256"], file
    _check_files(folder, counts)
    return manifest


def _check_files(folder: Path, counts: dict[str, int]) -> None:
    valid = pq.read_table(folder / "conversations.parquet").to_pylist()
    failures = [json.loads(line) for line in (folder / "failures.jsonl").open()]
    kinds = Counter(failure["kind"] for failure in failures)
    assert len(valid) == counts["valid"] == _rows(folder / "conversations.csv"), counts
    assert kinds["failed_seed"] == counts["failed"], kinds
    assert kinds["invalid_conversation"] == counts["invalid"], kinds
    assert kinds["rejected_row"] == counts["rejected"], kinds
    assert _rows(folder / "failures.csv") == len(failures), kinds
    places = Counter((row["seed_id"], row["sample"]) for row in valid)
    places.update(_place(one) for one in failures if one["kind"] != "rejected_row")
    assert len(places) == counts["conversations"], "a seed is in no place"
    assert set(places.values()) <= {1}, "a seed is in two places"
    for row in valid:
        assert row["duration_ms"] >= 0, row["conversation_id"]
        assert row["ended_at"] >= row["started_at"], row["conversation_id"]
        latencies = [message["latency_ms"] for message in row["messages"]]
        assert all(latency is None or latency >= 0 for latency in latencies), row["seed_id"]


def _place(failure: dict[str, Any]) -> tuple[str, int]:
    sample = failure["sample"] if "sample" in failure else failure["conversation"]["sample"]
    return failure["seed"]["seed_id"], sample


def _rows(file: Path) -> int:
    csv.field_size_limit(10**9)
    with file.open(newline="") as opened:
        return sum(1 for _ in csv.reader(opened)) - 1


def newest_of(output: Path, dataset: str, version: str) -> Path | None:
    """The folder of a version's newest whole revision; None where there is none."""
    whole = [
        one for one in DatasetFolder(str(output), dataset).revisions() if one.version == version
    ]
    newest = max(whole, default=None)
    return (
        None
        if newest is None
        else Path((DatasetFolder(str(output), dataset).folder / newest.folder_name).path)
    )


@contextmanager
def observed(output: Path) -> Iterator[Observer]:
    """Looks from a thread of its own, again and again, until told to stop."""
    observer = Observer(output)

    def watch(done: threading.Event) -> None:
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            observer.look()

    with going_on(watch, "observer"):
        yield observer
