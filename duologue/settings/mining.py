"""The settings of `duologue seeds mine`: what to read, what to replace, and what to choose."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from duologue.settings.options import AtLeastOne, OptionalReference, Options, Reference, Share
from duologue.settings.rules import PHONE_REGION


class Sampling(StrEnum):
    """How the seeds are chosen among the messages of the traffic."""

    COVERAGE = "coverage"
    """Those that together cover the most traffic."""
    WEIGHTED = "weighted"
    """At random, in proportion to how often each message occurs."""


class MiningSettings(Options):
    """How real traffic becomes seeds."""

    since: Annotated[str, Field(pattern=r"^\d+[hdw]$")] = "7d"
    """How far back executions are read: hours, days or weeks, as in `12h`, `7d` or `4w`."""
    release_tag: OptionalReference = None
    """Only executions that were requested with this release tag. All if empty."""
    history_input: OptionalReference = None
    """The input with the chat history. If empty, the one of type CHAT_HISTORY."""
    message_input: OptionalReference = None
    """The input with the user's latest message, if there is no chat history. If empty, the usual
    names are tried, then the only STRING input."""
    output: OptionalReference = None
    """The output with the reply, or with the chat history. If empty, the usual names are tried,
    then the only one."""
    session_metadata: tuple[str, ...] = ("conversation_id", "session_id", "thread_id", "chat_id")
    """Names in an execution's metadata that hold an id of the conversation. They tell conversations
    with equal text apart."""
    count: AtLeastOne = 100
    """The largest number of seeds to choose."""
    sample: Sampling = Sampling.COVERAGE
    """`coverage` chooses the seeds that together cover the most traffic, `weighted` chooses at
    random, in proportion to how often each message occurs."""
    failing_first: bool = False
    """Prefer conversations with an execution that failed, or that a metric or an actual marks as
    bad."""
    bad_below: Share = 0.5
    """The score of a metric, or the quality of an actual, below which an execution counts as
    bad."""
    random_seed: int = 1
    """Makes the invented values and the random choice repeatable."""
    own_patterns: dict[str, str] = {}
    """Further personal data to replace: a name to a regular expression, as in `{"member":
    "M-[0-9]{6}"}`. Its digits and letters are replaced by others."""
    name_fields: tuple[str, ...] = ()
    """Fields of a transcript, or inputs of an execution, that hold the user's name."""
    phone_region: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = PHONE_REGION
    """The country of phone numbers without a country code."""

    @model_validator(mode="after")
    def _check_patterns(self) -> Self:
        for name, pattern in self.own_patterns.items():
            try:
                found = re.compile(pattern)
            except re.error as error:
                raise ValueError(
                    f"own_patterns.{name} {pattern!r}: {error}; write a regular expression"
                ) from None
            if found.fullmatch(""):
                raise ValueError(
                    f"own_patterns.{name} {pattern!r}: also matches an empty text; write a pattern "
                    "with at least one character"
                )
        return self


class MineFiles(Options):
    """What is mined, and where the seeds go."""

    source: Reference = ""
    """A Workflow Deployment with real users, by its name or id; or a transcript file, a path or a
    URL."""
    output: Reference = "datasets/mined_seeds.csv"
    """The seed file to write, a .csv file, local or a URL. `real_conversations.jsonl` is written
    next to it."""
    overwrite: bool = False
    """Replace the files if they are there."""


class MineForm(MiningSettings, MineFiles):
    """The settings of mining as the flow takes them, and its form shows them."""
