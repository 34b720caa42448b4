"""Versions over time: what stays, what goes, and what `latest` names meanwhile."""

import os
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from duologue.dataset.manifest import Manifest, read_manifest
from duologue.errors import UsageError
from duologue.settings.run import Gates
from duologue.simulation import conversation_key
from duologue.versions.finding import find_version
from duologue.versions.history import (
    LONGEST_WRITING,
    past_versions,
    pin_version,
    read_pins,
    remove_outdated,
    remove_version,
    roll_back,
    unpin_version,
)
from duologue.versions.latest import publish_latest, read_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import STARTED_AT, checked, contents, failed
from tests.processes.test_cut_short import ROOT, check_every_version_is_whole, run_writer, writer

NIGHTS = tuple(f"202611{day:02}T020000000Z-1a2b3c4d" for day in range(1, 8))
FIRST, SECOND, THIRD, FOURTH = NIGHTS[:4]
NEVER = "20261130T020000000Z-1a2b3c4d"


def night(output: str, version: str, good: bool = True) -> Manifest:
    """Writes a version of one conversation, and publishes it if it is good."""
    made = (
        contents(checked("Hi", "Hello"))
        if good
        else contents(failed=[failed("Hi")], gates=Gates(max_failed_share=0))
    )
    manifest = write_version(DatasetFolder(output, "shop"), version, made).manifest
    if not manifest.held_back:
        publish_latest(DatasetFolder(output, "shop").version(manifest))
    return manifest


def latest(output: str) -> str | None:
    named = read_latest(DatasetFolder(output, "shop").folder)
    return named.version if named else None


# The list


def test_versions_are_listed_newest_first_each_by_its_newest_revision(output: str) -> None:
    for version in (FIRST, SECOND, SECOND, THIRD):
        night(output, version, good=version != THIRD)
    pin = pin_version(DatasetFolder(output, "shop"), FIRST, "release 4")
    past = past_versions(DatasetFolder(output, "shop"))
    assert [(item.manifest.version, item.manifest.revision) for item in past] == [
        (THIRD, 1),
        (SECOND, 2),
        (FIRST, 1),
    ]
    assert [item.is_latest for item in past] == [False, True, False]
    assert [item.pin for item in past] == [None, None, pin]
    assert [bool(item.manifest.held_back) for item in past] == [True, False, False]
    for item in past:
        assert read_manifest(item.version.folder / "manifest.json") == item.manifest


def test_a_dataset_that_is_not_there_has_no_versions(output: str) -> None:
    assert past_versions(DatasetFolder(output, "shop")) == []
    assert DatasetFolder(output, "shop").versions() == []
    assert remove_outdated(DatasetFolder(output, "shop"), 1) == []


# Rolling back


def test_latest_goes_back_and_the_next_night_takes_over_again(output: str) -> None:
    for version in (FIRST, SECOND, THIRD):
        night(output, version)
    assert roll_back(DatasetFolder(output, "shop"), FIRST).version == FIRST
    assert find_version("latest", output).folder == DatasetFolder(output, "shop").revision_folder(
        FIRST
    )
    night(output, FOURTH)
    assert latest(output) == FOURTH


def test_without_a_version_latest_goes_to_the_newest_good_one_before_it(output: str) -> None:
    for version in (FIRST, SECOND, THIRD, FOURTH, NIGHTS[4]):
        night(output, version, good=version not in (THIRD, NIGHTS[4]))
    assert latest(output) == FOURTH
    assert roll_back(DatasetFolder(output, "shop")).version == SECOND
    assert roll_back(DatasetFolder(output, "shop")).version == FIRST
    with pytest.raises(UsageError, match=f"no version before {FIRST} passed its gates"):
        roll_back(DatasetFolder(output, "shop"))
    assert latest(output) == FIRST


def test_a_version_that_was_held_back_can_be_rolled_to_by_its_name(output: str) -> None:
    night(output, FIRST)
    night(output, SECOND, good=False)
    assert roll_back(DatasetFolder(output, "shop"), SECOND).version == SECOND
    assert latest(output) == SECOND


