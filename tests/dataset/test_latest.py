"""How a version is published, and which of several readers get."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from duologue.dataset.manifest import Manifest
from duologue.errors import ExportError, UsageError
from duologue.settings.run import Gates
from duologue.versions.finding import find_version
from duologue.versions.latest import Latest, publish_latest, repair_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import remove_revision, write_version
from tests.dataset.making import VERSION, everything_that_can_happen

NEXT = "20261125T053516000Z-5e6f7a8b"
HELD_BACK = "20261126T053516000Z-00000000"
SAME_SECOND = "20261124T053516124Z-00000000"


def write(output: str, version: str = VERSION, name: str = "shop") -> Manifest:
    return write_version(
        DatasetFolder(output, name), version, everything_that_can_happen()
    ).manifest


def latest_of(output: str, name: str = "shop") -> dict[str, object]:
    content: dict[str, object] = json.loads(
        (DatasetFolder(output, name).folder / "latest.json").read_bytes()
    )
    return content


def test_latest_names_the_version_that_was_published_last(output: str) -> None:
    publish_latest(DatasetFolder(output, "shop").version(write(output)))
    published = publish_latest(DatasetFolder(output, "shop").version(write(output, NEXT)))
    assert latest_of(output) == json.loads(published.model_dump_json())
    assert latest_of(output)["version"] == NEXT
    assert latest_of(output)["path"] == NEXT
    assert latest_of(output)["revision"] == 1


def test_a_version_that_is_only_written_is_not_published(output: str) -> None:
    publish_latest(DatasetFolder(output, "shop").version(write(output)))
    write(output, NEXT)
    assert latest_of(output)["version"] == VERSION


def test_latest_that_cannot_be_replaced_stays_and_is_reported(tmp_path: Path) -> None:
    manifest = write(str(tmp_path))
    (tmp_path / "shop" / "latest.json").mkdir()
    with pytest.raises(ExportError, match="still names the version before"):
        publish_latest(DatasetFolder(str(tmp_path), "shop").version(manifest))
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == [VERSION, "latest.json"]


def test_two_writers_never_show_half_a_latest(tmp_path: Path) -> None:
    output = str(tmp_path)
    manifests = [write(output), write(output, NEXT)]
    publish_latest(DatasetFolder(output, "shop").version(manifests[0]))

    def publish_often(manifest: Manifest) -> None:
        for _ in range(40):
            publish_latest(DatasetFolder(output, "shop").version(manifest))

    seen = set()
    with ThreadPoolExecutor(2) as writers:
        running = [writers.submit(publish_often, manifest) for manifest in manifests]
        while not all(writer.done() for writer in running):
            seen.add(latest_of(output)["version"])
        for writer in running:
            writer.result()
    assert seen <= {VERSION, NEXT}
    assert latest_of(output)["version"] in {VERSION, NEXT}
    assert not list((tmp_path / "shop").glob(".*"))


def test_an_older_version_never_takes_the_place_of_a_newer_one(output: str) -> None:
    old = write(output)
    newest = publish_latest(DatasetFolder(output, "shop").version(write(output, NEXT)))
    for manifest in (old, write(output)):  # published late, and a later revision of it
        assert publish_latest(DatasetFolder(output, "shop").version(manifest)) == newest
        assert latest_of(output)["version"] == NEXT


def test_a_revision_takes_the_place_of_the_ones_before_it_and_not_the_other_way_round(
    output: str,
) -> None:
    first, second = write(output), write(output)
    assert publish_latest(DatasetFolder(output, "shop").version(second)).revision == 2
    assert publish_latest(DatasetFolder(output, "shop").version(first)).revision == 2
    assert find_version("latest", output).folder == DatasetFolder(output, "shop").revision_folder(
        VERSION, 2
    )


def test_of_two_versions_of_the_same_second_the_one_started_last_counts(output: str) -> None:
    later, earlier = write(output, SAME_SECOND), write(output)
    for manifest in (later, earlier):
        latest = publish_latest(DatasetFolder(output, "shop").version(manifest))
        assert latest.version == SAME_SECOND


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b"[]", b"\xff", b'{"version": 1}'])
def test_a_damaged_latest_is_reported_and_replaced_by_the_next_version(
    output: str, damage: bytes
) -> None:
    published = publish_latest(DatasetFolder(output, "shop").version(write(output)))
    place = DatasetFolder(output, "shop").folder / "latest.json"
    place.write_bytes(damage)
    with pytest.raises(UsageError, match=r"latest\.json: does not say which version is the latest"):
        find_version("latest", output)
    assert repair_latest(DatasetFolder(output, "shop")) is None
    manifest = write(output, NEXT)
    assert (
        publish_latest(DatasetFolder(output, "shop").version(manifest)).version
        == NEXT
        != published.version
    )
    assert find_version("latest", output).folder == DatasetFolder(output, "shop").revision_folder(
        NEXT
    )


def test_a_latest_whose_version_is_gone_names_the_newest_good_one(output: str) -> None:
    write(output)
    write(output)
    publish_latest(DatasetFolder(output, "shop").version(write(output, NEXT)))
    worst = everything_that_can_happen()
    settings = worst.settings.model_copy(update={"gates": Gates(max_failed_share=0)})
    write_version(DatasetFolder(output, "shop"), HELD_BACK, replace(worst, settings=settings))
    remove_revision(DatasetFolder(output, "shop").revision_folder(NEXT))
    mended = repair_latest(DatasetFolder(output, "shop"))
    assert mended is not None
    assert (mended.version, mended.revision) == (VERSION, 2)
    assert mended == Latest.model_validate(latest_of(output))


def test_a_version_that_is_gone_before_it_is_published_does_not_become_latest(
    output: str,
) -> None:
    outdated = write(output, VERSION)
    write(output, NEXT)
    remove_revision(DatasetFolder(output, "shop").revision_folder(VERSION))
    assert publish_latest(DatasetFolder(output, "shop").version(outdated)).version == NEXT
    assert find_version("latest", output).folder == DatasetFolder(output, "shop").revision_folder(
        NEXT
    )
