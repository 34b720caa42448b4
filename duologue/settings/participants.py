"""Which participant takes part, its inputs, and where its reply is found."""

import json
import re
from enum import StrEnum
from typing import Annotated, Self

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import Field, JsonValue

from duologue.errors import UsageError
from duologue.settings.options import OptionalReference, Options, Record, Seconds
from duologue.storage.fetching import stored_bytes
from duologue.storage.text import decoded_text


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
    OPENAI = "openai"
    """A language model behind OpenAI's API, or behind a server that has the same API."""
    METRIC = "metric"
    """A metric on Vellum; only a judge can be one."""
    ENDPOINT = "https"
    """Any chatbot with a URL that takes and returns JSON."""


class ParticipantMode(StrEnum):
    """What a participant is sent in each turn."""

    STATELESS = "stateless"
    """The whole chat history."""
    STATEFUL = "stateful"
    """Only the latest message. The Workflow keeps the conversation in its state, and each call
    continues from the execution before it."""


class PinnedRelease(Record):
    """The release of a deployment that a run uses, as Vellum described it before the run."""

    release_id: str
    release_tag: str
    """The tag that is sent with every call; it stays with this release if Vellum has such a tag."""
    input_types: dict[str, str]
    """The input variables' types by name, as in `{"budget": "NUMBER"}`."""


class Endpoint(Options):
    """How a chatbot behind a URL is called: with POST and a JSON body."""

    body: JsonValue = {"messages": "{{ messages }}"}
    """The JSON body. Its texts are Jinja templates; a text that is only `{{ name }}` becomes that
    value, with its type. `messages` is the conversation as OpenAI has it, `chat_history` as Vellum
    has it, `latest_message` its last text; `conversation_id`, `session` and the seed's columns are
    there too."""
    headers: dict[str, str] = {}
    """Headers that are no secret, by name."""
    headers_from_environment: dict[str, str] = {}
    """Secret headers: header name to the environment variable that holds the whole value, such as
    `Bearer …`."""
    session_path: str | None = None
    """Where the answer has the session's id: a JMESPath. The next call has it as `{{ session }}`,
    which is empty in the first. None if empty."""


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
    prompt_file: OptionalReference = None
    """The file with the system prompt of an `openai:` model: a Jinja template that may name seed
    columns. If empty, a simulated user has the bundled prompt, and a chatbot has none."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """The temperature of an `openai:` model; the model's own if empty. Many models that reason
    accept no other."""
    max_tokens: Annotated[int, Field(ge=1)] = 2000
    """The most tokens of one reply of an `openai:` model, with those that it spends on reasoning
    first."""
    endpoint: Endpoint = Endpoint()
    """How an `https://` chatbot is called."""


class ParticipantSettings(ParticipantInputs):
    """One participant: its reference, its inputs, and where its reply is found."""

    reference: str
    """`NAME` or `NAME@release_tag`, with the name or id of a Workflow Deployment;
    `prompt:NAME[@release_tag]`, `local:package.module[:ClassName]`,
    `python:package.module:function`, `openai:MODEL`, or a URL. Checked by `parsed`, whose errors
    are in plain words."""
    prompt: str | None = None
    """The text of `prompt_file` as the run read it; None if there is no such file."""
    pinned: PinnedRelease | None = None
    """The release that the run uses. None before the run has looked it up, if the API key may not
    read it, and for participants that are not on Vellum."""
    code: str | None = None
    """The SHA-256 of the code of a Python function or a local Workflow, where runs reuse what
    others made: for judges, and with `reuse_unchanged`. None otherwise."""
    takes_scenario: bool = False
    """Whether inputs named persona, goal, facts and so on are filled in from the seed: for the
    simulated user. A chatbot must not be shown them."""

    @classmethod
    def parsed(
        cls,
        reference: str,
        inputs: ParticipantInputs | None = None,
        *,
        takes_scenario: bool = False,
    ) -> Self:
        """Parses a participant's reference as a person wrote it.

        Args:
            reference: as it was written.
            inputs: what it receives, and where its reply is found.
            takes_scenario: whether it is the simulated user.

        Raises:
            UsageError: the reference is of no known kind, or an option does not fit it.
        """
        reference = reference.strip()
        options = (inputs or ParticipantInputs()).model_dump()
        settings = cls(reference=reference, takes_scenario=takes_scenario, **options)
        prefix, colon, _ = reference.partition(":")
        if colon and prefix not in _PREFIXED:
            raise UsageError(
                f"participant {reference!r}: unknown kind {prefix!r}; write NAME or "
                "NAME@release_tag for a Vellum Workflow Deployment, prompt:NAME for a Vellum "
                "Prompt Deployment, local:package.module for a Vellum Workflow in Python, "
                "python:package.module:function, openai:MODEL for a language model, or https://… "
                "for a chatbot with a URL"
            )
        if not _PATTERNS[settings.kind].fullmatch(reference):
            raise UsageError(f"participant {reference!r}: expected {_EXPECTED[settings.kind]}")
        if settings.kind is ParticipantKind.METRIC and not settings.is_judge:
            raise UsageError(
                f"participant {reference!r}: a metric judges conversations and takes no part in "
                "them; name it in `judges`"
            )
        settings._check_mode()
        for option, path in (
            ("output_path", settings.output_path),
            ("endpoint.session_path", settings.endpoint.session_path),
        ):
            settings._check_path(option, path)
        return settings._with_prompt()

    def _with_prompt(self) -> Self:
        if not self.prompt_file:
            return self
        if self.kind is not ParticipantKind.OPENAI:
            raise UsageError(
                f"participant {self.reference!r}: prompt_file is {self.prompt_file!r}, but only an "
                "openai: model takes a system prompt; leave prompt_file empty"
            )
        text = decoded_text(stored_bytes(self.prompt_file), self.prompt_file)
        if not text.strip():
            raise UsageError(
                f"prompt_file {self.prompt_file}: is empty; write a system prompt, or leave the "
                "option empty"
            )
        return self.model_copy(update={"prompt": text})

    def _check_mode(self) -> None:
        if self.mode is ParticipantMode.STATEFUL and self.kind not in _STATEFUL_KINDS:
            raise UsageError(
                f"participant {self.reference!r}: mode is stateful, which only Workflows can be; "
                "leave the mode stateless"
            )
        if self.trigger is not None and self.mode is ParticipantMode.STATELESS:
            raise UsageError(
                f"participant {self.reference!r}: trigger is {self.trigger!r}, but the mode is "
                "stateless; set the mode to stateful, or leave the trigger empty"
            )

    def _check_path(self, option: str, path: str | None) -> None:
        try:
            jmespath.compile(path or "@")
        except JMESPathError as error:
            reason = str(error).partition("\n")[0].rstrip(":")
            raise UsageError(
                f"participant {self.reference!r}: {option} is {path!r}, which is not "
                f"a JMESPath ({reason}); write one as in answer.text"
            ) from None

    @property
    def is_judge(self) -> bool:
        """Whether its answer is a verdict on a conversation instead of the next message in it."""
        return False

    @property
    def sees_only_latest(self) -> bool:
        """Whether it is sent only the latest message: it knows what it was itself part of."""
        if self.kind is not ParticipantKind.ENDPOINT:
            return self.mode is ParticipantMode.STATEFUL
        templates = "".join(_TEMPLATE.findall(json.dumps(self.endpoint.body, ensure_ascii=False)))
        return _WHOLE_CONVERSATION.search(templates) is None

    @property
    def kind(self) -> ParticipantKind:
        """Where it runs, as its reference says."""
        prefix, colon, _ = self.reference.partition(":")
        if prefix == "http":
            return ParticipantKind.ENDPOINT
        return ParticipantKind(prefix) if colon else ParticipantKind.VELLUM

    @property
    def name(self) -> str:
        """The reference without a release tag: for a Workflow Deployment its name or id."""
        return self.reference.partition("@")[0] if self.is_deployment else self.reference

    @property
    def is_deployment(self) -> bool:
        """Whether it is on Vellum and has releases: a Workflow or Prompt Deployment, a metric."""
        return self.kind in _ON_VELLUM

    @property
    def deployment(self) -> str:
        """A deployment's name or id, as Vellum has it."""
        return self.name.rpartition(":")[2]

    @property
    def release_tag(self) -> str | None:
        """The deployment's release tag; None for its default and for the other kinds."""
        return self.reference.partition("@")[2] or None if self.is_deployment else None

    @property
    def release_id(self) -> str | None:
        """The id of the release that the run uses; None if it is unknown."""
        return self.pinned.release_id if self.pinned else None


