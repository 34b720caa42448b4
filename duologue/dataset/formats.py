"""The data files of a version: what each is called, and how it is written."""

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import RawIOBase
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duologue.conversation.messages import Message, unwritable_reason
from duologue.dataset.contents import DatasetContents
from duologue.dataset.failures import (
    FAILURES_JSONL_FILE,
    FailedSeedRecord,
    Failure,
    InvalidConversationRecord,
    RejectedRowRecord,
    failures,
    write_failures_jsonl,
)
from duologue.dataset.schema import (
    CONVERSATIONS_SCHEMA,
    NEXT_TURNS_SCHEMA,
    conversation_row,
    next_turn_rows,
)
from duologue.errors import ExportError
from duologue.participants.protocol import TurnContext, further_inputs
from duologue.settings.participants import ParticipantSettings
from duologue.validation.check import CheckedConversation

CONVERSATIONS_FILE = "conversations.parquet"
NEXT_TURNS_FILE = "next_turns.parquet"
FAILURES_FILE = "failures.csv"

CONVERSATIONS_CSV_COLUMNS = tuple(
    "chat_history" if name == "messages" else name for name in CONVERSATIONS_SCHEMA.names
)

FAILURES_CSV_COLUMNS = {
    "id": "The conversation's id; of a rejected row its file and line, as in `seeds.csv:14`.",
    "kind": "`failed_seed`: could not be simulated. `invalid_conversation`: was simulated and "
    "broke a rule. `rejected_row`: could not be read.",
    "seed_message": "The first user message. Empty for a rejected row.",
    "error_class": "The error that a failed seed ended with, or the names of the broken rules, "
    "sorted, separated by `, `. Empty for a rejected row.",
    "reason": "What went wrong, in words.",
    "attempts": "Number of attempts. Empty for a rejected row.",
    "chat_history": "The messages so far, as in `conversations.csv`. Empty for a rejected row.",
    "how_to_rerun": "What to do to get the conversation after all.",
}
"""Every column of failures.csv, and what it means."""

_ROWS_AT_ONCE = 500
"""A row group: 500 conversations of 7 messages are about 2.5 MB while they are laid out."""


def refuse_unwritable_text(conversations: Iterable[CheckedConversation]) -> None:
    """Checks every message before anything is written.

    Raises:
        ExportError: one cannot be written exactly; names the conversation and the message.
    """
    for checked in conversations:
        for index, message in enumerate(checked.conversation.messages):
            if reason := unwritable_reason(f"{message.text}{message.content or ''}"):
                raise ExportError(
                    f"conversation {checked.conversation.conversation_id}: message {index} "
                    f"({message.role}) holds {reason}, which Parquet and CSV readers do not return "
                    "as it is; fix the participant that sent it, and run again"
                )


