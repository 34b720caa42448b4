"""The columns of a dataset: the contract with everyone who reads one."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

import pyarrow as pa

from duologue.conversation.messages import Message
from duologue.conversation.usage import Usage
from duologue.dataset.schema_version import SCHEMA_VERSION
from duologue.seeds.scenario import USER_INPUTS
from duologue.settings.run import RunSettings
from duologue.simulation import GENERATOR_VERSION
from duologue.validation.check import CheckedConversation
from duologue.validation.verdict import Verdict

SCHEMA_VERSION_KEY = b"duologue.schema_version"
"""Where a Parquet file's metadata holds the schema version."""

SCHEMA_METADATA = {SCHEMA_VERSION_KEY: SCHEMA_VERSION}
"""What every Parquet file of Duologue says in its metadata."""

USAGE_COLUMNS = tuple(field.name for field in fields(Usage))
"""The columns of a conversation, and the fields of a message, that hold its `Usage`."""


_UTC_TIME = pa.timestamp("us", tz="UTC")


def described_field(
    name: str, type_: pa.DataType, description: str, *, nullable: bool = False
) -> pa.Field:
    """Makes a column of a schema, with what it means in its metadata."""
    return pa.field(name, type_, nullable, metadata={"description": description})


def _usage_fields(of: str, more: str = "") -> list[pa.Field]:
    """The columns that a `Usage` is laid out as, after the columns of what they describe."""
    null = "Null if it was not recorded or is unknown."
    return [
        described_field(
            "input_tokens", pa.int64(), f"Input tokens of {of}{more}. {null}", nullable=True
        ),
        described_field(
            "output_tokens", pa.int64(), f"Output tokens of the same. {null}", nullable=True
        ),
        described_field(
            "cost_usd", pa.float64(), f"Their cost in US dollars. {null}", nullable=True
        ),
        described_field(
            "models",
            pa.list_(pa.field("element", pa.string(), nullable=False)),
            "Names of the language models that made them, sorted. Null if nothing was recorded.",
            nullable=True,
        ),
    ]


def _scenario_fields() -> list[pa.Field]:
    """The columns that say who the simulated user was to be."""
    meanings = {
        "persona": "Who the simulated user is",
        "goal": "What it wants to get done",
        "facts": "What it knows, as a JSON object of texts: the column `facts` and all `fact.*`",
        "expected_outcome": "What should have happened by the end",
        "language": "The language that it writes in",
    }
    return [
        described_field(
            name, pa.string(), f"{meanings[name]}. Null if the seed does not say.", nullable=True
        )
        for name in USER_INPUTS
    ]


_MESSAGE = pa.struct(
    [
        described_field("role", pa.string(), "`USER` or `ASSISTANT`. The chatbot is ASSISTANT."),
        described_field(
            "text", pa.string(), "The message, exactly. Empty only if `content` is not null."
        ),
        described_field(
            "content",
            pa.string(),
            "Vellum's content of the message as JSON, if it is more than text: images, documents, "
            "function calls. Null for text.",
            nullable=True,
        ),
        described_field(
            "execution_id",
            pa.string(),
            "Vellum's id of the Workflow execution. Null for the seed message and for "
            "participants that are not on Vellum.",
            nullable=True,
        ),
        described_field(
            "latency_ms",
            pa.int64(),
            "How long the call that succeeded took. Null for the seed message.",
            nullable=True,
        ),
        described_field(
            "attempts",
            pa.int32(),
            "Calls made for the message, the successful one included. Null for the seed message.",
            nullable=True,
        ),
        *_usage_fields("these calls"),
    ]
)

_VERDICT = pa.struct(
    [
        described_field("judge", pa.string(), "The judge's name, or its reference."),
        described_field("criterion", pa.string(), "What it judged, such as `goal_reached`."),
        described_field("passed", pa.bool_(), "Whether the conversation fulfils it."),
        described_field(
            "score",
            pa.float64(),
            "How well, from 0 to 1; the mean of the samples. Null if the judge gave none.",
            nullable=True,
        ),
        described_field("reason", pa.string(), "In the judge's words. Empty if it gave none."),
        described_field(
            "message",
            pa.int32(),
            "Index in `messages` of the message that it is about. Null for all of them.",
            nullable=True,
        ),
        described_field(
            "severity",
            pa.string(),
            "What it does if it is failed: `info`, `warning` or `invalid`.",
        ),
        described_field("samples", pa.int32(), "Answers that it is made of."),
        described_field(
            "agreement",
            pa.float64(),
            "The share of these, from 0 to 1, that pass or fail it as the majority does.",
        ),
    ]
)

VERDICTS_FIELD = described_field(
    "verdicts",
    pa.list_(pa.field("element", _VERDICT, nullable=False)),
    "What the judges said of it. Empty if none was asked, or none answered.",
)

