"""What an evaluation works with: prefixes to answer, the replies to them, and how they fared."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from duologue.conversation.messages import Conversation, Message
from duologue.seeds import Seed
from duologue.settings.participants import ParticipantSettings

EVALUATION_VERSION = "1"
"""Part of every reply's key. Raise it when a change here makes a chatbot be asked otherwise."""


class Side(StrEnum):
    """Which of an evaluation's chatbots replied."""

    CANDIDATE = "candidate"
    """The one that is evaluated."""
    BASELINE = "baseline"
    """The one that it is compared with, where there is one."""


class Verdict(StrEnum):
    """How a reply compares with the reference reply, worst first."""

    FAILED = "failed"
    """There is no reply: every attempt failed."""
    REGRESSED = "regressed"
    """It breaks a rule that the reference reply keeps, or is less like it than it has to be."""
    CHANGED = "changed"
    """It says something else, or the same in other words."""
    SAME = "same"
    """It says the same; upper and lower case, punctuation and white space aside."""
    WITHOUT_REFERENCE = "without_reference"
    """The conversation ends with the USER message, so that there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """A conversation of the version up to a USER message, for a chatbot to take the next turn."""

    next_turn_id: str
    """As in `next_turns.parquet`; distinct within the version."""
    conversation_id: str
    sample: int
    seed: Seed
    turn_index: int
    """Which turn the chatbot is to take, from 1."""
    chat_history: tuple[Message, ...]
    """Ends with the USER message."""
    reference: Message | None
    """What the version's chatbot replied; None where the conversation ends before that."""
    is_last: bool
    """Whether this is the conversation's last USER message."""


@dataclass(frozen=True, slots=True)
class FailedReply:
    """That a chatbot gave no usable reply, and why."""

    error_class: str
    reason: str


class KeptReply(BaseModel):
    """A reply as it is kept, for a run that is retried to find it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: Message


@dataclass(frozen=True, slots=True)
class ScoredReply:
    """One chatbot's reply to one prefix, compared with the reference reply."""

    prefix: Prefix
    side: Side
    reply: Message | FailedReply
    """A message's text may be empty: a chatbot that says nothing has replied, if badly."""
    scores: Mapping[str, float | None]
    """By scorer, higher is better. None where it cannot be told: without a reply, mostly without a
    reference reply, or where an own scorer failed."""
    broken_rules: tuple[str, ...]
    """Names of the rules that the reply breaks, sorted."""
    verdict: Verdict


def prefixes_of(conversations: Iterable[tuple[Seed, Conversation]]) -> Iterator[Prefix]:
    """Lists every prefix of conversations that ends with a USER message, in order."""
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
    """Digests all that makes a reply what it is, as 64 hexadecimal digits."""
    said = [[message.role.value, message.text] for message in prefix.chat_history]
    parts = [model.model_dump(mode="json") for model in (prefix.seed, chatbot)]
    content = json.dumps([EVALUATION_VERSION, said, *parts], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