def test_a_version_is_rolled_back_to_in_its_newest_revision(output: str) -> None:
    for version in (FIRST, FIRST, SECOND):
        night(output, version)
    rolled = roll_back(DatasetFolder(output, "shop"))
    assert (rolled.version, rolled.revision, rolled.path) == (FIRST, 2, f"{FIRST}-r2")


def test_rolling_back_repairs_a_damaged_latest(output: str) -> None:
    night(output, FIRST)
    (DatasetFolder(output, "shop").folder / "latest.json").write_bytes(b"{")
    with pytest.raises(UsageError, match="does not say which version is the latest"):
        roll_back(DatasetFolder(output, "shop"))
    roll_back(DatasetFolder(output, "shop"), FIRST)
    assert latest(output) == FIRST


def test_there_is_no_rolling_back_to_what_is_not_there(output: str) -> None:
    night(output, FIRST)
    for version in (NEVER, "../shop", ""):
        with pytest.raises(UsageError, match=f"^version {version}: not found in "):
            roll_back(DatasetFolder(output, "shop"), version)
    assert latest(output) == FIRST


# Pins


def test_a_pinned_version_stays_until_its_pin_is_removed(output: str) -> None:
    for version in (FIRST, SECOND, THIRD):
        night(output, version)
    pin = pin_version(DatasetFolder(output, "shop"), FIRST, "the audit")
    assert read_pins(DatasetFolder(output, "shop")) == {FIRST: pin}
    with pytest.raises(UsageError, match=f"is pinned; `duologue versions unpin {FIRST}` first"):
        remove_version(DatasetFolder(output, "shop"), FIRST)
    assert remove_outdated(DatasetFolder(output, "shop"), 1) == [SECOND]
    assert DatasetFolder(output, "shop").versions() == [FIRST, THIRD]
    unpin_version(DatasetFolder(output, "shop"), FIRST)
    assert read_pins(DatasetFolder(output, "shop")) == {}
    assert remove_outdated(DatasetFolder(output, "shop"), 1) == [FIRST]


def test_a_pin_can_be_renewed_with_another_reason(output: str) -> None:
    night(output, FIRST)
    pin_version(DatasetFolder(output, "shop"), FIRST, "the audit")
    pin_version(DatasetFolder(output, "shop"), FIRST, "the second audit")
    assert read_pins(DatasetFolder(output, "shop"))[FIRST].reason == "the second audit"


def test_only_a_version_that_is_there_can_be_pinned(output: str) -> None:
    night(output, FIRST)
    unfinished = DatasetFolder(output, "shop").revision_folder(SECOND)
    unfinished.mkdir(parents=True, exist_ok=True)
    (unfinished / "conversations.parquet").write_bytes(b"PAR1")
    for version in (SECOND, NEVER, "../latest"):
        with pytest.raises(UsageError, match=f"^version {version}: not found"):
            pin_version(DatasetFolder(output, "shop"), version)
    assert read_pins(DatasetFolder(output, "shop")) == {}


@pytest.mark.parametrize("version", [FIRST, NEVER])
def test_a_pin_that_is_not_there_cannot_be_removed(output: str, version: str) -> None:
    night(output, FIRST)
    with pytest.raises(UsageError, match=f"^version {version}: is not pinned"):
        unpin_version(DatasetFolder(output, "shop"), version)


def test_taking_back_a_pin_removes_no_other_file(output: str) -> None:
    night(output, FIRST)
    with pytest.raises(UsageError, match=r"^version '\.\./latest': expected one such as"):
        unpin_version(DatasetFolder(output, "shop"), "../latest")
    assert latest(output) == FIRST


