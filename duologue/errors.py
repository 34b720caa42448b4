"""Everything that Duologue raises on purpose, grouped by what the caller does about it.

    DuologueError
    ├── UsageError              report it and stop before anything runs (exit code 2)
    │   └── SeveralDatasetsError    ask which dataset is meant
    ├── IncompleteDatasetError  written, but not complete: retry what its manifest lists as missing
    ├── FailedEvaluationError   evaluated, but not good enough: see its manifest
    ├── FailedComparisonError   compared, but not good enough: see its manifest
    ├── ExportError             not written, so not published: fix the cause and run again
    └── ParticipantError        a participant gave no usable reply
        ├── TransientError      call again
        │   ├── EmptyReplyError     it replied with an empty message
        │   └── RateLimitedError    its account allows fewer calls now: call again when it may
        ├── LostStateError      it forgot the conversation: start it again
        ├── BudgetExhaustedError    no longer called: run again with a new budget
        ├── NotTriedError           the run stopped early: fix the cause and retry it
        └── FatalError          calling again cannot help: the seed fails
            └── RunStoppingError    every other seed would fail the same way: stop the run

All of them survive pickling and never contain an API key.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duologue.conversation.usage import Usage


class DuologueError(Exception):
    """The root of Duologue's errors. Its text is one message for a person: subject, value,
    what was expected, what to do.

    The text is the first argument; further ones are for the caller. All of them are in `args`, so
    that the error survives pickling.
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


def safe_message(error: Exception) -> str:
    """Returns an error's text for a log or a state, without any text of a conversation.

    An error that Duologue did not raise may quote a conversation; for it, returns only the class.
    """
    return str(error) if isinstance(error, DuologueError) else type(error).__name__


class UsageError(DuologueError):
    """The request is wrong: a path, a name, a number or a reference."""


class SeveralDatasetsError(UsageError):
    """The command could mean several datasets; `names` lists them, sorted."""

    def __init__(self, message: str, names: tuple[str, ...]) -> None:
        super().__init__(message, names)
        self.names = names

    def __str__(self) -> str:
        return f"{self.args[0]} ({', '.join(self.names)}); choose one with --name"


class ExportError(DuologueError):
    """The dataset could not be written. No version was published and no conversation is lost."""


class UnsatisfactoryRunError(DuologueError):
    """A run wrote its result, but the result does not meet its requirements.

    `manifest` is what it wrote: `dataset.manifest.Manifest` or a subclass's own kind.
    """

    def __init__(self, message: str, manifest: Any) -> None:
        super().__init__(message, manifest)
        self.manifest = manifest


class ParticipantError(DuologueError):
    """A participant gave no usable reply."""

    usage: "Usage | None" = None
    """What the failed attempts used; None if unknown."""


class TransientError(ParticipantError):
    """A participant gave no usable reply this time; calling it again may help.

    `retry_after_seconds` is how long the server asks callers to wait; None if it does not say.
    """

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message, retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class EmptyReplyError(TransientError):
    """A participant replied with an empty message; language models sometimes do."""


class RateLimitedError(TransientError):
    """An account refused a call, because it allows fewer calls in flight, or per minute."""


class LostStateError(ParticipantError):
    """A stateful participant no longer has the conversation that it should continue."""


class BudgetExhaustedError(ParticipantError):
    """A participant was not called, because the run has spent its budget."""


class NotTriedError(ParticipantError):
    """A participant was not called, because the run stopped early."""


class FatalError(ParticipantError):
    """A participant gave no usable reply, and calling it again cannot help."""


class RunStoppingError(FatalError):
    """A participant cannot be used at all; every seed would fail for the same reason."""
