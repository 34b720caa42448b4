"""How a participant is named and fed: what the CLI, a flow's parameters and Python share."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, JsonValue

from duologue.errors import UsageError
from duologue.settings.options import Options, Seconds


class ParticipantKind(StrEnum):
    """Where a participant runs."""

    VELLUM = "vellum"
    """A Workflow Deployment, on Vellum."""
    LOCAL = "local"
    """A Vellum Workflow in Python, in this process."""
    PYTHON = "python"
    """Any Python function."""


class ParticipantInputs(Options):
    """What a participant's Workflow is given, and where its reply is found."""

    history_input: str = "chat_history"
    """The Workflow's input variable that takes the chat history."""
    output: str = "final-output"
    """The Workflow's output that holds the reply; final-output and final_output are the same."""
    static_inputs: dict[str, JsonValue] = {}
    """Further inputs, the same for every call, by the Workflow's input names."""
    seed_inputs: dict[str, str] = {}
    """Further inputs taken from the seed: the Workflow's input name to the seed column's."""


class ParticipantSettings(ParticipantInputs):
    """One participant: its spelling, and what its Workflow is given and asked for."""

    spelling: str
    """`NAME` or `NAME@release_tag`, `local:package.module[:ClassName]`, or
    `python:package.module:function`. Checked by `parsed`, not here, so that a wrong one is told
    in our own words."""

    @classmethod
    def parsed(cls, spelling: str, inputs: ParticipantInputs | None = None) -> Self:
        """Takes a spelling as a person wrote it.

        Raises:
            UsageError: the spelling is none of the three kinds.
        """
        spelling = spelling.strip()
        settings = cls(spelling=spelling, **(inputs or ParticipantInputs()).model_dump())
        prefix, colon, _ = spelling.partition(":")
        if colon and prefix not in (ParticipantKind.LOCAL, ParticipantKind.PYTHON):
            raise UsageError(
                f"participant {spelling!r}: unknown kind {prefix!r}; write NAME or "
                "NAME@release_tag for a Vellum Workflow Deployment, local:package.module for a "
                "Vellum Workflow in Python, or python:package.module:function"
            )
        if not _PATTERNS[settings.kind].fullmatch(spelling):
            raise UsageError(f"participant {spelling!r}: expected {_EXPECTED[settings.kind]}")
        return settings

    @property
    def kind(self) -> ParticipantKind:
        """Where it runs, as its spelling says."""
        prefix, colon, _ = self.spelling.partition(":")
        return ParticipantKind(prefix) if colon else ParticipantKind.VELLUM

    @property
    def name(self) -> str:
        """The Workflow Deployment's name; for the other kinds the whole spelling."""
        if self.kind is ParticipantKind.VELLUM:
            return self.spelling.partition("@")[0]
        return self.spelling

    @property
    def release_tag(self) -> str | None:
        """The Workflow Deployment's release tag; None for its default and for the other kinds."""
        if self.kind is ParticipantKind.VELLUM:
            return self.spelling.partition("@")[2] or None
        return None


_MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_PATTERNS = {
    ParticipantKind.VELLUM: re.compile(r"[^\s@:/]+(@[^\s@:]+)?"),
    ParticipantKind.LOCAL: re.compile(rf"local:{_MODULE}(:[^\W\d]\w*)?"),
    ParticipantKind.PYTHON: re.compile(rf"python:{_MODULE}:[^\W\d]\w*(\.[^\W\d]\w*)*"),
}
_EXPECTED = {
    ParticipantKind.VELLUM: "NAME or NAME@release_tag without spaces, as in support-bot@production",
    ParticipantKind.LOCAL: (
        "local:package.module, with :ClassName where the module has several Workflows, as in "
        "local:duologue.workflows.support_bot"
    ),
    ParticipantKind.PYTHON: (
        "python:package.module:function, as in python:my_chatbot:reply (the module's name, not "
        "its file's)"
    ),
}


class CallSettings(Options):
    """How long and how often a participant is asked for one reply."""

    timeout_seconds: Seconds = 120
    """How long one attempt may take, from its first byte sent to its last byte received."""
    max_attempts: Annotated[int, Field(ge=1)] = 5
    """How often the participant is asked at most, the first time included."""
    deadline_seconds: Seconds = 300
    """How long the whole call may take, with all its attempts and the waits between them."""
    first_wait_seconds: Seconds = 1
    """The longest wait before the second attempt; it doubles with each further one."""
    longest_wait_seconds: Seconds = 30
    """Where the doubling ends. A server that asks for more than this gets it."""
