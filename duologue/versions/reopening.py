"""Reading a version back, whole: what `writing` wrote, as it was when it was written."""

from upath import UPath

from duologue.conversation.messages import Conversation
from duologue.dataset.contents import DatasetContents
from duologue.dataset.counts import Counts, UnaccountedSeedsError
from duologue.dataset.failures import (
    FAILURES_JSONL_FILE,
    FailedSeedRecord,
    InvalidConversationRecord,
    RejectedRowRecord,
    read_failure_records,
)
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import MANIFEST_FILE, Manifest, read_manifest
from duologue.errors import UsageError
from duologue.seeds import RejectedRow, Seed, SeedFile
from duologue.simulation import FailedSeed
from duologue.storage.locations import without_credentials
from duologue.validation.check import check_conversation
from duologue.validation.loading import load_rules
from duologue.versions.reading import read_seeded_conversations


def reopen_version(folder: UPath) -> tuple[Manifest, DatasetContents]:
    """Reads all that a version's run made, from the version's own files.

    The conversations are checked again, so that what they break is told by today's rules, with the
    severities and thresholds of its run.

    Raises:
        UsageError: a file is missing, was changed, or is of another Duologue; or a rule of its
            run is not there.
    """
    manifest = read_manifest(folder / MANIFEST_FILE)
    records = read_failure_records(folder / FAILURES_JSONL_FILE)
    failed = [record for record in records if isinstance(record, FailedSeedRecord)]
    invalid = [record for record in records if isinstance(record, InvalidConversationRecord)]
    at: dict[int, tuple[Seed, Conversation | FailedSeedRecord]] = {
        record.position: (record.seed, record) for record in failed
    }
    at |= {record.position: (record.seed, record.conversation) for record in invalid}
    valid = read_seeded_conversations(folder / CONVERSATIONS_FILE)
    in_order = [
        at.pop(position) if position in at else next(valid, None)
        for position in range(manifest.counts.conversations)
    ]
    made = [item for item in in_order if item is not None]
    rules = load_rules(manifest.settings.rules)
    contents = DatasetContents(
        seed_file=SeedFile(
            path=manifest.seed_file.path,
            sha256=manifest.seed_file.sha256,
            columns_note=manifest.seed_file.columns_note,
            seeds=tuple({seed.seed_id: seed for seed, _ in made}.values()),
            rejected=tuple(
                RejectedRow(record.file, record.line, record.reason)
                for record in records
                if isinstance(record, RejectedRowRecord)
            ),
        ),
        checked=tuple(
            check_conversation(outcome, seed, manifest.settings.simulation, rules)
            for seed, outcome in made
            if isinstance(outcome, Conversation)
        ),
        failed=tuple(
            FailedSeed(record.seed, record.sample, record.error_class, record.reason, record.draft)
            for record in failed
        ),
        settings=manifest.settings,
        started_at=manifest.started_at,
    )
    every_place_filled = None not in in_order and next(valid, None) is None
    if not (every_place_filled and _adds_up(contents, manifest.counts)):
        raise UsageError(
            f"{without_credentials(folder)}: {CONVERSATIONS_FILE} and {FAILURES_JSONL_FILE} do "
            f"not add up to the {manifest.counts.conversations} conversations of its "
            f"{MANIFEST_FILE}; one of them was changed"
        )
    return manifest, contents


def _adds_up(contents: DatasetContents, counts: Counts) -> bool:
    """Compares all counts but those that today's rules may change."""
    try:
        rules_apart = contents.counts.model_copy(
            update={"valid": counts.valid, "invalid": counts.invalid}
        )
    except UnaccountedSeedsError:
        return False
    return rules_apart == counts
