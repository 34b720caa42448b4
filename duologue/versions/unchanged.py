"""Which of the conversations that later runs may reuse are kept: those of the kept versions."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from duologue.dataset.failures import FAILURES_JSONL_FILE, FailedSeedRecord, read_failures
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.simulation import conversation_key
from duologue.storage.files import modified_at, names_in
from duologue.versions.checkpoints import CHECKPOINTS_FOLDER, UNCHANGED
from duologue.versions.places import DatasetFolder, Revision, Version
from duologue.versions.reading import read_seeded_conversations


def remove_unused(dataset: DatasetFolder, kept: Sequence[Revision]) -> None:
    """Removes the reusable conversations that no kept version contains.

    What was written after the oldest of these versions was started stays, because a run that was
    cut short may still need it.

    Args:
        dataset: the dataset.
        kept: the revisions that stay, oldest first.

    Raises:
        UsageError: a kept version cannot be read; nothing is removed.
    """
    folder = dataset.folder / CHECKPOINTS_FOLDER / UNCHANGED
    unused: set[str] = set()
    with suppress(FileNotFoundError):
        unused = names_in(folder)
    # The newest version mostly contains all of them; the others are then not read.
    for revision in reversed(kept):
        if not unused:
            return
        unused.difference_update(_checkpoints_of(dataset.read(revision)))
    if not kept:
        return
    oldest = dataset.read(kept[0]).manifest
    for name in unused:
        with suppress(FileNotFoundError):  # another run has removed it
            if modified_at(folder / name) < oldest.started_at:
                (folder / name).unlink()


def _checkpoints_of(version: Version) -> Iterator[str]:
    """Yields the names that the checkpoints of a version's conversations have."""
    settings = version.manifest.settings
    samples = [
        (seed, conversation.sample)
        for seed, conversation in read_seeded_conversations(version.folder / CONVERSATIONS_FILE)
    ]
    samples += (
        (failure.seed, failure.sample)
        for failure in read_failures(version.folder / FAILURES_JSONL_FILE)
        if isinstance(failure, FailedSeedRecord)
    )
    for seed, sample in samples:
        key = conversation_key(
            seed, sample, settings.chatbot, settings.simulated_user, settings.simulation
        )
        yield f"{key}.json"
        yield f"{key}.draft.json"
