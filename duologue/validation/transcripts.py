"""Reading transcripts, and checking them: conversations in files, whatever made them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import PurePosixPath

from duologue.conversation.content import holds_only_calls, is_content, split_content
from duologue.conversation.messages import EndReason, Message, Role
from duologue.errors import UsageError
from duologue.seeds.columns import listed
from duologue.seeds.csv_rows import csv_rows
from duologue.seeds.seed import RejectedRow
from duologue.settings.rules import Severity
from duologue.storage.fetching import stored_bytes
from duologue.storage.locations import without_credentials
from duologue.storage.text import decoded_text, physical_lines
from duologue.validation.check import check_messages, rule_names
from duologue.validation.rule import Expectations, Rule, Violation
from duologue.validation.rules import RULES

MESSAGE_FIELDS = ("messages", "chat_history")
ID_FIELDS = ("conversation_id", "id", "task_id")
OWN_FIELDS = ("seed_message", "end_reason")
"""What only Duologue's own datasets have; with them more can be checked."""

UNREADABLE = "unreadable"
"""The name of the rule that a transcript breaks which cannot be read."""

ROWS_AT_ONCE = 500
"""Of a Parquet file: about 3 MB of conversations of 7 messages."""

_ROLES = {"USER": Role.USER, "ASSISTANT": Role.ASSISTANT}
_NOT_SAID = {"SYSTEM", "DEVELOPER", "TOOL", "FUNCTION"}
_TOOLS = {"TOOL", "FUNCTION"}


@dataclass(frozen=True, slots=True)
class Transcript:
    """One conversation as a file has it, without what neither side said to the other."""

    id: str
    """From the file's `conversation_id`, `id` or `task_id`; else where it stands, `FILE:line`."""
    messages: tuple[Message, ...]
    """Without system messages, tool results, and messages that hold nothing but tool calls. What
    an assistant says before and after its tool calls is one message."""
    positions: tuple[int, ...]
    """Where each message stands, or begins, among all that the file has; from 0."""
    expected: Expectations
    """What is known of it: something only where Duologue made the file."""
    unreadable: str | None = None
    """Why it could not be read; then it has no messages."""


@dataclass(frozen=True, slots=True)
class CheckedTranscript:
    """A transcript and the rules it breaks."""

    id: str
    violations: tuple[Violation, ...]
    """In message order. A `message_index` counts all messages that the file has, from 0."""

    @property
    def is_valid(self) -> bool:
        """Whether it breaks no rule of severity `invalid`."""
        return not rule_names(self.violations, Severity.INVALID)


def check_transcript(transcript: Transcript, rules: Sequence[Rule] = RULES) -> CheckedTranscript:
    """Runs rules on a transcript. One that cannot be read is invalid."""
    if transcript.unreadable is not None:
        found: tuple[Violation, ...] = (
            Violation(UNREADABLE, Severity.INVALID, None, transcript.unreadable),
        )
    else:
        found = check_messages(transcript.messages, transcript.expected, rules)
    return CheckedTranscript(
        transcript.id, tuple(_as_positioned(violation, transcript) for violation in found)
    )


def read_transcripts(path: str) -> Iterator[Transcript]:
    """Reads the conversations of a file, in its order, as they are asked for.

    A conversation is in the field or column `messages` or `chat_history`: a list of messages, or
    the JSON text of one, each with a `role` and a `content` (text, or OpenAI's list of parts) or
    `text`. A JSON value that is such a list by itself is a conversation too.

    Args:
        path: a local path or a URL that fsspec has a driver for; `.jsonl`, `.ndjson`, `.json` (an
            array of conversations, or one), `.csv` or `.parquet`.

    Yields:
        Every conversation; one that cannot be read says why, and does not stop the others.

    Raises:
        UsageError: the file as a whole cannot be read, or holds no conversation.
    """
    file = without_credentials(path)
    suffix = PurePosixPath(file).suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(
            f"{file}: its name does not tell what kind of file it is; expected it to end in "
            f"{', '.join(_FORMATS)}"
        )
    records = _FORMATS[suffix](stored_bytes(path), file)
    first = next(records, None)
    if first is None:
        raise UsageError(f"{file}: holds no conversations; expected one a line, row or element")
    for place, record in chain([first], records):
        yield _transcript(place, record)


def _from_lines(data: bytes, file: str) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(physical_lines(decoded_text(data, file)), 1):
        if line.strip():
            yield f"{file}:{number}", line


def _from_json(data: bytes, file: str) -> Iterator[tuple[str, object]]:
    try:
        value = _parsed(decoded_text(data, file))
    except ValueError as error:
        raise UsageError(
            f"{file}: {error}; if it has one object a line, let its name end in .jsonl"
        ) from error
    if not isinstance(value, list) or _is_message(next(iter(value), None)):
        value = [value]
    for number, record in enumerate(value, 1):
        yield f"{file}:{number}", record


def _from_csv(data: bytes, file: str) -> Iterator[tuple[str, object]]:
    rows = csv_rows(physical_lines(decoded_text(data, file)), ",", file)
    header = next(rows, None)
    if header is None:
        return
    if isinstance(header, RejectedRow):
        raise UsageError(f"{header}; without its header the file cannot be read")
    _check_columns(header.cells, file)
    for row in rows:
        if isinstance(row, RejectedRow):
            yield f"{file}:{row.line}", row
        elif len(row.cells) != len(header.cells):
            found = f"found {len(row.cells)} cells, expected {len(header.cells)} as in the header"
            yield f"{file}:{row.line}", RejectedRow(file, row.line, found)
        else:
            yield f"{file}:{row.line}", dict(zip(header.cells, row.cells, strict=True))