_PREFIXED = {*ParticipantKind, "http"} - {ParticipantKind.VELLUM}
_ON_VELLUM = {ParticipantKind.VELLUM, ParticipantKind.PROMPT, ParticipantKind.METRIC}
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_WHOLE_CONVERSATION = re.compile(r"\b(messages|chat_history)\b")
_STATEFUL_KINDS = {ParticipantKind.VELLUM, ParticipantKind.LOCAL}
_MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_PATTERNS = {
    ParticipantKind.VELLUM: re.compile(r"[^\s@:/]+(@[^\s@:]+)?"),
    ParticipantKind.PROMPT: re.compile(r"prompt:[^\s@:/]+(@[^\s@:]+)?"),
    ParticipantKind.METRIC: re.compile(r"metric:[^\s@:/]+(@[^\s@:]+)?"),
    ParticipantKind.LOCAL: re.compile(rf"local:{_MODULE}(:[^\W\d]\w*)?"),
    ParticipantKind.OPENAI: re.compile(r"openai:[^\s]+"),
    # Without user name and password, which would be recorded with the run.
    ParticipantKind.ENDPOINT: re.compile(r"https?://[^\s/@?#]+(/[^\s@?#]*)?"),
    ParticipantKind.PYTHON: re.compile(rf"python:{_MODULE}:[^\W\d]\w*(\.[^\W\d]\w*)*"),
}
_EXPECTED = {
    ParticipantKind.VELLUM: "NAME or NAME@release_tag without spaces, as in support-bot@production",
    ParticipantKind.PROMPT: "prompt:NAME or prompt:NAME@release_tag, as in prompt:simulated-user",
    ParticipantKind.METRIC: "metric:NAME or metric:NAME@release_tag, as in metric:faithfulness",
    ParticipantKind.OPENAI: "openai:MODEL, as in openai:gpt-5-mini",
    ParticipantKind.ENDPOINT: (
        "a URL without user name, password and query, as in https://bot.example.com/chat; secrets "
        "belong in endpoint.headers_from_environment"
    ),
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
    """The longest of these waits. A server that requests a longer wait gets it."""