def write_conversations_parquet(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes the valid conversations; returns how many there are."""
    rows = (_row(checked, contents) for checked in contents.valid)
    return write_parquet(file, CONVERSATIONS_SCHEMA, rows)


def write_conversations_csv(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes the same rows, lists as JSON and times in ISO 8601; returns how many there are."""
    valid = contents.valid
    _write_csv(file, CONVERSATIONS_CSV_COLUMNS, (_csv_row(item, contents) for item in valid))
    return len(valid)


def write_test_suite_csv(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes the file that a Vellum Test Suite is uploaded from; returns its rows.

    It has a column for each input of the chatbot, named as the input, and, if the Test Suite has a
    name for it, one for the reply. Each chat history ends with a USER message: a last word of the
    chatbot's is left out, because the Test Suite asks for it again.
    """
    valid, chatbot, suite = contents.valid, contents.settings.chatbot, contents.settings.test_suite
    inputs = [*chatbot.static_inputs, *chatbot.seed_inputs]
    reference = [suite.evaluation_name] if suite and suite.evaluation_name else []
    columns = [chatbot.history_input, *dict.fromkeys(inputs), *reference]
    _write_csv(file, columns, (_suite_row(item, chatbot, bool(reference)) for item in valid))
    return len(valid)


def _suite_row(
    checked: CheckedConversation, chatbot: ParticipantSettings, with_reply: bool
) -> list[object]:
    conversation = checked.conversation
    turn = conversation.next_turns[-1]
    inputs = further_inputs(chatbot, TurnContext(checked.seed, conversation.conversation_id))
    row: list[object] = [_chat_history(turn.chat_history)]
    row += (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for value in inputs.values()
    )
    return [*row, turn.reply.text if turn.reply else ""] if with_reply else row


def write_next_turns_parquet(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes each valid conversation up to each of its USER messages; returns the rows."""
    return write_parquet(file, NEXT_TURNS_SCHEMA, _next_turn_rows(contents))


def write_next_turns_jsonl(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes the same rows, a JSON object a line in ASCII, without Vellum's `chat_history`."""
    count = 0
    for row in _next_turn_rows(contents):
        del row["chat_history"]
        row["context"] = json.loads(row["context"])
        file.write(json.dumps(row).encode() + b"\n")
        count += 1
    return count


def write_failures_csv(contents: DatasetContents, file: RawIOBase) -> int:
    """Writes all that is not in the dataset, and why; returns the number of rows."""
    rows = [_failure_row(item, contents.how_to_rerun) for item in failures(contents)]
    # A failure may hold any text and must still be reported: half of a surrogate pair is written
    # as its escape, which JSON reads back, and a NUL outside of JSON as a replacement character.
    cells = ([str(cell).replace("\0", "\N{REPLACEMENT CHARACTER}") for cell in row] for row in rows)
    _write_csv(file, list(FAILURES_CSV_COLUMNS), cells, errors="backslashreplace")
    return len(rows)


def _failure_row(item: Failure, how_to_rerun: str) -> list[object]:
    messages: Sequence[Message]
    match item:
        case RejectedRowRecord():
            remedy = f"fix {item.id} and run `duologue generate` again"
            return [item.id, item.kind, "", "", item.reason, "", "", remedy]
        case FailedSeedRecord():
            cause, attempts, messages = item.error_class, item.draft.attempts, item.draft.messages
        case InvalidConversationRecord():
            conversation, cause = item.conversation, ", ".join(item.broken_rules)
            attempts, messages = conversation.attempts, conversation.messages
    history = _chat_history(messages)
    about = [item.id, item.kind, item.seed.message, cause, item.reason]
    return [*about, attempts, history, how_to_rerun]


WRITERS: Mapping[str, Callable[[DatasetContents, RawIOBase], int]] = {
    CONVERSATIONS_FILE: write_conversations_parquet,
    "conversations.csv": write_conversations_csv,
    "test_suite.csv": write_test_suite_csv,
    NEXT_TURNS_FILE: write_next_turns_parquet,
    "next_turns.jsonl": write_next_turns_jsonl,
    FAILURES_FILE: write_failures_csv,
    FAILURES_JSONL_FILE: write_failures_jsonl,
}
"""Every data file of a version, in the order they are written. A writer returns its rows."""


def _row(checked: CheckedConversation, contents: DatasetContents) -> dict[str, Any]:
    return conversation_row(checked, contents.settings)


def _next_turn_rows(contents: DatasetContents) -> Iterator[dict[str, Any]]:
    for checked in contents.valid:
        yield from next_turn_rows(checked, contents.settings)


def _csv_row(checked: CheckedConversation, contents: DatasetContents) -> list[object]:
    row = _row(checked, contents)
    row["messages"] = _chat_history(checked.conversation.messages)
    row["warnings"] = json.dumps(row["warnings"])
    row["verdicts"] = json.dumps(row["verdicts"], ensure_ascii=False)
    row["models"] = None if row["models"] is None else json.dumps(row["models"])
    row["started_at"] = row["started_at"].isoformat(timespec="microseconds")
    row["ended_at"] = row["ended_at"].isoformat(timespec="microseconds")
    return list(row.values())


def _chat_history(messages: Iterable[Message]) -> str:
    """The chat history as Vellum's JSON; nothing but quotes and control characters escaped."""
    return json.dumps(list(map(_chat_message, messages)), ensure_ascii=False)


def _chat_message(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"text": message.text, "role": message.role.value}
    if message.content is not None:
        said["content"] = json.loads(message.content)
    return said


def write_parquet(file: RawIOBase, schema: pa.Schema, rows: Iterator[dict[str, Any]]) -> int:
    """Writes rows in groups; returns how many there are."""
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _write_csv(
    file: RawIOBase,
    columns: Iterable[str],
    rows: Iterable[Sequence[object]],
    errors: str = "strict",
) -> None:
    """Writes RFC 4180, whose lines end with CRLF; a field's own line ends stay as they are.

    With lines that end with LF alone, Python's writer before 3.13 leaves a field with a lone CR
    unquoted, and readers then break the row there.
    """
    writer = csv.writer(codecs.getwriter("utf-8")(file, errors))
    writer.writerow(columns)
    writer.writerows(rows)
