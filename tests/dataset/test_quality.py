"""A version knows what its conversations are like as a whole, and what they were like before."""

import json
from pathlib import Path

from upath import UPath

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest, read_manifest
from duologue.settings.rules import DatasetRuleSettings, Severity
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import checked, contents, failed, many

VERSIONS = [f"202611{day}T053516000Z-1a2b3c4d" for day in range(10, 28)]


def nights(output: str, replies: list[int]) -> list[Manifest]:
    """Writes a version for each; its chatbot gives this many replies."""
    return [
        write_version(DatasetFolder(output, "shop"), version, of_turns(count)).manifest
        for version, count in zip(VERSIONS, replies, strict=False)
    ]


def of_turns(count: int) -> DatasetContents:
    texts = [[f"{seed} says {n}" for n in range(1 + 2 * count)] for seed in range(9)]
    return contents(*(checked(*said, seed_id=f"s{n}") for n, said in enumerate(texts)))


def turns_before(manifest: Manifest) -> float | None:
    return manifest.quality.measures["turns"].before


def test_a_version_is_measured_and_its_manifest_says_so(output: str) -> None:
    made = contents(checked("Hi", "Yes?", "Refunds?"), failed=[failed("Open?")])
    manifest = write_version(DatasetFolder(output, "shop"), VERSIONS[0], made).manifest
    place = UPath(output) / "shop" / VERSIONS[0] / "manifest.json"
    assert read_manifest(place) == manifest
    assert manifest.quality.measures["failed_share"].value == 0.5
    assert manifest.quality.distributions["turns"] == {"1": 1}


def test_measures_stand_next_to_those_of_the_version_before(output: str) -> None:
    first, second, third = nights(output, [3, 2, 1])
    assert [turns_before(manifest) for manifest in (first, second, third)] == [None, 3, 2]


def test_drift_is_reported_once_five_versions_are_there(tmp_path: Path) -> None:
    *_, sixth = nights(str(tmp_path), [3, 3, 3, 3, 3, 1])
    assert {"drift:turns"} <= {finding.rule for finding in sixth.quality.findings}
    assert sixth.held_back == ()
    card = (tmp_path / "shop" / VERSIONS[5] / "README.md").read_text()
    assert "| `drift:turns` | warning | 1; expected 3 to 3 as in earlier versions" in card


def test_a_version_is_compared_with_the_newest_revisions_of_those_before(tmp_path: Path) -> None:
    nights(str(tmp_path), [3, 2])
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[0], of_turns(1))
    second = write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[1], of_turns(2)).manifest
    assert (second.revision, turns_before(second)) == (2, 1)


def test_damaged_and_unfinished_versions_are_passed_over(tmp_path: Path) -> None:
    nights(str(tmp_path), [3, 2, 1])
    (tmp_path / "shop" / VERSIONS[2] / "manifest.json").write_text("{")
    (tmp_path / "shop" / VERSIONS[1] / "manifest.json").unlink()
    fourth = write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[3], of_turns(2)).manifest
    assert turns_before(fourth) == 3


def test_a_damaged_revision_leaves_the_one_before_it(tmp_path: Path) -> None:
    nights(str(tmp_path), [3])
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[0], of_turns(1))
    (tmp_path / "shop" / f"{VERSIONS[0]}-r2" / "manifest.json").write_text("{")
    second = write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[1], of_turns(2)).manifest
    assert turns_before(second) == 3


def test_a_finding_made_invalid_holds_the_version_back(tmp_path: Path) -> None:
    made = many(20, text="We are sorry, try again later. ")
    warned = write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[0], made).manifest
    assert {f.rule for f in warned.quality.findings} == {"canned_reply", "near_duplicates"}
    assert warned.held_back == ()
    strict = DatasetRuleSettings(severities={"canned_reply": Severity.INVALID})
    settings = made.settings.model_copy(update={"dataset_rules": strict})
    again = contents(*made.checked)
    held = write_version(
        DatasetFolder(str(tmp_path), "shop"),
        VERSIONS[1],
        DatasetContents(again.seed_file, again.checked, (), settings, again.started_at),
    ).manifest
    (reason,) = held.held_back
    assert reason.startswith("canned_reply: one reply of 8 words is given in 20 of 20 conversation")
    manifest = json.loads((tmp_path / "shop" / VERSIONS[1] / "manifest.json").read_text())
    assert manifest["settings"]["dataset_rules"]["severities"] == {"canned_reply": "invalid"}


def test_revisions_of_one_version_count_once(tmp_path: Path) -> None:
    nights(str(tmp_path), [3, 3, 3, 3])
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[0], of_turns(3))
    fifth = write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[4], of_turns(3)).manifest
    sixth = write_version(DatasetFolder(str(tmp_path), "shop"), VERSIONS[5], of_turns(3)).manifest
    assert fifth.quality.measures["turns"].low is None
    assert sixth.quality.measures["turns"].low == 3
