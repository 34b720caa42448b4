"""What a version has that the one before it had not, and the other way round."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from duologue.dataset.changes import Changes
from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import read_manifest
from duologue.errors import UsageError
from duologue.settings.rules import Severity
from duologue.versions.comparing import changes_since_before
from duologue.versions.places import DatasetFolder, Revision
from duologue.versions.writing import write_version
from tests.dataset.making import checked, contents, failed

FIRST, SECOND, THIRD = (f"202611{day:02}T020000000Z-1a2b3c4d" for day in (1, 2, 3))
GOOD: list[tuple[str, Severity]] = []
BAD = [("echo", Severity.INVALID)]


def run(
    valid: Sequence[str] = (),
    invalid: Sequence[str] = (),
    cut_short: Sequence[str] = (),
    **options: Any,
) -> DatasetContents:
    """A run of these seeds; `id:text` says something else than `id` does."""
    kinds = [(valid, GOOD), (invalid, BAD)]
    talks = [
        checked("Hi", text or "Hello", seed_id=seed_id, broken=broken)
        for names, broken in kinds
        for seed_id, _, text in (name.partition(":") for name in names)
    ]
    return contents(*talks, failed=[failed("Hi", seed_id=name) for name in cut_short], **options)


def changes(output: str, version: str, made: DatasetContents) -> Changes:
    found = write_version(DatasetFolder(output, "shop"), version, made).manifest.changes
    assert found is not None
    return found


def told(found: Changes) -> dict[str, tuple[str, ...]]:
    """What is not empty, without the numbers of the version before."""
    numbers = {"before_version", "before_revision", "counts_before"}
    return {name: ids for name, ids in found.model_dump(exclude=numbers).items() if ids}


def test_the_first_version_differs_from_nothing(output: str) -> None:
    assert write_version(DatasetFolder(output, "shop"), FIRST, run(["a"])).manifest.changes is None


def test_the_same_again_differs_in_nothing(output: str) -> None:
    made = run(["a"], ["b"], ["c"])
    write_version(DatasetFolder(output, "shop"), FIRST, made)
    found = changes(output, SECOND, made)
    assert told(found) == {}
    assert (found.before_version, found.before_revision) == (FIRST, 1)
    assert found.counts_before == made.counts


def test_each_conversation_is_reported_by_its_id_where_it_belongs(output: str) -> None:
    before = run(
        ["same", "other", "gone", "fails", "breaks"], ["mended", "still-bad"], ["made", "lost"]
    )
    now = run(
        ["same", "other:else", "new", "mended", "made"], ["breaks"], ["fails", "still-bad", "more"]
    )
    write_version(DatasetFolder(output, "shop"), FIRST, before)
    assert told(changes(output, SECOND, now)) == {
        "added": ("more-1", "new-1"),
        "removed": ("gone-1", "lost-1"),
        "newly_good": ("made-1", "mended-1"),
        "newly_failing": ("breaks-1", "fails-1"),
        "changed": ("other-1",),
    }


def test_each_sample_of_a_seed_is_a_conversation_of_its_own(output: str) -> None:
    def samples(*texts: str) -> DatasetContents:
        talks = [checked("Hi", text, sample=n) for n, text in enumerate(texts, start=1)]
        return contents(*talks, conversations_per_seed=len(texts))

    write_version(DatasetFolder(output, "shop"), FIRST, samples("one", "two"))
    found = told(changes(output, SECOND, samples("one", "another", "three")))
    assert found == {
        "changed": ("s1-2",),
        "added": ("s1-3",),
        "settings": ("conversations_per_seed: 2 → 3",),
    }


def test_a_later_revision_is_compared_with_the_one_before_it(output: str) -> None:
    write_version(DatasetFolder(output, "shop"), FIRST, run(["x"]))
    write_version(DatasetFolder(output, "shop"), SECOND, run(["a"], ["b"], ["c"]))
    second = changes(output, SECOND, run(["a", "b"], cut_short=["c"]))
    assert (second.before_version, second.before_revision) == (SECOND, 1)
    assert told(second) == {"newly_good": ("b-1",)}
    third = changes(output, SECOND, run(["a", "b", "c"]))
    assert (third.before_version, third.before_revision) == (SECOND, 2)
    assert told(third) == {"newly_good": ("c-1",)}


def test_a_version_is_compared_with_the_newest_revision_of_the_one_before(output: str) -> None:
    write_version(DatasetFolder(output, "shop"), FIRST, run([], [], ["a"]))
    write_version(DatasetFolder(output, "shop"), FIRST, run(["a"]))
    write_version(DatasetFolder(output, "shop"), THIRD, run(["z"]))  # is later, and there already
    found = changes(output, SECOND, run(["a"]))
    assert (found.before_version, found.before_revision) == (FIRST, 2)
    assert told(found) == {}


def test_changed_settings_are_reported_but_no_texts_of_people(output: str) -> None:
    before = run(["a"], chatbot="support-bot@production")
    write_version(DatasetFolder(output, "shop"), FIRST, before)
    settings = before.settings
    other = settings.model_copy(
        update={
            "chatbot": settings.chatbot.model_copy(
                update={"reference": "support-bot@next", "static_inputs": {"tone": "secret"}}
            ),
            "simulation": settings.simulation.model_copy(update={"turns": 5, "greeting": "secret"}),
        }
    )
    seed_file = replace(before.seed_file, sha256="1" * 64)
    found = changes(output, SECOND, replace(before, settings=other, seed_file=seed_file))
    assert found.settings == (
        "the seed file's contents",
        "chatbot.reference: support-bot@production → support-bot@next",
        "chatbot.static_inputs.tone",
        "simulation.greeting",
        "simulation.turns: 3 → 5",
    )


@pytest.mark.parametrize("name", ["manifest.json", "conversations.parquet", "failures.jsonl"])
def test_a_damaged_version_before_is_reported_and_keeps_no_other_from_being_written(
    output: str, name: str
) -> None:
    write_version(DatasetFolder(output, "shop"), FIRST, run(["a"], cut_short=["b"]))
    (DatasetFolder(output, "shop").revision_folder(FIRST) / name).write_bytes(b"{")
    with pytest.raises(UsageError, match=name):
        changes_since_before(DatasetFolder(output, "shop"), Revision(SECOND, 1), run(["a"]))
    assert write_version(DatasetFolder(output, "shop"), SECOND, run(["a"])).manifest.changes is None


def test_what_differs_is_in_the_manifest(output: str) -> None:
    write_version(DatasetFolder(output, "shop"), FIRST, run(["a"]))
    found = changes(output, SECOND, run(["a:else"]))
    folder = DatasetFolder(output, "shop").revision_folder(SECOND)
    assert read_manifest(folder / "manifest.json").changes == found
