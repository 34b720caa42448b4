"""The columns of `evaluation.parquet`: the contract with everyone who reads one."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duologue.conversation.messages import Message
from duologue.dataset.schema import described_field, schema_metadata
from duologue.evaluation.replies import FailedReply, ScoredReply, Side
from duologue.settings.participants import ParticipantSettings

SCORE_PREFIX = "score_"
"""Before a scorer's name in its column's."""

_ROWS_AT_ONCE = 2000

_COLUMNS = (
    described_field("next_turn_id", pa.string(), "As in `next_turns.parquet`, to be joined with."),
    described_field("conversation_id", pa.string(), "As in `conversations.parquet`."),
    described_field("seed_id", pa.string(), "As in `conversations.parquet`."),
    described_field("sample", pa.int32(), "As in `conversations.parquet`."),
    described_field("turn_index", pa.int32(), "Which turn the chatbot was to take, from 1."),
    described_field("side", pa.string(), "Whose reply it is: `candidate` or `baseline`."),
    described_field("chatbot", pa.string(), "Who replied, as in `conversations.parquet`."),
    described_field("chatbot_release_tag", pa.string(), "Like `chatbot`.", nullable=True),
    described_field("user_message", pa.string(), "The USER message that was to be answered."),
    described_field(
        "reference_reply",
        pa.string(),
        "What the version's chatbot replied. Null where the conversation ends with the USER "
        "message.",
        nullable=True,
    ),
    described_field(
        "reply",
        pa.string(),
        "What the chatbot replied. Empty where it said nothing, null where it failed.",
        nullable=True,
    ),
    described_field(
        "verdict",
        pa.string(),
        "`failed`: there is no reply. `regressed`: breaks a rule that the reference reply keeps, "
        "or is less similar to it than `min_similarity`. `changed`: is not the same. `same`: but "
        "for case, punctuation and white space. `without_reference`: there is nothing to compare "
        "with.",
    ),
    described_field(
        "broken_rules",
        pa.list_(pa.field("element", pa.string(), nullable=False)),
        "`refusal`, `empty`, `slow`; sorted. Empty where none.",
    ),
    described_field(
        "execution_id", pa.string(), "As in `conversations.parquet`, of the reply.", nullable=True
    ),
    described_field(
        "latency_ms",
        pa.int64(),
        "How long the call that succeeded took. Null where there is none, or it is not known.",
        nullable=True,
    ),
    described_field(
        "attempts",
        pa.int32(),
        "Calls made for the reply, the successful one included. Null where it failed or said "
        "nothing.",
        nullable=True,
    ),
    described_field(
        "error_class", pa.string(), "The error it failed with, or null.", nullable=True
    ),
    described_field("reason", pa.string(), "That error in words, or null.", nullable=True),
)


def evaluation_schema(scorers: Iterable[str]) -> pa.Schema:
    """Lists the columns of an evaluation: the same for all, and one for each scorer."""
    scores = (
        described_field(
            f"{SCORE_PREFIX}{name}",
            pa.float64(),
            f"The score `{name}`, higher is better. Null where it cannot be told.",
            nullable=True,
        )
        for name in scorers
    )
    return pa.schema([*_COLUMNS, *scores], metadata=schema_metadata())


def write_evaluation_parquet(
    scored: Iterable[ScoredReply],
    chatbots: dict[Side, ParticipantSettings],
    scorers: Iterable[str],
    file: Any,
) -> int:
    """Writes one row a reply, in the order given; returns how many there are."""
    schema, count = evaluation_schema(scorers), 0
    rows = (_row(reply, chatbots[reply.side]) for reply in scored)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _row(scored: ScoredReply, chatbot: ParticipantSettings) -> dict[str, Any]:
    prefix, reply = scored.prefix, scored.reply
    return {
        "next_turn_id": prefix.next_turn_id,
        "conversation_id": prefix.conversation_id,
        "seed_id": prefix.seed.seed_id,
        "sample": prefix.sample,
        "turn_index": prefix.turn_index,
        "side": scored.side.value,
        "chatbot": chatbot.name,
        "chatbot_release_tag": chatbot.release_tag,
        "user_message": prefix.chat_history[-1].text,
        "reference_reply": prefix.reference and prefix.reference.text,
        "verdict": scored.verdict.value,
        "broken_rules": list(scored.broken_rules),
        **_reply_columns(reply),
        **{f"{SCORE_PREFIX}{name}": score for name, score in scored.scores.items()},
    }


def _reply_columns(reply: Message | FailedReply) -> dict[str, Any]:
    if isinstance(reply, FailedReply):
        return {"error_class": reply.error_class, "reason": _writable(reply.reason)}
    return {
        "reply": reply.text,
        "execution_id": reply.execution_id,
        "latency_ms": reply.latency_ms,
        "attempts": reply.attempts,
    }


def _writable(reason: str) -> str:
    """An error's text may hold half of a surrogate pair, of which its escape is written."""
    return reason.encode(errors="backslashreplace").decode()
