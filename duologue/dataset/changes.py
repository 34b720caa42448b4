"""What a version has that the one before it had not, and the other way round."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from upath import UPath

from duologue.dataset.contents import DatasetContents
from duologue.dataset.counts import Counts
from duologue.dataset.failures import (
    FAILURES_JSONL_FILE,
    FailedSeedRecord,
    InvalidConversationRecord,
    read_failure_records,
)
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.dataset.versions import Revision, revision_folder, whole_revisions
from duologue.simulation import conversation_id

SETTINGS_SHOWN = {
    "chatbot.spelling",
    "simulated_user.spelling",
    "simulation.turns",
    "simulation.ends_with",
    "conversations_per_seed",
}
"""Settings whose values are told; of the others, which may hold texts of people, only the names."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How a revision differs from the one before it. Conversations are named by their ids."""

    before: Revision
    counts_before: Counts
    settings: tuple[str, ...]
    """One a changed setting, as in `simulation.turns: 3 → 5`."""
    added: tuple[str, ...]
    """Conversations that were not asked for before."""
    removed: tuple[str, ...]
    """Conversations that are no longer asked for."""
    newly_valid: tuple[str, ...]
    """Failed or invalid before, and valid now."""
    no_longer_valid: tuple[str, ...]
    """Valid before, and failed or invalid now."""


def changes_since_before(
    output: str, manifest: Manifest, contents: DatasetContents
) -> Changes | None:
    """Compares a version with the one before it; a later revision with the one before that.

    Returns:
        None where there is none before it.

    Raises:
        UsageError: the files of the one before cannot be read.
    """
    this = Revision(manifest.version, manifest.revision)
    earlier = [item for item in whole_revisions(output, manifest.dataset) if item < this]
    if not earlier:
        return None
    folder = revision_folder(output, manifest.dataset, earlier[-1])
    manifest_before = read_manifest(folder / MANIFEST_FILE)
    was_valid = _read_validity(folder)
    is_valid = {item.conversation.conversation_id: item.is_valid for item in contents.checked}
    is_valid |= {item.conversation_id: False for item in contents.failed}
    both = was_valid.keys() & is_valid.keys()
    return Changes(
        before=earlier[-1],
        counts_before=manifest_before.counts,
        settings=tuple(_setting_changes(manifest_before, manifest)),
        added=tuple(sorted(is_valid.keys() - was_valid.keys())),
        removed=tuple(sorted(was_valid.keys() - is_valid.keys())),
        newly_valid=tuple(sorted(id for id in both if is_valid[id] and not was_valid[id])),
        no_longer_valid=tuple(sorted(id for id in both if was_valid[id] and not is_valid[id])),
    )


def _read_validity(folder: UPath) -> dict[str, bool]:
    """Tells of each conversation of a version, by its id, whether it is valid."""
    with (folder / CONVERSATIONS_FILE).open("rb") as file:
        valid = pq.read_table(file, columns=["conversation_id"])["conversation_id"].to_pylist()
    return dict.fromkeys(valid, True) | {
        conversation_id(record.seed, _sample(record)): False
        for record in read_failure_records(folder / FAILURES_JSONL_FILE)
        if isinstance(record, FailedSeedRecord | InvalidConversationRecord)
    }


def _sample(record: FailedSeedRecord | InvalidConversationRecord) -> int:
    return record.sample if isinstance(record, FailedSeedRecord) else record.conversation.sample


def _setting_changes(before: Manifest, now: Manifest) -> Iterator[str]:
    if before.seed_file.sha256 != now.seed_file.sha256:
        yield "the seed file's contents"
    old = dict(_flat(before.settings.model_dump(mode="json")))
    new = dict(_flat(now.settings.model_dump(mode="json")))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            shown = f": {old.get(name)} → {new.get(name)}" if name in SETTINGS_SHOWN else ""
            yield f"{name}{shown}"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
