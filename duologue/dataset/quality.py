"""What is known of a version's conversations as a whole, beside the versions before."""

from collections.abc import Iterator
from itertools import islice

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import MANIFEST_FILE, read_manifest
from duologue.dataset.versions import revision_folder, revisions_begun
from duologue.errors import UsageError
from duologue.validation.dataset_rules.assess import assess
from duologue.validation.dataset_rules.drift import EARLIER_VERSIONS
from duologue.validation.dataset_rules.member import Member
from duologue.validation.quality import DatasetQuality


def quality_of(output: str, name: str, version: str, contents: DatasetContents) -> DatasetQuality:
    """Runs the dataset rules on what a run made.

    Args:
        output: where datasets are.
        name: of the dataset.
        version: that the run makes; older ones are what its measures are compared with.
        contents: what the run made.
    """
    members = [
        Member(
            conversation_id=item.conversation.conversation_id,
            messages=item.conversation.messages,
            end_reason=item.conversation.end_reason,
            seed_message=item.seed.message,
        )
        for item in contents.valid
    ]
    newest_first = list(islice(_qualities_before(output, name, version), EARLIER_VERSIONS))
    return assess(
        members,
        failed=len(contents.failed),
        invalid=len(contents.invalid),
        earlier=newest_first[::-1],
        settings=contents.settings.dataset_rules,
    )


def _qualities_before(output: str, name: str, version: str) -> Iterator[DatasetQuality]:
    """Reads those of the versions before, each of its newest revision, the newest version first.

    Versions that are not whole are skipped, and so are damaged ones: they are no reason to lose
    the new one.
    """
    read = set()
    for begun in reversed(revisions_begun(output, name)):
        if begun.version >= version or begun.version in read:
            continue
        place = revision_folder(output, name, begun) / MANIFEST_FILE
        if not place.exists():
            continue
        try:
            manifest = read_manifest(place)
        except UsageError:
            continue
        read.add(begun.version)
        yield manifest.quality
