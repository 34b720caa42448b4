"""How much of the real traffic a run covers, measured before its version is written."""

from duologue.dataset.contents import DatasetContents
from duologue.traffic.coverage import Coverage, coverage, opening_of, read_real


def coverage_of(contents: DatasetContents) -> Coverage | None:
    """Compares the openings of a run's valid conversations with those of real ones.

    Returns:
        The coverage; None if `realism.real` names no file.

    Raises:
        UsageError: the file cannot be read, or none of its conversations opens with a user's text.
    """
    path = contents.settings.realism.real
    if path is None:
        return None
    openings = (opening_of(item.conversation.messages) for item in contents.valid)
    return coverage(read_real(path), [one for one in openings if one is not None])
