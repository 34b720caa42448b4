"""Which Vellum Test Suite a version is pushed to, or an evaluation runs."""

from enum import StrEnum

from duologue.settings.options import NotBlank, Options, Seconds


class CasePer(StrEnum):
    """How many test cases a conversation becomes."""

    CONVERSATION = "conversation"
    """One: its history up to its last USER message."""
    PREFIX = "prefix"
    """One for each USER message: the history up to it."""


class SuiteOptions(Options):
    """A Vellum Test Suite, and which of its cases a version becomes."""

    suite: NotBlank
    """The Test Suite's id or name. It must exist already; Vellum's API cannot create one."""
    per: CasePer = CasePer.CONVERSATION
    """What becomes a test case: a conversation up to its last USER message, or one prefix of it for
    each USER message."""
    input_name: str = "chat_history"
    """The Test Suite's input variable of type CHAT_HISTORY."""
    evaluation_name: str | None = None
    """The Test Suite's evaluation variable of type STRING for the chatbot's reply; no reply is
    sent if empty."""
    remove_gone: bool = False
    """Remove the dataset's test cases that the version no longer has."""


class SuiteRunSettings(Options):
    """A Vellum Test Suite that also measures the candidate's replies."""

    suite: NotBlank
    """The Test Suite's id or name. `duologue push-test-suite` must have made its cases from this
    dataset."""
    per: CasePer = CasePer.CONVERSATION
    """What became a test case when the version was pushed."""
    output_name: str = "output"
    """What the Test Suite's metrics call the reply."""
    deadline_seconds: Seconds = 1800
    """How long to wait for its metrics."""
