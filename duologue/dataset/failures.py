"""What is not in a version, as programs read it: all that a rerun needs to make up for it."""

import json
from collections.abc import Iterable
from io import RawIOBase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from upath import UPath

from duologue.conversation.messages import Conversation
from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.seeds import Seed
from duologue.simulation import Draft
from duologue.storage.files import reason_of
from duologue.storage.locations import without_credentials

FAILURES_JSONL_FILE = "failures.jsonl"

Position = Annotated[int, Field(ge=0)]


class RejectedRowRecord(BaseModel):
    """A row of the seed file that could not be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["rejected_row"] = "rejected_row"
    file: str
    line: int
    reason: str


class FailedSeedRecord(BaseModel):
    """A conversation that could not be simulated, and how far it came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["failed_seed"] = "failed_seed"
    position: Position
    """Which of all conversations asked for it is, from 0, in the seed file's order."""
    seed: Seed
    sample: int
    error_class: str
    reason: str
    draft: Draft


class InvalidConversationRecord(BaseModel):
    """A conversation that was simulated and broke a rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["invalid_conversation"] = "invalid_conversation"
    position: Position
    seed: Seed
    broken_rules: tuple[str, ...]
    conversation: Conversation


FailureRecord = Annotated[
    RejectedRowRecord | FailedSeedRecord | InvalidConversationRecord, Field(discriminator="kind")
]
_FAILURE_RECORD: TypeAdapter[FailureRecord] = TypeAdapter(FailureRecord)


def failure_records(contents: DatasetContents) -> Iterable[FailureRecord]:
    """Lists all that is not in the dataset: rejected rows, failed seeds, invalid conversations."""
    samples = contents.settings.conversations_per_seed
    first = {seed.seed_id: index * samples for index, seed in enumerate(contents.seed_file.seeds)}
    for row in contents.seed_file.rejected:
        yield RejectedRowRecord(
            file=without_credentials(row.file), line=row.line, reason=row.reason
        )
    for failed in contents.failed:
        yield FailedSeedRecord(
            position=first[failed.seed.seed_id] + failed.sample - 1,
            seed=failed.seed,
            sample=failed.sample,
            error_class=failed.error_class,
            reason=failed.reason,
            draft=failed.draft,
        )
    for checked in contents.invalid:
        yield InvalidConversationRecord(
            position=first[checked.seed.seed_id] + checked.conversation.sample - 1,
            seed=checked.seed,
            broken_rules=checked.broken_rules,
            conversation=checked.conversation,
        )


def write_failures_jsonl(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes a JSON object a line, ASCII only; returns how many there are."""
    rows = 0
    for record in failure_records(contents):
        file.write(json.dumps(record.model_dump(mode="json")).encode() + b"\n")
        rows += 1
    return rows


def read_failure_records(path: UPath) -> list[FailureRecord]:
    """Reads a version's `failures.jsonl`.

    Raises:
        UsageError: it cannot be read, or is not what a version holds.
    """
    try:
        lines = path.read_bytes().splitlines()
        # Not `validate_json`, which refuses half of a surrogate pair.
        return [_FAILURE_RECORD.validate_python(json.loads(line)) for line in lines]
    except OSError as error:
        raise UsageError(
            f"{without_credentials(path)}: cannot be read: {reason_of(error)}"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise UsageError(
            f"{without_credentials(path)}: was not written by this Duologue, or was changed: "
            f"{where}: {first['msg']}"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{without_credentials(path)}: was cut off or changed: holds a line that is not JSON"
        ) from error
