"""Comparing a version with the one before it, or with any other."""

import hashlib
from collections.abc import Iterable

from duologue.conversation.messages import Message
from duologue.dataset.changes import Changes, Outcomes, changes_between
from duologue.dataset.contents import DatasetContents
from duologue.dataset.failures import FAILURES_JSONL_FILE, RejectedRowRecord, read_failures
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.versions.places import DatasetFolder, Revision, Version
from duologue.versions.reading import read_conversations


def changes_since_before(
    dataset: DatasetFolder, revision: Revision, contents: DatasetContents
) -> Changes | None:
    """Compares what a run produced with the revision before, of the same version or an earlier one.

    Args:
        dataset: the dataset.
        revision: what the run makes, written or not.
        contents: what the run produced.

    Returns:
        None if there is none before it.

    Raises:
        UsageError: the files of the one before cannot be read.
    """
    earlier = [item for item in dataset.revisions() if item < revision]
    if not earlier:
        return None
    before = outcomes_in(dataset.read(earlier[-1]))
    return changes_between(before, _outcomes_of(revision, contents))


def outcomes_in(version: Version) -> Outcomes:
    """Reads what a version is compared by.

    Raises:
        UsageError: its files cannot be read.
    """
    manifest = version.manifest
    digests: dict[str, str | None] = {
        item.conversation_id: _digest(item.messages)
        for item in read_conversations(version.folder / CONVERSATIONS_FILE)
    }
    for failure in read_failures(version.folder / FAILURES_JSONL_FILE):
        if not isinstance(failure, RejectedRowRecord):
            digests[failure.id] = None
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
    """Covers roles and texts only: latency and usage differ on each call."""
    digest = hashlib.blake2b(digest_size=16)
    for message in messages:
        text = message.text.encode()
        digest.update(f"{message.role} {len(text)} ".encode() + text)
    return digest.hexdigest()
