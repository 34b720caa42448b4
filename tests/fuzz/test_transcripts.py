"""Any transcript is checked, or said to be unreadable; and any file read, or refused."""

import io
import json
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from duologue.conversation.messages import Conversation, EndReason, EndsWith, Message, Role
from duologue.errors import UsageError
from duologue.seeds import Seed
from duologue.settings.rules import RuleSettings
from duologue.settings.run import SimulationSettings
from duologue.validation.check import check_conversation
from duologue.validation.loading import load_rules
from duologue.validation.transcripts import check_transcript, read_transcripts
from tests.fuzz.changing import JSON, TEXT, changed_bytes

PHRASES = st.sampled_from(
    [
        "[END]",
        "Bye!",
        "Thank you, goodbye.",
        "As an AI language model",
        "```python",
        "USER:",
        "{{ name }}",
        "<|im_start|>",
        "+1 202 555 0142",
        "4111 1111 1111 1111",
        "a@b.de",
        "  \n",
        "You are a customer who",
        "ok ok ok ok ok",
        "\u200b",
        "١٢٣",
        "🙂" * 9,
        "é" * 300,
    ]
)
SAID = st.lists(PHRASES | st.text(max_size=60), min_size=1, max_size=6).map(" ".join)
MESSAGES = st.lists(st.builds(Message, role=st.sampled_from(Role), text=SAID), max_size=9)
SETTINGS = st.builds(
    SimulationSettings,
    turns=st.integers(1, 5),
    ends_with=st.sampled_from(EndsWith),
    end_marker=st.sampled_from(["[END]", ".", "é", "(*"]),
)
WITH_EVERYTHING = load_rules(
    RuleSettings(canaries=("canary-7",), phone_region="US", severities={"verbose_user": "invalid"})
)
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@given(
    messages=MESSAGES, settings=SETTINGS, end=st.sampled_from(EndReason), first=SAID.filter(bool)
)
@example(messages=[], settings=SimulationSettings(), end=EndReason.MAX_TURNS, first="Hi")
def test_any_conversation_is_checked_the_same_each_time(
    messages: list[Message], settings: SimulationSettings, end: EndReason, first: str
) -> None:
    conversation = Conversation(
        conversation_id="s1-1",
        seed_id="s1",
        sample=1,
        messages=tuple(messages),
        end_reason=end,
        started_at=NOW,
        ended_at=NOW,
    )
    seed = Seed(seed_id="s1", message=first)
    once = check_conversation(conversation, seed, settings, WITH_EVERYTHING)
    assert check_conversation(conversation, seed, settings, WITH_EVERYTHING) == once
    for violation in once.violations:
        assert violation.message_index in (None, *range(len(messages)))


def in_file(data: bytes, suffix: str) -> None:
    """Reads and checks all there is; says so where there is no reading it."""
    with tempfile.TemporaryDirectory() as folder, suppress(UsageError):
        path = Path(folder) / f"transcripts{suffix}"
        path.write_bytes(data)
        for transcript in read_transcripts(str(path)):
            found = check_transcript(transcript)
            if transcript.unreadable is not None:
                assert not found.is_valid
            json.dumps([found.id, *(violation.detail for violation in found.violations)]).encode()
            f"{found.id}{transcript.unreadable}".encode()


MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "USER", "system", "tool"]) | JSON},
    optional={"content": SAID | JSON, "text": SAID | JSON, "tool_calls": JSON},
)
RECORD = (
    st.fixed_dictionaries(
        {"messages": st.lists(MESSAGE, max_size=5) | JSON},
        optional={
            "id": JSON,
            "chat_history": JSON,
            "end_reason": st.just("max_turns") | JSON,
            "seed_message": JSON,
        },
    )
    | st.lists(MESSAGE, max_size=5)
    | JSON
)


@given(records=st.lists(RECORD, max_size=4))
def test_any_json_is_read_or_refused(records: list[Any]) -> None:
    in_file("\n".join(map(json.dumps, records)).encode(), ".jsonl")
    in_file(json.dumps(records).encode(), ".json")


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet"])
@given(data=st.binary(max_size=80) | st.text('[]{}":,\\\n\r roletxcnmsg0é').map(str.encode))
@example(data=b"[" * 100_000)
@example(data=b'{"messages":' * 20_000)
@example(data=b"9" * 10_000)
@example(data=b'{"messages": [{"role": "user", "content": ' + b"9" * 5_000 + b"}]}")
def test_any_bytes_are_read_or_refused(suffix: str, data: bytes) -> None:
    in_file(data, suffix)


def parquet() -> bytes:
    file = io.BytesIO()
    said = [[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]]
    pq.write_table(pa.table({"id": ["a"], "messages": said}), file)
    return file.getvalue()


@given(data=changed_bytes(parquet()))
def test_a_damaged_parquet_file_is_read_or_refused(data: bytes) -> None:
    in_file(data, ".parquet")


@given(messages=st.lists(st.tuples(st.sampled_from(["user", "assistant"]), TEXT), min_size=1))
def test_what_a_csv_holds_of_transcripts_is_read_or_refused(
    messages: list[tuple[str, str]],
) -> None:
    said = json.dumps([{"role": role, "text": text} for role, text in messages])
    cell = '"' + said.replace('"', '""') + '"'
    in_file(f"chat_history\n{cell}\n".encode(), ".csv")