def _from_parquet(data: bytes, file: str) -> Iterator[tuple[str, object]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(data))
        names = table.schema_arrow.names
        _check_columns(names, file)
        wanted = [n for n in names if n in {*MESSAGE_FIELDS, *ID_FIELDS, *OWN_FIELDS}]
        number = 0
        for batch in table.iter_batches(ROWS_AT_ONCE, columns=wanted):
            for row in batch.to_pylist():
                number += 1
                yield f"{file}:{number}", row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file}: is no Parquet file, or a broken one ({error}); write it again"
        ) from error


_FORMATS: dict[str, Callable[[bytes, str], Iterator[tuple[str, object]]]] = {
    ".jsonl": _from_lines,
    ".ndjson": _from_lines,
    ".json": _from_json,
    ".csv": _from_csv,
    ".parquet": _from_parquet,
}


def _check_columns(names: Sequence[str], file: str) -> None:
    if not set(MESSAGE_FIELDS) & set(names):
        raise UsageError(
            f"{file}: has no column {' or '.join(map(repr, MESSAGE_FIELDS))} to hold the "
            f"conversations; its columns are {listed(names)}"
        )


def _transcript(place: str, record: object) -> Transcript:
    """Makes a transcript of whatever a file holds in one place."""
    if isinstance(record, RejectedRow):
        return Transcript(place, (), (), Expectations(), record.reason)
    try:
        fields = _fields(record)
    except ValueError as error:
        return Transcript(place, (), (), Expectations(), str(error))
    name = _id(fields) or place
    try:
        messages, positions = _messages(fields)
    except ValueError as error:
        return Transcript(name, (), (), Expectations(), str(error))
    return Transcript(name, messages, positions, _expectations(fields))


def _fields(record: object) -> Mapping[str, object]:
    value = _parsed(record) if isinstance(record, str) else record
    if isinstance(value, list):
        return {MESSAGE_FIELDS[0]: value}
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"is {_kind(value)}; expected an object with {' or '.join(MESSAGE_FIELDS)}")


def _id(fields: Mapping[str, object]) -> str | None:
    values = (fields.get(field) for field in ID_FIELDS)
    named = (str(v) for v in values if isinstance(v, str | int) and not isinstance(v, bool))
    return next((name for name in named if name and not _has_half_a_pair(name)), None)


def _expectations(fields: Mapping[str, object]) -> Expectations:
    seed_message, end_reason = (fields.get(field) for field in OWN_FIELDS)
    if isinstance(seed_message, str) and end_reason in list(EndReason):
        return Expectations(seed_message=seed_message, end_reason=EndReason(str(end_reason)))
    return Expectations()


def _messages(fields: Mapping[str, object]) -> tuple[tuple[Message, ...], tuple[int, ...]]:
    """Reads what the two sides said to each other, and where it stands."""
    value = next((v for f in MESSAGE_FIELDS if (v := fields.get(f)) is not None), None)
    value = _parsed(value) if isinstance(value, str) else value
    if not isinstance(value, list):
        raise ValueError(f"{' or '.join(MESSAGE_FIELDS)} is {_kind(value)}; expected a list")
    said: list[Message] = []
    positions: list[int] = []
    between_tools = False
    for position, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise ValueError(f"message {position} is {_kind(item)}; expected an object")
        role = str(item.get("role")).upper()
        if role in _NOT_SAID:
            between_tools |= role in _TOOLS
            continue
        text, content = _text(item, position), None
        if is_content(item.get("content")):
            text, content = split_content(text or None, item["content"])
        message = Message(role=_role(role, position), text=text, content=content)
        calls_tools = bool(item.get("tool_calls") or item.get("function_call"))
        calls_tools |= holds_only_calls(content)
        goes_on = between_tools and said and said[-1].role is message.role is Role.ASSISTANT
        if goes_on and message.text:
            said[-1] = Message(role=message.role, text=f"{said[-1].text}\n\n{message.text}")
        elif message.text.strip() or not calls_tools:
            said.append(message)
            positions.append(position)
        between_tools = calls_tools
    return tuple(said), tuple(positions)


def _role(name: str, position: int) -> Role:
    if name in _ROLES:
        return _ROLES[name]
    raise ValueError(f"message {position} has the role {name[:40]!r}; expected user or assistant")


def _text(item: Mapping[str, object], position: int) -> str:
    value = item.get("text") if isinstance(item.get("text"), str) else item.get("content")
    if is_content(value):  # Vellum's own format
        return split_content(None, value)[0]
    parts = value if isinstance(value, list) else [value]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    text = "\n".join(str(text) for text in texts if text is not None)
    if _has_half_a_pair(text):
        raise ValueError(f"message {position} holds half a surrogate pair, which is no character")
    return text


def _has_half_a_pair(text: str) -> bool:
    """Tells whether it holds half of a surrogate pair: JSON can spell it, no file can hold it."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and "role" in value


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON ({error})") from error
    except RecursionError as error:
        raise ValueError("is JSON nested too deeply to be a conversation") from error


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "missing"}
    return names.get(type(value), f"{json.dumps(value, default=str)[:40]}")


def _as_positioned(violation: Violation, transcript: Transcript) -> Violation:
    if violation.message_index is None:
        return violation
    return replace(violation, message_index=transcript.positions[violation.message_index])
