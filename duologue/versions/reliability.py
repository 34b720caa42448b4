"""How reliable rules and judges are on a version, from what people decided about it.

OUTPUT/DATASET/reviews/VERSION/reliability.json     the figures
OUTPUT/DATASET/reviews/VERSION/reliability.md       the same to read
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.reliability.decisions import text_digest
from duologue.reliability.markdown import reliability_page
from duologue.reliability.measuring import StratumShare, VersionReliability, measure
from duologue.reliability.reviewed import Opinion, Reviewed, reported
from duologue.reliability.sampling import Stratum
from duologue.storage.files import make_folder, write_whole
from duologue.versions.measured import RELIABILITY_FILE
from duologue.versions.places import REVIEWS_FOLDER, Version
from duologue.versions.reading import read_contents
from duologue.versions.reviews import ReviewerRecord, read_reviewers
from duologue.versions.strata import StoredOutcome, stored_outcomes
from duologue.versions.writing import export_errors

RELIABILITY_PAGE = "reliability.md"


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
    strata = {id: outcome.stratum for id, outcome in outcomes.items() if outcome.stratum}
    sizes = Counter(strata.values())
    reviewed = Counter(strata[id] for id in opinions)
    conversations = []
    for checked in contents.checked:
        id = checked.conversation.conversation_id
        if id in opinions:
            stratum = strata[id]
            found = reported(checked.violations, outcomes[id].verdicts)
            conversations.append(
                Reviewed(
                    id=id,
                    stratum=stratum,
                    weight=sizes[stratum] / reviewed[stratum],
                    opinions=tuple(opinions[id]),
                    signals=found.signals,
                    judged=found.judged,
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