def test_a_damaged_pin_is_reported_and_nothing_is_removed(output: str) -> None:
    for version in (FIRST, SECOND):
        night(output, version)
    pin_version(DatasetFolder(output, "shop"), FIRST)
    place = DatasetFolder(output, "shop").folder / "pins" / f"{FIRST}.json"
    place.write_bytes(b'{"version"')
    for attempt in (
        lambda: remove_outdated(DatasetFolder(output, "shop"), 1),
        lambda: remove_version(DatasetFolder(output, "shop"), FIRST),
        lambda: past_versions(DatasetFolder(output, "shop")),
    ):
        with pytest.raises(UsageError, match=rf"{FIRST}\.json: is not a pin of Duologue; remove"):
            attempt()
    assert DatasetFolder(output, "shop").versions() == [FIRST, SECOND]


# Removing one


def test_a_version_goes_with_all_its_revisions(output: str) -> None:
    for version in (FIRST, FIRST, SECOND):
        night(output, version)
    remove_version(DatasetFolder(output, "shop"), FIRST)
    assert [item.version for item in DatasetFolder(output, "shop").revisions_started()] == [SECOND]
    names = {path.name for path in DatasetFolder(output, "shop").folder.iterdir()}
    assert names == {SECOND, "latest.json"}


def test_the_version_that_latest_names_is_not_removed(output: str) -> None:
    for version in (FIRST, SECOND):
        night(output, version)
    with pytest.raises(UsageError, match="is the one that `latest` names; `duologue versions roll"):
        remove_version(DatasetFolder(output, "shop"), SECOND)
    roll_back(DatasetFolder(output, "shop"))
    remove_version(DatasetFolder(output, "shop"), SECOND)
    assert DatasetFolder(output, "shop").versions() == [latest(output)] == [FIRST]


def test_what_is_not_there_cannot_be_removed(output: str) -> None:
    night(output, FIRST)
    for version in (NEVER, "..", "latest.json"):
        with pytest.raises(UsageError, match="not found in"):
            remove_version(DatasetFolder(output, "shop"), version)
    assert DatasetFolder(output, "shop").versions() == [FIRST]


def test_a_version_whose_manifest_is_damaged_is_reported_and_can_be_removed(output: str) -> None:
    for version in (FIRST, SECOND):
        night(output, version)
    (DatasetFolder(output, "shop").revision_folder(FIRST) / "manifest.json").write_bytes(b"{}")
    with pytest.raises(UsageError, match=rf"{FIRST}/manifest\.json: is not a manifest of Duologue"):
        past_versions(DatasetFolder(output, "shop"))
    remove_version(DatasetFolder(output, "shop"), FIRST)
    assert [item.manifest.version for item in past_versions(DatasetFolder(output, "shop"))] == [
        SECOND
    ]


# Retention


@pytest.mark.parametrize("keep", [1, 2, 3, 7, 100])
def test_the_newest_versions_stay_and_the_older_ones_go(keep: int) -> None:
    output = f"memory://newest-{keep}"
    for version in NIGHTS:
        night(output, version)
    assert remove_outdated(DatasetFolder(output, "shop"), keep) == list(NIGHTS[: max(7 - keep, 0)])
    assert DatasetFolder(output, "shop").versions() == list(NIGHTS[-keep:])


def test_what_latest_names_and_what_is_pinned_stays_in_addition_to_the_newest(output: str) -> None:
    for version in NIGHTS:
        night(output, version, good=version <= THIRD)
    pin_version(DatasetFolder(output, "shop"), FIRST)
    assert remove_outdated(DatasetFolder(output, "shop"), 2) == [SECOND, FOURTH, NIGHTS[4]]
    assert DatasetFolder(output, "shop").versions() == [FIRST, THIRD, *NIGHTS[-2:]]
    assert latest(output) == THIRD
    assert remove_outdated(DatasetFolder(output, "shop"), 2) == []


def test_what_was_just_written_stays_however_old_it_is_by_its_name(output: str) -> None:
    for version in (SECOND, THIRD, FOURTH, FIRST):
        night(output, version)
    assert remove_outdated(DatasetFolder(output, "shop"), 2, just_written=FIRST) == [SECOND]
    assert DatasetFolder(output, "shop").versions() == [FIRST, THIRD, FOURTH]


