"""The columns of `evaluation.parquet`."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from duologue.conversation.messages import Message
from duologue.dataset.formats import write_parquet
from duologue.dataset.schema import (
    SCHEMA_METADATA,
    VERDICTS_FIELD,
    described_field,
    verdict_rows,
)
from duologue.evaluation.replies import FailedReply, ScoredReply, Side
from duologue.settings.participants import ParticipantSettings
from duologue.storage.text import encoded

SCORE_PREFIX = "score_"
"""A score's column is named after its scorer, with this in front."""

_COLUMNS = (
    described_field("next_turn_id", pa.string(), "As in `next_turns.parquet`; join on it."),
    described_field("conversation_id", pa.string(), "As in `conversations.parquet`."),
    described_field("seed_id", pa.string(), "As in `conversations.parquet`."),
    described_field("sample", pa.int32(), "As in `conversations.parquet`."),
    described_field("turn_index", pa.int32(), "Number of the chatbot's turn, from 1."),
    described_field("side", pa.string(), "Whose reply it is: `candidate` or `baseline`."),
    described_field("chatbot", pa.string(), "Who replied, as in `conversations.parquet`."),
    described_field("chatbot_release_tag", pa.string(), "Like `chatbot`.", nullable=True),
    described_field("user_message", pa.string(), "The USER message to answer."),
    described_field(
        "reference_reply",
        pa.string(),
        "The reply of the version's chatbot. Null if the conversation ends with the USER message.",
        nullable=True,
    ),
    described_field(
        "reply",
        pa.string(),
        "What the chatbot replied. Empty if it said nothing, null if it failed.",
        nullable=True,
    ),
    described_field(
        "verdict",
        pa.string(),
        "`failed`: there is no reply. `regressed`: has one of the `causes`. `changed`: is not the "
        "same. `same`: apart from case, punctuation and white space. `without_reference`: there is "
        "nothing to compare with.",
    ),
    described_field(
        "causes",
        pa.list_(pa.field("element", pa.string(), nullable=False)),
        "Why the reply regressed: `rule: NAME`, a rule that the reference reply keeps; "
        "`judge: CRITERION`; or `below the noise`. Empty if it did not.",
    ),
    described_field(
        "closeness",
        pa.float64(),
        "How similar the reply is to the most similar right reply: the reference reply, or a reply "
        "of the version's chatbot asked again. Null if the noise was not measured here.",
        nullable=True,
    ),
    described_field(
        "noise_closeness",
        pa.float64(),
        "The smallest closeness among the replies of the version's chatbot asked again. Null like "
        "`closeness`.",
        nullable=True,
    ),
    described_field(
        "broken_rules",
        pa.list_(pa.field("element", pa.string(), nullable=False)),
        "`refusal`, `empty`, `slow`; sorted. Empty if none.",
    ),
    described_field(
        "execution_id", pa.string(), "As in `conversations.parquet`, of the reply.", nullable=True
    ),
    described_field(
        "latency_ms",
        pa.int64(),
        "Duration of the successful call. Null if there is none, or it is unknown.",
        nullable=True,
    ),
    described_field(
        "attempts",
        pa.int32(),
        "Calls made for the reply, including the successful one. Null if it failed or said "
        "nothing.",
        nullable=True,
    ),
    described_field(
        "error_class", pa.string(), "The class of the error it failed with, or null.", nullable=True
    ),
    described_field("reason", pa.string(), "The error's message, or null.", nullable=True),
    VERDICTS_FIELD,
)


def evaluation_schema(scorers: Iterable[str]) -> pa.Schema:
    """Returns an evaluation's columns: the fixed ones, and one for each scorer."""
    scores = (
        described_field(
            f"{SCORE_PREFIX}{name}",
            pa.float64(),
            f"The score `{name}`; higher is better. Null if there is none.",
            nullable=True,
        )
        for name in scorers
    )
    return pa.schema([*_COLUMNS, *scores], metadata=SCHEMA_METADATA)


def write_evaluation_parquet(
    scored: Iterable[ScoredReply],
    chatbots: dict[Side, ParticipantSettings],
    scorers: Iterable[str],
    file: Any,
) -> int:
    """Writes one row per reply, in the given order, and returns their number."""
    rows = (_row(reply, chatbots[reply.side]) for reply in scored)
    return write_parquet(file, evaluation_schema(scorers), rows)


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
        "causes": list(scored.causes),
        "closeness": scored.closeness,
        "noise_closeness": scored.noise_closeness,
        "broken_rules": list(scored.broken_rules),
        **_reply_columns(reply),
        "verdicts": verdict_rows(scored.verdicts),
        **{f"{SCORE_PREFIX}{name}": score for name, score in scored.scores.items()},
    }


def _reply_columns(reply: Message | FailedReply) -> dict[str, Any]:
    if isinstance(reply, FailedReply):
        return {"error_class": reply.error_class, "reason": encoded(reply.reason).decode()}
    return {
        "reply": reply.text,
        "execution_id": reply.execution_id,
        "latency_ms": reply.latency_ms,
        "attempts": reply.attempts,
    }