CONVERSATIONS_SCHEMA = pa.schema(
    [
        described_field("conversation_id", pa.string(), "Distinct within the version."),
        described_field(
            "seed_id",
            pa.string(),
            "The seed. Distinct within its file, and the same when the file is reordered.",
        ),
        described_field("sample", pa.int32(), "Which conversation of its seed this is, from 1."),
        described_field(
            "seed_message", pa.string(), "The first user message, as the seed file has it."
        ),
        described_field(
            "messages",
            pa.list_(pa.field("element", _MESSAGE, nullable=False)),
            "All messages in order. The first is the seed message, or the first of the seed's "
            "opening.",
        ),
        described_field(
            "turn_count", pa.int32(), "Chatbot replies in it, apart from those of an opening."
        ),
        described_field(
            "end_reason",
            pa.string(),
            "`max_turns`: all turns were taken. `user_ended`: the simulated user ended it. "
            "`farewell_loop`: both sides were only saying goodbye, and that tail was trimmed.",
        ),
        described_field(
            "chatbot",
            pa.string(),
            "The Workflow Deployment's name; or `local:…` or `python:…` in full.",
        ),
        described_field(
            "chatbot_release_tag",
            pa.string(),
            "The Workflow Deployment's release tag. Null if none was named, and for `local:` "
            "and `python:`.",
            nullable=True,
        ),
        described_field(
            "chatbot_release_id",
            pa.string(),
            "The id of the release that the run used. Null if the API key may not read it, and for "
            "participants that are not on Vellum.",
            nullable=True,
        ),
        described_field("simulated_user", pa.string(), "Like `chatbot`."),
        described_field(
            "simulated_user_release_tag",
            pa.string(),
            "Like `chatbot_release_tag`.",
            nullable=True,
        ),
        described_field(
            "simulated_user_release_id",
            pa.string(),
            "Like `chatbot_release_id`.",
            nullable=True,
        ),
        described_field(
            "context",
            pa.string(),
            "The seed's other columns: a JSON object of strings, its keys sorted. `{}` if there "
            "are none.",
        ),
        described_field(
            "warnings",
            pa.list_(pa.field("element", pa.string(), nullable=False)),
            "Names of the rules of severity `warning` that it breaks, sorted. Empty if none.",
        ),
        described_field("started_at", _UTC_TIME, "When its first call was made."),
        described_field("ended_at", _UTC_TIME, "When its last message arrived."),
        described_field(
            "duration_ms",
            pa.int64(),
            "From `started_at` to `ended_at`, in whole milliseconds. Includes the pause before "
            "a retry.",
        ),
        described_field(
            "attempts",
            pa.int32(),
            "Number of attempts; 1 if the first succeeded.",
        ),
        described_field(
            "generator_version",
            pa.string(),
            "Version of the turn loop that made it. Another version may make other "
            "conversations from the same seeds.",
        ),
        *_usage_fields("all calls for it", ", including those for discarded messages"),
        VERDICTS_FIELD,
        described_field(
            "opening_messages",
            pa.int32(),
            "How many of the messages come before the seed message, from the seed's column "
            "`opening`. 0 if it has none.",
        ),
        *_scenario_fields(),
    ],
    metadata=SCHEMA_METADATA,
)


_CHAT_HISTORY_MESSAGE = pa.struct(
    [
        described_field("role", pa.string(), "`USER` or `ASSISTANT`."),
        described_field("text", pa.string(), "The message, exactly."),
        described_field("content", pa.string(), "As in `conversations.parquet`.", nullable=True),
    ]
)

_CHAT_MESSAGE = pa.struct(
    [
        described_field("role", pa.string(), "`user` or `assistant`."),
        described_field("content", pa.string(), "The message, exactly."),
    ]
)

NEXT_TURNS_SCHEMA = pa.schema(
    [
        described_field(
            "next_turn_id",
            pa.string(),
            "The conversation and the turn, as in `seed-2dfddfaef694-1-t2`. Distinct within the "
            "version.",
        ),
        described_field("conversation_id", pa.string(), "As in `conversations.parquet`."),
        described_field("seed_id", pa.string(), "As in `conversations.parquet`."),
        described_field("sample", pa.int32(), "As in `conversations.parquet`."),
        described_field("turn_index", pa.int32(), "Which turn the chatbot is to take, from 1."),
        described_field(
            "chat_history",
            pa.list_(pa.field("element", _CHAT_HISTORY_MESSAGE, nullable=False)),
            "The conversation up to and including the USER message to reply to, in Vellum's "
            "format.",
        ),
        described_field(
            "messages",
            pa.list_(pa.field("element", _CHAT_MESSAGE, nullable=False)),
            "The same in the format of OpenAI and Hugging Face.",
        ),
        described_field(
            "reference_reply",
            pa.string(),
            "The chatbot's reply to it in this conversation. Null if the conversation ends with "
            "the USER message.",
            nullable=True,
        ),
        described_field(
            "reference_latency_ms",
            pa.int64(),
            "How long that reply took. Null if there is none, or if unknown.",
            nullable=True,
        ),
        described_field(
            "chatbot", pa.string(), "Who gave the reference reply, as in `conversations.parquet`."
        ),
        described_field("chatbot_release_tag", pa.string(), "Like `chatbot`.", nullable=True),
        described_field("context", pa.string(), "As in `conversations.parquet`."),
    ],
    metadata=SCHEMA_METADATA,
)


