"""Everything that Duologue raises on purpose, grouped by what the caller does about it.

    DuologueError
    ├── UsageError              say it and stop before anything runs (exit code 2)
    ├── IncompleteDatasetError  published, but not whole: retry what its manifest counts as missing
    ├── FailedEvaluationError   evaluated, but not good enough: look at what its manifest says
    ├── ExportError             not written, so not published; mend that and run again
    └── ParticipantError        a participant gave no usable reply
        ├── TransientError      ask again
        │   └── EmptyReplyError     it did reply, but said nothing
        ├── LostStateError      a stateful participant forgot it: start the conversation again
        ├── BudgetExhaustedError    not asked any more: run again, with the budget anew
        └── FatalError          asking again cannot help: the seed fails
            └── RunStoppingError    every other seed would meet the same: stop the run

Every one of them survives pickling, takes its message as its only positional argument, and
never holds an API key.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duologue.conversation.usage import Usage


class DuologueError(Exception):
    """The root of Duologue's errors. Its text is one message for a person: subject, value,
    what was expected, what to do.
    """


def fit_to_be_shown(error: Exception) -> str:
    """Tells an error in a log or a state: what we did not raise ourselves may quote a conversation,
    and is told by its class alone.
    """
    return str(error) if isinstance(error, DuologueError) else type(error).__name__


class UsageError(DuologueError):
    """What was asked for cannot be done as it was asked: a wrong path, name, number or spelling."""


class ExportError(DuologueError):
    """The dataset could not be written. No version was published and no conversation is lost."""


class UnsatisfactoryRunError(DuologueError):
    """A run wrote its result, but the result is not as good as it should be.

    `manifest` is what it wrote: `dataset.manifest.Manifest` or a subclass's own kind.
    """

    def __init__(self, message: str, manifest: Any) -> None:
        super().__init__(message, manifest)
        self.message = message
        self.manifest = manifest

    def __str__(self) -> str:
        return self.message


class ParticipantError(DuologueError):
    """A participant gave no usable reply."""

    usage: "Usage | None" = None
    """What the attempts used that were made in vain; None where that is not known."""


class TransientError(ParticipantError):
    """A participant gave no usable reply this time; asking again may help.

    `retry_after_seconds` is what the server asked callers to wait, None where it said nothing.
    """

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message, retry_after_seconds)
        self.message = message
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        return self.message


class EmptyReplyError(TransientError):
    """A participant replied, but said nothing; language models do, now and then."""


class LostStateError(ParticipantError):
    """A stateful participant no longer has the conversation that it should continue."""


class BudgetExhaustedError(ParticipantError):
    """A participant was not asked, because the run has spent its budget."""


class FatalError(ParticipantError):
    """A participant gave no usable reply, and asking the same again cannot help."""


class RunStoppingError(FatalError):
    """A participant cannot be used at all, so that every seed would fail for the same reason."""
