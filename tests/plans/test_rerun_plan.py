"""What a rerun is asked to do, read from a version's own files."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from duologue.conversation.messages import Conversation, EndReason
from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.plans.rerun import Rerun, plan_rerun
from duologue.simulation import FailedSeed
from duologue.validation.check import CheckedConversation, check_conversation
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import STARTED_AT, contents, failed, messages

VERSION = "20261124T053516000Z-1a2b3c4d"
NEXT = "20261125T053516000Z-5e6f7a8b"
# Three turns, as the settings ask for.
SAID = (
    "Yes, from ten to four.",
    "And can I bring something back then?",
    "Bring it to the counter by the door, with the receipt.",
    "What if the receipt is gone?",
    "Then a bank statement will do.",
    "Good. Is there parking nearby?",
)


def talk(seed_id: str, *texts: str, sample: int = 1) -> CheckedConversation:
    """A conversation as the rules see it: valid with all of `SAID`, else too short."""
    failure = failed(f"Are you open, {seed_id}?", seed_id=seed_id)
    conversation = Conversation(
        conversation_id=f"{seed_id}-{sample}",
        seed_id=seed_id,
        sample=sample,
        messages=messages(failure.seed.message, *texts),
        end_reason=EndReason.MAX_TURNS,
        started_at=STARTED_AT,
        ended_at=STARTED_AT,
    )
    return check_conversation(conversation, failure.seed, contents().settings.simulation)


def night() -> DatasetContents:
    """Two samples each of `good` and `fine`, `short` (invalid), `lost` and `lost2` (failed)."""
    made: list[CheckedConversation | FailedSeed] = []
    for sample in (1, 2):
        made += [talk("good", *SAID, sample=sample), talk("short", SAID[0], sample=sample)]
        made += [talk("fine", *SAID, sample=sample)]
        made += [failed("Hi", "Hello", seed_id=name, sample=sample) for name in ("lost", "lost2")]
    made.sort(key=lambda item: item.seed.seed_id)
    night = contents(
        *(item for item in made if isinstance(item, CheckedConversation)),
        failed=[item for item in made if isinstance(item, FailedSeed)],
        conversations_per_seed=2,
    )
    seeds = tuple(dict.fromkeys(item.seed.seed_id for item in made))
    in_order = sorted(night.seed_file.seeds, key=lambda seed: seeds.index(seed.seed_id))
    return replace(night, seed_file=replace(night.seed_file, seeds=tuple(in_order)))


@pytest.fixture
def output(tmp_path: Path) -> str:
    output = str(tmp_path / "out")
    publish_latest(write_version(DatasetFolder(output, "shop"), VERSION, night()))
    return output


def again(rerun: Rerun) -> list[str]:
    return [job.conversation_id for job in rerun.again]


ALL_BAD = ["lost-1", "lost-2", "lost2-1", "lost2-2", "short-1", "short-2"]


def test_all_that_failed_or_is_invalid_is_simulated_again(output: str) -> None:
    rerun = plan_rerun("latest", output=output)
    assert sorted(again(rerun)) == ALL_BAD
    assert len(rerun.jobs) == 10
    assert [seed.conversation_id for _, seed in rerun.failed_before()] == [
        job.conversation_id for job, _ in rerun.failed_before()
    ]
    assert sorted(job.conversation_id for job, _ in rerun.failed_before()) == ALL_BAD[:4]


@pytest.mark.parametrize(
    ("seed_ids", "chosen"),
    [
        (["lost"], ["lost-1", "lost-2"]),
        (["lost-2"], ["lost-2"]),
        (["short-1", "lost2", "short-1"], ["lost2-1", "lost2-2", "short-1"]),
    ],
)
def test_seeds_are_chosen_by_their_id_or_by_that_of_a_conversation(
    output: str, seed_ids: list[str], chosen: list[str]
) -> None:
    assert sorted(again(plan_rerun(VERSION, seed_ids, output=output))) == chosen


@pytest.mark.parametrize("seed_id", ["good", "good-1", "lost-3", "stranger", ""])
def test_a_seed_that_needs_no_rerun_is_reported(output: str, seed_id: str) -> None:
    with pytest.raises(UsageError, match=rf"^seed '{seed_id}': is not among the 6 failed or inval"):
        plan_rerun(VERSION, ["lost", seed_id], output=output)


def test_new_outcomes_take_the_place_of_the_old_ones_in_the_versions_order(output: str) -> None:
    rerun = plan_rerun(VERSION, ["lost-2", "short"], output=output)
    new = [talk(job.seed.seed_id, *SAID, sample=job.sample).conversation for job in rerun.again]
    outcomes = rerun.outcomes(new)
    assert [item.conversation_id for item in outcomes] == [
        f"{seed_id}-{sample}"
        for seed_id in ("fine", "good", "lost", "lost2", "short")
        for sample in (1, 2)
    ]
    assert [item for item in outcomes if item.conversation_id in again(rerun)] == new
    old = {item.conversation.conversation_id: item.conversation for item in night().valid}
    kept = {item.conversation_id: item for item in outcomes if isinstance(item, Conversation)}
    assert {name: kept[name] for name in old} == old
    still = [item.conversation_id for item in outcomes if isinstance(item, FailedSeed)]
    assert sorted(still) == ["lost-1", "lost2-1", "lost2-2"]


def test_too_few_new_outcomes_are_an_error(output: str) -> None:
    rerun = plan_rerun(VERSION, output=output)
    with pytest.raises(ValueError, match="shorter"):
        rerun.outcomes([])


def test_a_complete_version_has_nothing_to_repair(output: str) -> None:
    write_version(DatasetFolder(output, "shop"), NEXT, contents(talk("good", *SAID)))
    assert again(plan_rerun(NEXT, output=output)) == []
    with pytest.raises(UsageError, match="is not among the 0 failed or invalid"):
        plan_rerun(NEXT, ["good"], output=output)


def test_the_newest_revision_is_the_one_that_is_repaired(output: str) -> None:
    mended = contents(talk("good", *SAID), failed=[failed("Hi", seed_id="lost")])
    write_version(DatasetFolder(output, "shop"), VERSION, mended)
    rerun = plan_rerun(VERSION, output=output)
    assert (rerun.version.manifest.revision, again(rerun)) == (2, ["lost-1"])


def test_the_settings_are_the_versions_except_for_the_concurrency(output: str) -> None:
    settings = night().settings
    assert plan_rerun(VERSION, output=output).settings == settings
    rerun = plan_rerun(VERSION, output=output, max_concurrency=2)
    assert rerun.settings == settings.model_copy(update={"max_concurrency": 2})
    assert rerun.contents.settings == rerun.settings
    for number in (0, -1):
        with pytest.raises(UsageError, match=f"max_concurrency is {number}; expected 1 or more"):
            plan_rerun(VERSION, output=output, max_concurrency=number)


def test_a_draft_is_resumed_under_the_key_it_was_kept_under(output: str) -> None:
    keys = [job.key for job in plan_rerun(VERSION, output=output).jobs]
    assert keys == [job.key for job in plan_rerun(VERSION, ["lost"], output=output).jobs]
    assert len(set(keys)) == 10
    assert all(key.startswith(f"{VERSION}/") for key in keys)


def test_a_version_is_found_by_its_folders_path_wherever_one_is(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path(output)
    write_version(DatasetFolder(output, "shop"), VERSION, night())
    for folder, path in (
        (place, f"{output}/shop/{VERSION}-r2"),
        (place, f"shop/{VERSION}-r2"),
        (place / "shop", f"./{VERSION}-r2"),
        (place / "shop", "."),
        (place / "shop" / VERSION, f"../{VERSION}-r2"),
        (place / "shop" / VERSION, "."),
    ):
        monkeypatch.chdir(folder)
        rerun = plan_rerun(path, output="elsewhere")
        assert Path(rerun.dataset.output).resolve() == place, path
        manifest = rerun.version.manifest
        found = DatasetFolder(rerun.dataset.output, "shop").revision_folder(
            VERSION, manifest.revision
        )
        assert (found / "manifest.json").exists()


def test_a_copy_is_refused_because_its_revision_would_be_written_elsewhere(
    output: str, tmp_path: Path
) -> None:
    for copy in (tmp_path / "copy", tmp_path / "bank" / VERSION, tmp_path / "shop" / "mine"):
        shutil.copytree(f"{output}/shop/{VERSION}", copy)
        with pytest.raises(UsageError, match=rf"{copy}: is a copy of shop/{VERSION}; put it into"):
            plan_rerun(str(copy), output=output)
    proper = tmp_path / "other" / "shop" / VERSION
    shutil.copytree(f"{output}/shop/{VERSION}", proper)
    assert plan_rerun(str(proper)).dataset.output == str(tmp_path / "other")


def test_of_several_datasets_one_is_named(output: str) -> None:
    publish_latest(write_version(DatasetFolder(output, "bank"), NEXT, contents(talk("a", *SAID))))
    with pytest.raises(UsageError, match=r"several datasets \(bank, shop\)"):
        plan_rerun("latest", output=output)
    assert plan_rerun("latest", name="shop", output=output).version.manifest.dataset == "shop"
    assert plan_rerun(NEXT, output=output).version.manifest.dataset == "bank"
    with pytest.raises(UsageError, match=f"version {VERSION}: not found in"):
        plan_rerun(VERSION, name="bank", output=output)


def test_on_an_object_store_it_is_the_same() -> None:
    output = "memory://rerun-plan"
    write_version(DatasetFolder(output, "shop"), VERSION, night())
    for version in (VERSION, f"{output}/shop/{VERSION}"):
        rerun = plan_rerun(version, output=output)
        assert (rerun.dataset.output, sorted(again(rerun))) == (output, ALL_BAD)
