"""Prefixes to answer, the replies to them, and their verdicts."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from duologue.conversation.messages import Conversation, Message
from duologue.seeds import Seed
from duologue.settings.options import Record
from duologue.settings.participants import ParticipantSettings

EVALUATION_VERSION = "1"
"""Part of every reply's key. Raise it when a change alters what a chatbot receives."""


class Side(StrEnum):
    """Which of an evaluation's chatbots replied."""

    CANDIDATE = "candidate"
    """The chatbot under evaluation."""
    BASELINE = "baseline"
    """The chatbot to compare it with, if there is one."""
    NOISE = "noise"
    """The version's own chatbot, asked again to measure its noise. Its replies get no verdict."""


class Verdict(StrEnum):
    """How a reply compares with the reference reply, worst first."""

    FAILED = "failed"
    """No reply: every attempt failed."""
    REGRESSED = "regressed"
    """It has at least one cause to count as regressed; see `causes.py`."""
    CHANGED = "changed"
    """It differs from the reference reply in content or in words."""
    SAME = "same"
    """It is the same, apart from case, punctuation and white space."""
    WITHOUT_REFERENCE = "without_reference"
    """The conversation ends with the USER message, so there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """A conversation up to a USER message, which a chatbot is to answer."""

    next_turn_id: str
    """As in `next_turns.parquet`; unique within the version."""
    conversation_id: str
    sample: int
    seed: Seed
    turn_index: int
    """Which turn the chatbot is to take, from 1."""
    chat_history: tuple[Message, ...]
    """Ends with the USER message."""
    reference: Message | None
    """The reply of the version's chatbot; None if the conversation ends before it."""
    is_last: bool
    """Whether this is the conversation's last USER message."""


@dataclass(frozen=True, slots=True)
class FailedReply:
    """Why a chatbot gave no usable reply."""

    error_class: str
    reason: str


class KeptReply(Record):
    """A stored reply, which a retried run finds again."""

    message: Message


@dataclass(frozen=True, slots=True)
class ScoredReply:
    """One chatbot's reply to one prefix, compared with the reference reply."""

    prefix: Prefix
    side: Side
    reply: Message | FailedReply
    """A message's text may be empty: saying nothing is a reply too, if a bad one."""
    scores: Mapping[str, float | None]
    """By scorer; higher is better. None if there is no score: no reply, usually no reference reply,
    or an own scorer failed."""
    broken_rules: tuple[str, ...]
    """The rules that the reply breaks, sorted."""
    verdict: Verdict
    causes: tuple[str, ...] = ()
    """Why it has regressed; empty if it has not."""
    closeness: float | None = None
    """How similar it is to the most similar right reply: the reference reply, or a reply of the
    version's chatbot asked again. None if the noise was not measured here."""
    noise_closeness: float | None = None
    """The smallest closeness of the replies of the version's chatbot asked again."""


def prefixes_of(conversations: Iterable[tuple[Seed, Conversation]]) -> Iterator[Prefix]:
    """Yields every prefix that ends with a USER message, in order."""
    for seed, conversation in conversations:
        turns = conversation.next_turns
        for turn in turns:
            yield Prefix(
                next_turn_id=turn.id,
                conversation_id=conversation.conversation_id,
                sample=conversation.sample,
                seed=seed,
                turn_index=turn.index,
                chat_history=turn.chat_history,
                reference=turn.reply,
                is_last=turn.index == len(turns),
            )


def reply_key(prefix: Prefix, chatbot: ParticipantSettings) -> str:
    """Returns a digest of everything that determines a reply, as 64 hexadecimal digits."""
    said = [[message.role.value, message.text] for message in prefix.chat_history]
    parts = [model.model_dump(mode="json") for model in (prefix.seed, chatbot)]
    content = json.dumps([EVALUATION_VERSION, said, *parts], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
