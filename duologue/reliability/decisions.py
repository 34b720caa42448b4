"""What people decide about conversations: the file that the report's review mode downloads."""

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError
from upath import UPath

from duologue.conversation.messages import Message
from duologue.errors import UsageError
from duologue.reliability.sampling import Stratum
from duologue.settings.options import NotBlank, Record
from duologue.storage.files import describe_storage_error
from duologue.storage.locations import without_credentials

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class Kind(StrEnum):
    """What is wrong with a broken conversation; the review mode numbers them from 1, and 0."""

    ROLE_FLIP = "role_flip"
    REPETITION = "repetition"
    ECHO = "echo"
    BOTH_SIDES = "both_sides"
    INSTRUCTIONS = "instructions"
    CUT_OFF = "cut_off"
    NONSENSE = "nonsense"
    FOURTH_WALL = "fourth_wall"
    CONTRADICTION = "contradiction"
    OTHER = "other"


KINDS = {
    Kind.ROLE_FLIP: "a side acts as the other",
    Kind.REPETITION: "a side repeats itself, or both loop",
    Kind.ECHO: "a side repeats what the other said",
    Kind.BOTH_SIDES: "one message holds both sides",
    Kind.INSTRUCTIONS: "instructions, placeholders, stage directions or labels in the text",
    Kind.CUT_OFF: "a message or the conversation breaks off",
    Kind.NONSENSE: "text without sense",
    Kind.FOURTH_WALL: "the user says that it is simulated, or refuses to play",
    Kind.CONTRADICTION: "it contradicts itself, or its seed",
    Kind.OTHER: "something else",
}
"""What each kind means, in the order of its digit: 1 to 9, then 0."""


class Decision(Record):
    """What one reviewer decided about one conversation."""

    conversation_id: str
    text_sha256: Digest
    """Of the conversation's messages (`text_digest`): another text needs another decision."""
    broken: bool
    kinds: tuple[NotBlank, ...] = ()
    """What is wrong with it; empty if it is sound, or if the reviewer named nothing."""
    message_index: Count | None = None
    """The message that it concerns, from 0; None for the conversation as a whole."""
    decided_at: AwareDatetime
    stratum: Stratum
    """That it was drawn from."""
    inclusion_probability: Annotated[float, Field(gt=0, le=1)]
    """The reviewed share of its stratum when the file was downloaded."""
    weight: Annotated[float, Field(ge=1)]
    """Its inverse."""


AnyDecision = TypeVar("AnyDecision", bound=Decision)


class StratumRecord(Record):
    """How much of a stratum was reviewed."""

    stratum: Stratum
    conversations: Count
    """In the version."""
    reviewed: Count


class SkippedRecord(Record):
    """A conversation that the reviewer did not decide on."""

    conversation_id: str
    text_sha256: Digest


class DecisionsFile(Record):
    """The decisions of one reviewer about one version."""

    format: Literal["duologue-review"]
    format_version: Literal[1]
    dataset: str
    version: str
    revision: Annotated[int, Field(ge=1)]
    reviewer: NotBlank
    downloaded_at: AwareDatetime
    strata: tuple[StratumRecord, ...]
    decisions: tuple[Decision, ...]
    skipped: tuple[SkippedRecord, ...] = ()


def read_decisions(path: UPath) -> DecisionsFile:
    """Reads a file of decisions.

    Raises:
        UsageError: it is not there, or is not such a file; says what is wrong.
    """
    shown = without_credentials(path)
    try:
        return DecisionsFile.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"{shown}: not found") from error
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read: {describe_storage_error(error)}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(
            f"{shown}: is not a file of decisions: {where}: {first['msg']}; expected the JSON that "
            "the review mode of a version's report.html downloads"
        ) from error


def text_digest(messages: Sequence[Message]) -> str:
    """Returns the SHA-256 of a conversation's roles and texts, in hex."""
    said = [[message.role.value, message.text, message.content] for message in messages]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def newest(decisions: Sequence[AnyDecision]) -> list[AnyDecision]:
    """Keeps the newest decision about each conversation and text, sorted by id."""
    by_text: dict[tuple[str, str], AnyDecision] = {}
    for decision in sorted(decisions, key=lambda item: item.decided_at):
        by_text[decision.conversation_id, decision.text_sha256] = decision
    return [by_text[key] for key in sorted(by_text)]