def test_an_outdated_version_goes_with_all_its_revisions_and_what_is_left_of_some(
    output: str,
) -> None:
    for version in (FIRST, FIRST, SECOND, SECOND):
        night(output, version)
    cut_short = DatasetFolder(output, "shop").revision_folder(FIRST, revision=3)
    cut_short.mkdir(parents=True, exist_ok=True)
    (cut_short / ".writing").write_bytes(b"")
    assert remove_outdated(DatasetFolder(output, "shop"), 1) == [FIRST]
    begun = DatasetFolder(output, "shop").revisions_started()
    assert [(item.version, item.revision) for item in begun] == [(SECOND, 1), (SECOND, 2)]


def test_a_reusable_conversation_goes_with_the_last_version_that_contains_it(
    tmp_path: Path,
) -> None:
    dataset = DatasetFolder(str(tmp_path), "shop")
    both = contents(checked("Hi", "Hello"), failed=[failed("Bye"), failed("Thanks", seed_id="f2")])
    write_version(dataset, FIRST, both)
    write_version(dataset, SECOND, contents(checked("Hi", "Hello"), failed=[failed("Bye")]))
    settings = both.settings
    hi, bye, thanks = (
        conversation_key(seed, 1, settings.chatbot, settings.simulated_user, settings.simulation)
        for seed in both.seed_file.seeds
    )
    stored = tmp_path / "shop" / ".checkpoints" / "unchanged"
    stored.mkdir(parents=True)
    before = STARTED_AT.timestamp() - 1
    for name in (f"{hi}.json", f"{bye}.draft.json", f"{thanks}.json", "older.json"):
        (stored / name).touch()
        os.utime(stored / name, (before, before))
    (stored / "of_a_run_that_was_cut_short.json").touch()
    remove_outdated(dataset, 2)
    kept = {f"{hi}.json", f"{bye}.draft.json", "of_a_run_that_was_cut_short.json"}
    assert {path.name for path in stored.iterdir()} == kept | {f"{thanks}.json"}
    remove_outdated(dataset, 1)
    assert {path.name for path in stored.iterdir()} == kept


def test_nothing_goes_where_all_is_to_be_kept(output: str) -> None:
    for version in NIGHTS[:3]:
        night(output, version)
    assert remove_outdated(DatasetFolder(output, "shop"), None) == []
    assert DatasetFolder(output, "shop").versions() == list(NIGHTS[:3])


def test_retention_repairs_a_latest_whose_version_was_removed_by_hand(tmp_path: Path) -> None:
    output = str(tmp_path)
    for version in (FIRST, SECOND, THIRD):
        night(output, version)
    shutil.rmtree(tmp_path / "shop" / THIRD)
    remove_outdated(DatasetFolder(output, "shop"), 2)
    assert latest(output) == SECOND


# What killed writers and removers leave


def made_long_ago(path: Path, age: timedelta) -> None:
    at = time.time() - age.total_seconds()
    os.utime(path, (at, at))


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("age", "is_there"), [(LONGEST_WRITING - MINUTE, True), (LONGEST_WRITING + MINUTE, False)]
)
@pytest.mark.parametrize("files", [[".writing", "conversations.parquet"], [".writing"], []])
def test_what_a_killed_writer_left_goes_after_a_day_and_not_before(
    tmp_path: Path, age: timedelta, is_there: bool, files: list[str]
) -> None:
    night(str(tmp_path), FIRST)
    folder = tmp_path / "shop" / SECOND
    folder.mkdir()
    for file in files:
        (folder / file).write_bytes(b"")
    made_long_ago(folder / files[0] if files else folder, age)
    assert remove_outdated(DatasetFolder(str(tmp_path), "shop"), None) == []
    assert folder.exists() is is_there
    assert DatasetFolder(str(tmp_path), "shop").versions() == [FIRST]