def conversation_row(checked: CheckedConversation, settings: RunSettings) -> dict[str, Any]:
    """Lays a conversation out as one row of `CONVERSATIONS_SCHEMA`."""
    conversation = checked.conversation
    duration = conversation.ended_at - conversation.started_at
    scenario = checked.seed.scenario.texts
    return {
        "conversation_id": conversation.conversation_id,
        "seed_id": conversation.seed_id,
        "sample": conversation.sample,
        "seed_message": checked.seed.message,
        "messages": [_message_row(message) for message in conversation.messages],
        "turn_count": conversation.turn_count,
        "end_reason": conversation.end_reason.value,
        "chatbot": settings.chatbot.name,
        "chatbot_release_tag": settings.chatbot.release_tag,
        "chatbot_release_id": settings.chatbot.release_id,
        "simulated_user": settings.simulated_user.name,
        "simulated_user_release_tag": settings.simulated_user.release_tag,
        "simulated_user_release_id": settings.simulated_user.release_id,
        "context": _context(checked),
        "warnings": list(checked.warnings),
        "started_at": conversation.started_at,
        "ended_at": conversation.ended_at,
        "duration_ms": round(duration.total_seconds() * 1000),
        "attempts": conversation.attempts,
        "generator_version": GENERATOR_VERSION,
        **_usage_row(conversation.usage),
        "verdicts": verdict_rows(checked.verdicts),
        "opening_messages": conversation.opening,
        **{name: scenario.get(name) for name in USER_INPUTS},
    }


def verdict_rows(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Lays verdicts out as the column `verdicts`."""
    return [verdict.model_dump(mode="json") for verdict in verdicts]


def next_turn_rows(checked: CheckedConversation, settings: RunSettings) -> Iterator[dict[str, Any]]:
    """Lays a conversation out as rows of `NEXT_TURNS_SCHEMA`: one for each USER message."""
    conversation = checked.conversation
    for turn in conversation.next_turns:
        so_far, reply = turn.chat_history, turn.reply
        yield {
            "next_turn_id": turn.id,
            "conversation_id": conversation.conversation_id,
            "seed_id": conversation.seed_id,
            "sample": conversation.sample,
            "turn_index": turn.index,
            "chat_history": [
                {"role": item.role.value, "text": item.text, "content": item.content}
                for item in so_far
            ],
            "messages": [{"role": item.role.lower(), "content": item.text} for item in so_far],
            "reference_reply": reply and reply.text,
            "reference_latency_ms": reply and reply.latency_ms,
            "chatbot": settings.chatbot.name,
            "chatbot_release_tag": settings.chatbot.release_tag,
            "context": _context(checked),
        }


def _context(checked: CheckedConversation) -> str:
    return json.dumps(checked.seed.context, ensure_ascii=False, sort_keys=True)


def _message_row(message: Message) -> dict[str, Any]:
    return {
        "role": message.role.value,
        "text": message.text,
        "content": message.content,
        "execution_id": message.execution_id,
        "latency_ms": message.latency_ms,
        "attempts": message.attempts,
        **_usage_row(message.usage),
    }


def _usage_row(usage: Usage | None) -> dict[str, Any]:
    return dict.fromkeys(USAGE_COLUMNS) if usage is None else asdict(usage)


def columns_table(schema: pa.Schema = CONVERSATIONS_SCHEMA) -> str:
    """Describes every column, and every field within one, as a Markdown table."""
    lines = ["| column | type | null | meaning |", "|---|---|---|---|"]
    for name, field in _fields_within("", schema):
        null = "yes" if field.nullable else "no"
        description = field.metadata[b"description"].decode()
        lines.append(f"| `{name}` | {_type_name(field.type)} | {null} | {description} |")
    return "\n".join(lines)


def _fields_within(
    prefix: str, parent: "pa.Schema | pa.StructType"
) -> Iterator[tuple[str, pa.Field]]:
    for field in parent:
        yield prefix + field.name, field
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            yield from _fields_within(f"{prefix}{field.name}[].", field.type.value_type)


def _type_name(type_: pa.DataType) -> str:
    if pa.types.is_list(type_):
        return f"list of {_type_name(type_.value_type)}"
    return "struct" if pa.types.is_struct(type_) else str(type_)
