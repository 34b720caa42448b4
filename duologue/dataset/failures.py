"""What is not in a version, and why: failed seeds, invalid conversations, rejected rows.

`failures` is the only walk over them. `failures.csv`, `failures.jsonl`, the report, the table in
Prefect's UI and the terminal each show what it yields. `failures.jsonl` holds all that a rerun
needs to simulate them again.
"""

import json
from collections.abc import Iterator
from io import RawIOBase
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from upath import UPath

from duologue.conversation.messages import Conversation
from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.seeds import Seed
from duologue.settings.options import Record
from duologue.settings.rules import Severity
from duologue.simulation import Draft, conversation_id
from duologue.storage.files import describe_storage_error
from duologue.storage.locations import without_credentials
from duologue.validation.rule import Violation
from duologue.validation.verdict import Verdict

FAILURES_JSONL_FILE = "failures.jsonl"

Position = Annotated[int, Field(ge=0)]
"""Index among all conversations of the run, from 0, in the seed file's order."""


class RejectedRowRecord(Record):
    """A row of the seed file that could not be read."""

    kind: Literal["rejected_row"] = "rejected_row"
    file: str
    line: int
    reason: str

    @property
    def id(self) -> str:
        """File and line, as in `seeds.csv:14`."""
        return f"{self.file}:{self.line}"


class FailedSeedRecord(Record):
    """A conversation that could not be simulated, and how far it got."""

    kind: Literal["failed_seed"] = "failed_seed"
    position: Position
    seed: Seed
    sample: int
    error_class: str
    reason: str
    draft: Draft

    @property
    def id(self) -> str:
        """The id that the conversation would have had."""
        return conversation_id(self.seed, self.sample)


class InvalidConversationRecord(Record):
    """A conversation that was simulated and broke a rule."""

    kind: Literal["invalid_conversation"] = "invalid_conversation"
    position: Position
    seed: Seed
    broken_rules: tuple[str, ...]
    """Names of the rules of severity `invalid` that it breaks, sorted, each once."""
    violations: tuple[Violation, ...]
    """All findings, those of severity `warning` and `info` included, in message order."""
    conversation: Conversation
    verdicts: tuple[Verdict, ...] = ()
    """Of the judges that read it."""

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self.conversation.conversation_id

    @property
    def reason(self) -> str:
        """How it breaks the rules, and in which message."""
        return "; ".join(
            found.detail
            if found.message_index is None
            else f"message {found.message_index}: {found.detail}"
            for found in self.violations
            if found.severity is Severity.INVALID
        )


Failure = Annotated[
    RejectedRowRecord | FailedSeedRecord | InvalidConversationRecord, Field(discriminator="kind")
]
_FAILURE: TypeAdapter[Failure] = TypeAdapter(Failure)


def failures(contents: DatasetContents) -> Iterator[Failure]:
    """Yields all that is not in the dataset: failed seeds, invalid conversations, rejected rows.

    Each kind is in the seed file's order.
    """
    samples = contents.settings.conversations_per_seed
    first = {seed.seed_id: index * samples for index, seed in enumerate(contents.seed_file.seeds)}
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
            violations=checked.violations,
            conversation=checked.conversation,
            verdicts=checked.verdicts,
        )
    for row in contents.seed_file.rejected:
        yield RejectedRowRecord(
            file=without_credentials(row.file), line=row.line, reason=row.reason
        )


def write_failures_jsonl(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes one JSON object a line, ASCII only; returns how many there are."""
    rows = 0
    for record in failures(contents):
        file.write(json.dumps(record.model_dump(mode="json")).encode() + b"\n")
        rows += 1
    return rows


def read_failures(path: UPath) -> list[Failure]:
    """Reads a version's `failures.jsonl`.

    Raises:
        UsageError: it cannot be read, or is not a version's.
    """
    try:
        lines = path.read_bytes().splitlines()
        # Not `validate_json`, which refuses half of a surrogate pair.
        return [_FAILURE.validate_python(json.loads(line)) for line in lines]
    except OSError as error:
        raise UsageError(
            f"{without_credentials(path)}: cannot be read: {describe_storage_error(error)}"
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
