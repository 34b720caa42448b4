"""Which participant takes part, its inputs, and where its reply is found."""

import re
from enum import StrEnum
from typing import Annotated, Self

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import BaseModel, ConfigDict, Field, JsonValue

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
    PROMPT = "prompt"
    """A Prompt Deployment, on Vellum."""


class ParticipantMode(StrEnum):
    """What a participant is sent in each turn."""

    STATELESS = "stateless"
    """The whole chat history."""
    STATEFUL = "stateful"
    """Only the latest message. The Workflow keeps the conversation in its state, and each call
    continues from the execution before it."""


class PinnedRelease(BaseModel):
    """The release of a deployment that a run uses, as Vellum described it before the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release_id: str
    release_tag: str
    """The tag that is sent with every call; it stays with this release if Vellum has such a tag."""
    input_types: dict[str, str]
    """The input variables' types by name, as in `{"budget": "NUMBER"}`."""


class ParticipantInputs(Options):
    """A participant's inputs, and where its reply is found."""

    mode: ParticipantMode = ParticipantMode.STATELESS
    """`stateless` sends the whole chat history in each turn. `stateful` sends the latest message,
    and continues from the execution before."""
    history_input: str = "chat_history"
    """The input variable that takes the chat history, if stateless."""
    message_input: str = "user_message"
    """The text input variable that takes the latest message, if stateful."""
    trigger: str | None = None
    """The Workflow's chat trigger that takes the latest message instead of an input, if stateful;
    Vellum calls it `chat`. None if empty."""
    output: str = "final-output"
    """The output that holds the reply; final-output and final_output are the same. It is a STRING,
    a CHAT_HISTORY (its last ASSISTANT message), or JSON."""
    output_path: str | None = None
    """Where the reply is in an output of type JSON: a JMESPath such as `answer.text`. None if
    empty."""
    static_inputs: dict[str, JsonValue] = {}
    """Further inputs, the same for every call, by input name."""
    seed_inputs: dict[str, str] = {}
    """Further inputs taken from the seed: input name to seed column. `message`, `seed_id` and
    `conversation_id` are columns too."""


class ParticipantSettings(ParticipantInputs):
    """One participant: its reference, its inputs, and where its reply is found."""

    spelling: str
    """`NAME` or `NAME@release_tag`, with the name or id of a Workflow Deployment;
    `prompt:NAME[@release_tag]`, `local:package.module[:ClassName]`, or
    `python:package.module:function`. Checked by `parsed`, whose errors are in plain words."""
    pinned: PinnedRelease | None = None
    """The release that the run uses. None before the run has looked it up, if the API key may not
    read it, and for participants that are not on Vellum."""

    @classmethod
    def parsed(cls, spelling: str, inputs: ParticipantInputs | None = None) -> Self:
        """Parses a participant's reference as a person wrote it.

        Raises:
            UsageError: the reference is of no known kind, or an option does not fit it.
        """
        spelling = spelling.strip()
        settings = cls(spelling=spelling, **(inputs or ParticipantInputs()).model_dump())
        prefix, colon, _ = spelling.partition(":")
        if colon and prefix not in _PREFIXED:
            raise UsageError(
                f"participant {spelling!r}: unknown kind {prefix!r}; write NAME or "
                "NAME@release_tag for a Vellum Workflow Deployment, prompt:NAME for a Vellum "
                "Prompt Deployment, local:package.module for a Vellum Workflow in Python, or "
                "python:package.module:function"
            )
        if not _PATTERNS[settings.kind].fullmatch(spelling):
            raise UsageError(f"participant {spelling!r}: expected {_EXPECTED[settings.kind]}")
        settings._check_mode()
        settings._check_output_path()
        return settings

    def _check_mode(self) -> None:
        if self.mode is ParticipantMode.STATEFUL and self.kind not in _STATEFUL_KINDS:
            raise UsageError(
                f"participant {self.spelling!r}: mode is stateful, which only Workflows can be; "
                "leave the mode stateless"
            )
        if self.trigger is not None and self.mode is ParticipantMode.STATELESS:
            raise UsageError(
                f"participant {self.spelling!r}: trigger is {self.trigger!r}, but the mode is "
                "stateless; set the mode to stateful, or leave the trigger empty"
            )

    def _check_output_path(self) -> None:
        try:
            jmespath.compile(self.output_path or "@")
        except JMESPathError as error:
            reason = str(error).partition("\n")[0].rstrip(":")
            raise UsageError(
                f"participant {self.spelling!r}: output_path is {self.output_path!r}, which is not "
                f"a JMESPath ({reason}); write one as in answer.text"
            ) from None

    @property
    def kind(self) -> ParticipantKind:
        """Where it runs, as its reference says."""
        prefix, colon, _ = self.spelling.partition(":")
        return ParticipantKind(prefix) if colon else ParticipantKind.VELLUM

    @property
    def name(self) -> str:
        """The reference without a release tag: for a Workflow Deployment its name or id."""
        return self.spelling.partition("@")[0] if self.is_deployment else self.spelling

    @property
    def is_deployment(self) -> bool:
        """Whether it is a deployment on Vellum, of a Workflow or of a Prompt."""
        return self.kind in (ParticipantKind.VELLUM, ParticipantKind.PROMPT)

    @property
    def deployment(self) -> str:
        """A deployment's name or id, as Vellum has it."""
        return self.name.removeprefix(f"{ParticipantKind.PROMPT}:")

    @property
    def release_tag(self) -> str | None:
        """The deployment's release tag; None for its default and for the other kinds."""
        return self.spelling.partition("@")[2] or None if self.is_deployment else None

    @property
    def release_id(self) -> str | None:
        """The id of the release that the run uses; None if it is unknown."""
        return self.pinned.release_id if self.pinned else None


_PREFIXED = {ParticipantKind.LOCAL, ParticipantKind.PYTHON, ParticipantKind.PROMPT}
_STATEFUL_KINDS = {ParticipantKind.VELLUM, ParticipantKind.LOCAL}
_MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_PATTERNS = {
    ParticipantKind.VELLUM: re.compile(r"[^\s@:/]+(@[^\s@:]+)?"),
    ParticipantKind.PROMPT: re.compile(r"prompt:[^\s@:/]+(@[^\s@:]+)?"),
    ParticipantKind.LOCAL: re.compile(rf"local:{_MODULE}(:[^\W\d]\w*)?"),
    ParticipantKind.PYTHON: re.compile(rf"python:{_MODULE}:[^\W\d]\w*(\.[^\W\d]\w*)*"),
}
_EXPECTED = {
    ParticipantKind.VELLUM: "NAME or NAME@release_tag without spaces, as in support-bot@production",
    ParticipantKind.PROMPT: "prompt:NAME or prompt:NAME@release_tag, as in prompt:simulated-user",
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
    """Deadlines and retries of the calls for one reply."""

    timeout_seconds: Seconds = 120
    """How long one attempt may take, from its first byte sent to its last byte received."""
    max_attempts: Annotated[int, Field(ge=1)] = 5
    """The most calls for one reply, the first included."""
    deadline_seconds: Seconds = 300
    """How long one reply may take, with all attempts and the waits between them."""
    first_wait_seconds: Seconds = 1
    """The longest wait before the second attempt; it doubles with each further one."""
    longest_wait_seconds: Seconds = 30
    """The longest of these waits. A server that asks for a longer wait gets it."""
