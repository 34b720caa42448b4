"""What people decided about a dataset's conversations, and what follows for rules and judges.

    OUTPUT/DATASET/reviews/decisions/REVIEWER.json      all decisions of a reviewer
    OUTPUT/DATASET/reviews/VERSION/reliability.json     what they say about a version's rules
    OUTPUT/DATASET/reviews/VERSION/reliability.md       the same to read

A decision belongs to a conversation's id and text. It holds for every revision and version with
that very text, and no longer once the conversation was simulated again.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from slugify import slugify
from upath import UPath

from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.reliability.decisions import Decision, DecisionsFile, newest, text_digest
from duologue.reliability.markdown import reliability_page
from duologue.reliability.measuring import Reliability, StratumShare, measure
from duologue.reliability.reviewed import (
    Opinion,
    Reviewed,
    broken_rules,
    failed_criteria,
    judged_criteria,
)
from duologue.reliability.sampling import Stratum
from duologue.settings.options import Record
from duologue.storage.files import make_folder, write_whole
from duologue.storage.locations import without_credentials
from duologue.versions.places import DatasetFolder, Version, revision_in
from duologue.versions.reading import read_contents
from duologue.versions.strata import StoredOutcome, stored_outcomes
from duologue.versions.writing import export_errors

REVIEWS_FOLDER = "reviews"
RELIABILITY_FILE = "reliability.json"
RELIABILITY_PAGE = "reliability.md"


class StoredDecision(Decision):
    """A decision, and the version that the reviewer read."""

    version: str


class ReviewerRecord(Record):
    """All decisions of one reviewer about a dataset."""

    reviewer: str
    decisions: tuple[StoredDecision, ...]
    """Sorted by conversation; one for each conversation and text."""


class VersionReliability(Record):
    """How reliable rules and judges are on one version."""

    dataset: str
    version: str
    revision: int
    simulated_again: tuple[str, ...]
    """Ids of conversations whose decisions no longer hold, because their text is another now."""
    reliability: Reliability


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


def measure_version(version: Version) -> VersionReliability:
    """Measures rules and judges on a version, and writes the result next to its dataset.

    The conversations are checked by the current rules, with the severities and thresholds of the
    version's run. Their strata are those that the version was written with.

    Raises:
        UsageError: nothing of this version is reviewed, or its files cannot be read.
        ExportError: the result could not be written.
    """
    stored = read_reviewers(version.dataset)
    contents = read_contents(version)
    texts = {
        item.conversation.conversation_id: text_digest(item.conversation.messages)
        for item in contents.checked
    }
    opinions = _opinions(stored, texts)
    if not opinions:
        raise UsageError(
            f"{version}: none of its conversations is reviewed; press R in its report.html, "
            "download the decisions, and pass their file to this command"
        )
    outcomes = {outcome.conversation_id: outcome for outcome in stored_outcomes(version)}
    measured = VersionReliability(
        dataset=version.manifest.dataset,
        version=version.manifest.version,
        revision=version.manifest.revision,
        simulated_again=_simulated_again(stored, texts, version),
        reliability=measure(*_reviewed(contents, opinions, outcomes)),
    )
    _write(version, measured)
    return measured


def read_reviewers(dataset: DatasetFolder) -> list[ReviewerRecord]:
    """Reads all decisions that are stored with a dataset, by reviewer.

    Raises:
        UsageError: a file was changed and is no longer one of decisions.
    """
    folder = _decisions_folder(dataset)
    files = sorted(folder.iterdir(), key=str) if folder.is_dir() else []
    return [_read_reviewer(file) for file in files if file.suffix == ".json"]


def reliability_of(folder: UPath) -> VersionReliability | None:
    """Reads what was measured on the version in a folder; None if nothing was."""
    revision = revision_in(folder.name)
    if revision is None:
        return None
    file = folder.parent / REVIEWS_FOLDER / revision.version / RELIABILITY_FILE
    try:
        return VersionReliability.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(file)}: was changed, or written by another Duologue; "
            f"`duologue review {revision.version}` writes it again"
        ) from error


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


def _opinions(
    stored: Sequence[ReviewerRecord], texts: Mapping[str, str]
) -> dict[str, list[Opinion]]:
    """Collects the opinions that hold for these texts, by conversation."""
    opinions: dict[str, list[Opinion]] = {}
    for record in stored:
        for item in record.decisions:
            if texts.get(item.conversation_id) == item.text_sha256:
                opinion = Opinion(record.reviewer, item.broken, item.kinds, item.message_index)
                opinions.setdefault(item.conversation_id, []).append(opinion)
    return opinions


def _simulated_again(
    stored: Sequence[ReviewerRecord], texts: Mapping[str, str], version: Version
) -> tuple[str, ...]:
    decisions = [item for record in stored for item in record.decisions]
    lost = {
        item.conversation_id
        for item in decisions
        if item.version == version.manifest.version
        and texts.get(item.conversation_id) != item.text_sha256
    }
    return tuple(sorted(lost))


def _reviewed(
    contents: DatasetContents,
    opinions: Mapping[str, Sequence[Opinion]],
    outcomes: Mapping[str, StoredOutcome],
) -> tuple[list[Reviewed], list[StratumShare]]:
    """Joins decisions, findings and weights; also returns the strata of which none is reviewed."""
    sizes = Counter(outcome.stratum for outcome in outcomes.values() if outcome.stratum)
    reviewed = Counter(outcomes[id].stratum for id in opinions)
    conversations = []
    for checked in contents.checked:
        id = checked.conversation.conversation_id
        if id in opinions:
            outcome = outcomes[id]
            conversations.append(
                Reviewed(
                    id=id,
                    stratum=str(outcome.stratum),
                    weight=sizes[outcome.stratum] / reviewed[outcome.stratum],
                    opinions=tuple(opinions[id]),
                    signals=broken_rules(checked.violations) | failed_criteria(outcome.verdicts),
                    judged=judged_criteria(outcome.verdicts),
                )
            )
    unreviewed = [
        StratumShare(stratum=stratum, conversations=sizes[stratum], reviewed=0)
        for stratum in Stratum
        if sizes[stratum] and not reviewed[stratum]
    ]
    return conversations, unreviewed


def _write(version: Version, measured: VersionReliability) -> None:
    folder = version.dataset.folder / REVIEWS_FOLDER / version.manifest.version
    with export_errors(f"{version}: its reliability cannot be written"):
        make_folder(folder)
        page = reliability_page(str(version), measured.reliability)
        write_whole(folder / RELIABILITY_PAGE, page.encode())
        content = measured.model_dump_json(indent=2) + "\n"
        write_whole(folder / RELIABILITY_FILE, content.encode())
