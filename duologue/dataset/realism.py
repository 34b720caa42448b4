"""How human the simulated users of a run are, measured before its version is written."""

from dataclasses import dataclass

from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.realism.measuring import Source, compare_users
from duologue.realism.reading import read_users
from duologue.realism.result import Realism
from duologue.realism.users import check_size, user_side
from duologue.settings.run import RunSettings


@dataclass(frozen=True, slots=True)
class RunRealism:
    """What was measured on a run; nothing if no file of real users is set."""

    measured: Realism | None = None
    problem: str | None = None
    """Why nothing could be measured, though a file is set."""


NOT_MEASURED = RunRealism()


def check_reference(settings: RunSettings) -> None:
    """Reads the file of real users, before anything is billed.

    Raises:
        UsageError: it cannot be read or holds too few conversations, or there is a gate for it and
            no file.
    """
    most = settings.gates.max_realism_auc
    if settings.realism.real is not None:
        source = read_users(settings.realism.real)
        check_size(source.users, source.name)
    elif most is not None:
        raise UsageError(
            f"gates.max_realism_auc is {most:g}, but realism.real is empty; name a file with "
            "conversations of real users there"
        )


def realism_of(contents: DatasetContents) -> RunRealism:
    """Compares the users of a run's valid conversations with real ones.

    A problem costs the run no conversation: it is returned, not raised.
    """
    real = contents.settings.realism.real
    if real is None:
        return RunRealism()
    try:
        return RunRealism(compare_users(_simulated(contents), read_users(real)))
    except UsageError as error:
        return RunRealism(problem=str(error))


def _simulated(contents: DatasetContents) -> Source:
    sides = [
        user_side(
            item.conversation.conversation_id,
            item.conversation.messages,
            range(len(item.conversation.messages)),
        )
        for item in contents.valid
    ]
    users = [side for side in sides if side is not None]
    return Source("the version", users, len(sides) - len(users))
