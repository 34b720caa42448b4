"""Comparing a version with the one before it, or with any other."""

import hashlib
from collections.abc import Iterable

from upath import UPath

from duologue.conversation.messages import Message
from duologue.dataset.changes import Changes, Outcomes, changes_between
from duologue.dataset.contents import DatasetContents
from duologue.dataset.failures import (
    FAILURES_JSONL_FILE,
    FailedSeedRecord,
    InvalidConversationRecord,
    read_failure_records,
)
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE, read_manifest
from duologue.simulation import conversation_id
from duologue.versions.places import Revision, revision_folder, whole_revisions
from duologue.versions.reading import read_conversations


def changes_since_before(
    output: str, name: str, revision: Revision, contents: DatasetContents
) -> Changes | None:
    """Compares what a run made with the version before; a later revision with the one before that.

    Args:
        output: where datasets are.
        name: of the dataset.
        revision: that the run makes, written or not.
        contents: what the run made.

    Returns:
        None where there is none before it.

    Raises:
        UsageError: the files of the one before cannot be read.
    """
    earlier = [item for item in whole_revisions(output, name) if item < revision]
    if not earlier:
        return None
    before = outcomes_in(revision_folder(output, name, earlier[-1]))
    return changes_between(before, _outcomes_of(revision, contents))


def outcomes_in(folder: UPath) -> Outcomes:
    """Reads what a version is compared by.

    Raises:
        UsageError: its files cannot be read.
    """
    manifest = read_manifest(folder / MANIFEST_FILE)
    digests: dict[str, str | None] = {
        item.conversation_id: _digest(item.messages)
        for item in read_conversations(folder / CONVERSATIONS_FILE)
    }
    for record in read_failure_records(folder / FAILURES_JSONL_FILE):
        if isinstance(record, FailedSeedRecord):
            digests[conversation_id(record.seed, record.sample)] = None
        elif isinstance(record, InvalidConversationRecord):
            digests[record.conversation.conversation_id] = None
    return Outcomes(
        version=manifest.version,
        revision=manifest.revision,
        counts=manifest.counts,
        seed_file_sha256=manifest.seed_file.sha256,
        settings=manifest.settings,
        digests=digests,
    )


def _outcomes_of(revision: Revision, contents: DatasetContents) -> Outcomes:
    digests: dict[str, str | None] = {
        item.conversation.conversation_id: (
            _digest(item.conversation.messages) if item.is_valid else None
        )
        for item in contents.checked
    }
    digests |= {item.conversation_id: None for item in contents.failed}
    return Outcomes(
        version=revision.version,
        revision=revision.revision,
        counts=contents.counts,
        seed_file_sha256=contents.seed_file.sha256,
        settings=contents.settings,
        digests=digests,
    )


def _digest(messages: Iterable[Message]) -> str:
    """Of who said what; what is known of the calls differs each time."""
    digest = hashlib.blake2b(digest_size=16)
    for message in messages:
        text = message.text.encode()
        digest.update(f"{message.role} {len(text)} ".encode() + text)
    return digest.hexdigest()
