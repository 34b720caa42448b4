"""A version's files, damaged or forged in any way, are read, or refused in one message.

What they say leads nowhere out of the dataset's folder.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from duologue import load
from duologue.dataset.failures import FAILURES_JSONL_FILE
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE, read_manifest
from duologue.errors import UsageError
from duologue.plans.rerun import plan_rerun
from duologue.versions.comparing import outcomes_in
from duologue.versions.finding import find_version
from duologue.versions.history import past_versions, pin_version, read_pins
from duologue.versions.latest import LATEST_FILE, publish_latest, read_latest
from duologue.versions.places import DatasetFolder, read_version
from duologue.versions.reading import read_contents, read_conversations
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, everything_that_can_happen
from tests.fuzz.changing import changed, changed_bytes

Change = Callable[[Path, bytes], None]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("datasets")
    manifest = write_version(
        DatasetFolder(str(output), "shop"), VERSION, everything_that_can_happen()
    ).manifest
    publish_latest(DatasetFolder(str(output), "shop").version(manifest))
    pin_version(DatasetFolder(str(output), "shop"), VERSION, "release 4")
    return output / "shop"


@contextmanager
def replaced(path: Path, data: bytes) -> Iterator[None]:
    original = path.read_bytes()
    path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(original)


def read_or_refused(*reads: Callable[[], object]) -> None:
    """Each one either gives something, or says why not."""
    for read in reads:
        with suppress(UsageError):
            read()


@given(data=st.data())
def test_a_manifest(dataset: Path, data: st.DataObject) -> None:
    path = dataset / VERSION / MANIFEST_FILE
    output = str(dataset.parent)
    with replaced(path, data.draw(changed(path.read_bytes()))):
        read_or_refused(
            lambda: read_manifest(UPath(path)),
            lambda: load("latest", output),
            lambda: read_contents(read_version(UPath(path.parent))),
            lambda: plan_rerun(output=output),
            lambda: past_versions(DatasetFolder(output, "shop")),
            lambda: outcomes_in(read_version(UPath(path.parent))),
        )


@given(data=st.data())
def test_what_latest_names_is_within_the_dataset(dataset: Path, data: st.DataObject) -> None:
    path = dataset / LATEST_FILE
    output = str(dataset.parent)
    with replaced(path, data.draw(changed(path.read_bytes()))):
        read_or_refused(
            lambda: load("latest", output), lambda: past_versions(DatasetFolder(output, "shop"))
        )
        try:
            latest = read_latest(UPath(dataset))
        except UsageError:
            return
    assert latest is not None
    assert (dataset / latest.path).parent == dataset
    assert ".." not in latest.path


@given(data=st.data())
def test_a_file_of_failures(dataset: Path, data: st.DataObject) -> None:
    path = dataset / VERSION / FAILURES_JSONL_FILE
    lines = path.read_bytes().splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    lines[index] = data.draw(changed(lines[index]))
    with replaced(path, b"\n".join(lines)):
        read_or_refused(
            lambda: read_contents(read_version(UPath(path.parent))),
            lambda: outcomes_in(read_version(UPath(path.parent))),
        )


@given(data=st.data())
def test_a_parquet_file(dataset: Path, data: st.DataObject) -> None:
    path = dataset / VERSION / CONVERSATIONS_FILE
    with replaced(path, data.draw(changed_bytes(path.read_bytes()) | st.binary(max_size=30))):
        read_or_refused(
            lambda: list(read_conversations(UPath(path))),
            lambda: read_contents(read_version(UPath(path.parent))),
            lambda: outcomes_in(read_version(UPath(path.parent))),
        )


@given(data=st.data())
def test_a_pin(dataset: Path, data: st.DataObject) -> None:
    (path,) = (dataset / "pins").iterdir()
    output = str(dataset.parent)
    with replaced(path, data.draw(changed(path.read_bytes()))):
        read_or_refused(
            lambda: read_pins(DatasetFolder(output, "shop")),
            lambda: past_versions(DatasetFolder(output, "shop")),
        )


@pytest.mark.parametrize("path", ["../shop/" + VERSION, "/", "..", f"{VERSION}/../../other"])
def test_a_latest_that_leads_elsewhere_is_refused(dataset: Path, path: str) -> None:
    file = dataset / LATEST_FILE
    forged = file.read_text().replace(f'"path": "{VERSION}"', f'"path": "{path}"')
    assert forged != file.read_text()
    with replaced(file, forged.encode()), pytest.raises(UsageError, match="does not say which"):
        find_version("latest", str(dataset.parent))
