"""What is known of a version's conversations as a whole, beside the versions before."""

from collections.abc import Sequence

from duologue.dataset.contents import DatasetContents
from duologue.validation.dataset_rules.assess import assess
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.quality import DatasetQuality


def quality_of(contents: DatasetContents, earlier: Sequence[DatasetQuality]) -> DatasetQuality:
    """Runs the dataset rules on what a run made.

    Args:
        contents: what the run made.
        earlier: of the versions before, which its measures are compared with; oldest first.
    """
    members = [
        DatasetConversation(
            conversation_id=item.conversation.conversation_id,
            messages=item.conversation.messages,
            end_reason=item.conversation.end_reason,
            seed_message=item.seed.message,
        )
        for item in contents.valid
    ]
    return assess(
        members,
        failed=len(contents.failed),
        invalid=len(contents.invalid),
        earlier=earlier,
        settings=contents.settings.dataset_rules,
    )