def test_a_complete_version_stays_although_its_writer_was_killed_at_the_very_last(
    tmp_path: Path,
) -> None:
    night(str(tmp_path), FIRST)
    claim = tmp_path / "shop" / FIRST / ".writing"
    claim.touch()
    made_long_ago(claim, 2 * LONGEST_WRITING)
    remove_outdated(DatasetFolder(str(tmp_path), "shop"), None)
    assert DatasetFolder(str(tmp_path), "shop").versions() == [FIRST]
    assert find_version("latest", str(tmp_path)).folder.name == FIRST


def test_what_a_live_writer_has_written_stays(output: str) -> None:
    night(output, FIRST)
    folder = DatasetFolder(output, "shop").revision_folder(SECOND)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (".writing", "conversations.parquet"):
        (folder / name).write_bytes(b"")
    remove_outdated(DatasetFolder(output, "shop"), 1)
    assert {path.name for path in folder.iterdir()} == {".writing", "conversations.parquet"}


def test_what_a_killed_remover_left_goes_at_once(output: str) -> None:
    night(output, FIRST)
    folder = DatasetFolder(output, "shop").revision_folder(SECOND)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_bytes(b"")
    remove_outdated(DatasetFolder(output, "shop"), None)
    assert not folder.exists()


@pytest.mark.processes
def test_a_remover_killed_at_any_file_operation_leaves_complete_versions_only(
    tmp_path: Path,
) -> None:
    before = tmp_path / "before"
    for version in (FIRST, FIRST, SECOND, THIRD):
        night(str(before), version)
    done = run_writer("kill_removing", tmp_path)
    assert int(done.stdout) >= 20, done.stderr
    half_gone = 0
    for operation in range(int(done.stdout)):
        output = tmp_path / str(operation)
        check_every_version_is_whole(output)
        folders = [path for path in (output / "shop").iterdir() if path.is_dir()]
        half_gone += any(not (path / "manifest.json").exists() for path in folders)
        for folder in folders:
            made_long_ago(folder, 2 * LONGEST_WRITING)  # one that is empty might be a writer's
        remove_outdated(DatasetFolder(str(output), "shop"), 1)
        assert sorted(os.listdir(output / "shop")) == [THIRD, "latest.json"]
    assert half_gone >= 10, "the removers were killed too late to show anything"


# Several at the same time


def test_a_version_published_while_another_run_removes_it_leaves_latest_complete(
    tmp_path: Path,
) -> None:
    """The other run writes, publishes and tidies just before latest.json is replaced."""
    done = run_writer("overtaken", tmp_path)
    assert done.returncode == 0, done.stderr
    assert check_every_version_is_whole(tmp_path) == {done.stdout}
    assert latest(str(tmp_path)) == done.stdout


def await_latest(folder: Path) -> None:
    """Waits until `latest` leads to a version; it does at once, unless another run overtakes it."""
    give_up_at = time.monotonic() + 600
    while True:
        try:
            find_version(str(folder), "")
        except UsageError:
            assert time.monotonic() < give_up_at
        else:
            return


def test_runs_that_write_publish_and_remove_at_the_same_time_do_no_harm(tmp_path: Path) -> None:
    night(str(tmp_path), FIRST)
    running = [
        subprocess.Popen(writer("nights:12", tmp_path), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    try:
        while any(process.poll() is None for process in running):
            await_latest(tmp_path / "shop")
        for process in running:
            assert process.stderr is not None
            assert (process.returncode, process.stderr.read()) == (0, "")
    finally:
        for process in running:
            process.kill()
            process.communicate()
    remove_outdated(DatasetFolder(str(tmp_path), "shop"), 1)
    # Of two that began in the same second, `latest` names the one that was published last.
    left = check_every_version_is_whole(tmp_path)
    assert left == {latest(str(tmp_path)), max(left)}
    assert not [name for name in os.listdir(tmp_path / "shop") if name.startswith(".")]
