"""What people decided about a dataset's conversations.

    OUTPUT/DATASET/reviews/decisions/REVIEWER.json      all decisions of a reviewer

A decision belongs to a conversation's id and text. It holds for every revision and version with
that very text, and no longer once the conversation was simulated again.
"""

import hashlib
from collections.abc import Mapping

from pydantic import ValidationError
from slugify import slugify
from upath import UPath

from duologue.errors import UsageError
from duologue.reliability.decisions import Decision, DecisionsFile, newest
from duologue.settings.options import Record
from duologue.storage.files import make_folder, write_whole
from duologue.storage.locations import without_credentials
from duologue.versions.places import REVIEWS_FOLDER, DatasetFolder, Version
from duologue.versions.strata import stored_outcomes
from duologue.versions.writing import export_errors


class StoredDecision(Decision):
    """A decision, and the version that the reviewer read."""

    version: str


class ReviewerRecord(Record):
    """All decisions of one reviewer about a dataset."""

    reviewer: str
    decisions: tuple[StoredDecision, ...]
    """Sorted by conversation; one for each conversation and text."""


def add_decisions(version: Version, files: Mapping[str, DecisionsFile]) -> None:
    """Merges decisions into those stored with the dataset. Newer ones replace older ones.

    Args:
        version: the version that they are about, in any revision.
        files: by the name to show in errors.

    Raises:
        UsageError: a file is about another version, or names a conversation that it does not have.
        ExportError: they could not be written.
    """
    known = {outcome.conversation_id for outcome in stored_outcomes(version)}
    for name, file in files.items():
        _check_file(name, file, version, known)
    for file in files.values():
        _merge(version.dataset, file)


def read_reviewers(dataset: DatasetFolder) -> list[ReviewerRecord]:
    """Reads all decisions that are stored with a dataset, by reviewer.

    Raises:
        UsageError: a file was changed and is no longer one of decisions.
    """
    folder = _decisions_folder(dataset)
    files = sorted(folder.iterdir(), key=str) if folder.is_dir() else []
    return [_read_reviewer(file) for file in files if file.suffix == ".json"]


def _check_file(name: str, file: DecisionsFile, version: Version, known: set[str]) -> None:
    manifest = version.manifest
    if (file.dataset, file.version) != (manifest.dataset, manifest.version):
        raise UsageError(
            f"{name}: is about {file.dataset} {file.version}, not {manifest.dataset} "
            f"{manifest.version}; name that version, or download decisions from this one's report"
        )
    if unknown := sorted({item.conversation_id for item in file.decisions} - known):
        raise UsageError(
            f"{name}: decides on {unknown[0]!r}"
            f"{f' and {len(unknown) - 1} more' if len(unknown) > 1 else ''}, which {version} does "
            "not have; expected decisions that its report.html downloaded"
        )


def _merge(dataset: DatasetFolder, file: DecisionsFile) -> None:
    place = _decisions_folder(dataset) / _file_name(file.reviewer)
    before = _read_reviewer(place).decisions if place.exists() else ()
    added = [
        StoredDecision(**decision.model_dump(), version=file.version) for decision in file.decisions
    ]
    record = ReviewerRecord(reviewer=file.reviewer, decisions=tuple(newest([*before, *added])))
    with export_errors(f"decisions of {file.reviewer}: cannot be written to {dataset}"):
        make_folder(place.parent)
        write_whole(place, (record.model_dump_json(indent=1) + "\n").encode())


def _file_name(reviewer: str) -> str:
    digest = hashlib.sha256(reviewer.encode()).hexdigest()[:8]
    return f"{slugify(reviewer, max_length=60) or 'reviewer'}-{digest}.json"


def _decisions_folder(dataset: DatasetFolder) -> UPath:
    return dataset.folder / REVIEWS_FOLDER / "decisions"


def _read_reviewer(file: UPath) -> ReviewerRecord:
    try:
        return ReviewerRecord.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UsageError(
            f"{without_credentials(file)}: was changed: {'.'.join(map(str, first['loc']))}: "
            f"{first['msg']}; restore it, or remove it and merge the downloaded files again"
        ) from error
