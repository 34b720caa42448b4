"""The conversations of a report, packed so that a page with 10,000 of them opens quickly.

They are deflated JSON in base64, some hundred kilobytes a block. The page unpacks the entries of
its list when it opens, and a block of conversations when one of them is read or searched. Base64
has no character with a meaning in HTML, so every message stays text.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from duologue.conversation.content import shown_text
from duologue.conversation.messages import Message, Role
from duologue.conversation.usage import Usage
from duologue.dataset.contents import DatasetContents
from duologue.dataset.failures import FailedSeedRecord, InvalidConversationRecord, failures
from duologue.report.rendering import spoken
from duologue.seeds import Seed
from duologue.seeds.scenario import PERSONA_NAME
from duologue.settings.rules import Severity
from duologue.storage.text import encoded
from duologue.validation.check import CheckedConversation
from duologue.validation.rule import Violation

MOST_BYTES = 27_000_000
"""Of all blocks, so that the page stays below 30 MB, which browsers open and mail servers take."""

MOST_CONVERSATIONS = 20_000
"""An entry of the page's list takes about half a kilobyte of the browser's memory."""

MOST_CHARACTERS = 20_000
"""Of one message, some ten printed pages; the dataset's files have the rest."""

_CHARACTERS_IN_BLOCK = 250_000
"""A browser unpacks this much in about ten milliseconds."""

_CHARACTERS_IN_ENTRY = 160
"""How much of the seed message the list shows: two lines."""

_CHARACTERS_IN_WHY = 120
"""How much of what is wrong the list shows: two lines."""

_CHARACTERS_IN_CHIP = 60
"""How much of a persona or a goal the list and its filter show."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some conversations, packed for the page."""

    entries: str
    """What the list shows of each conversation and filters by."""
    conversations: str
    """Everything else, in the same order."""
    count: int


@dataclass(frozen=True, slots=True)
class _Packed:
    """One conversation as JSON."""

    entry: str
    conversation: str


def conversation_blocks(contents: DatasetContents) -> list[Block]:
    """Packs the conversations, worst first: failed, invalid, with a warning, valid.

    Each kind is in the seed file's order. What does not fit is left out.
    """
    blocks = []
    size = 0
    for batch in _batches(islice(_worst_first(contents), MOST_CONVERSATIONS)):
        block = Block(
            entries=deflated(item.entry for item in batch),
            conversations=deflated(item.conversation for item in batch),
            count=len(batch),
        )
        block_size = len(block.entries) + len(block.conversations)
        if size + block_size <= MOST_BYTES:
            blocks.append(block)
            size += block_size
    return blocks


def _worst_first(contents: DatasetContents) -> Iterator[_Packed]:
    for failure in failures(contents):
        if isinstance(failure, FailedSeedRecord):
            yield _packed_failed(failure)
        elif isinstance(failure, InvalidConversationRecord):
            yield _packed_checked(failure, "invalid")
    for checked in contents.valid:
        if checked.warnings:
            yield _packed_checked(checked, "warning")
    for checked in contents.valid:
        if not checked.warnings:
            yield _packed_checked(checked, "valid")


def _packed_failed(failed: FailedSeedRecord) -> _Packed:
    messages = failed.draft.messages
    return _Packed(
        entry=json_text(
            {
                "id": failed.id,
                "kind": "failed",
                "seed": _cut(failed.seed.message, _CHARACTERS_IN_ENTRY),
                "turns": sum(
                    message.role is Role.ASSISTANT
                    for message in messages[len(failed.seed.scenario.opening) :]
                ),
                "end_reason": None,
                "rules": [],
                "why": _cut(f"{failed.error_class}: {failed.reason}", _CHARACTERS_IN_WHY),
                "latency_ms": _latency_ms(messages),
                "scenario": _chips(failed.seed),
            }
        ),
        conversation=json_text(
            {
                "seed_id": failed.seed.seed_id,
                "sample": failed.sample,
                "context": failed.seed.context,
                "started_at": _shown(failed.draft.started_at),
                "error_class": failed.error_class,
                "reason": failed.reason,
                "attempts": failed.draft.attempts,
                "messages": [_message(message) for message in messages],
                "opening": len(failed.seed.scenario.opening),
                "findings": [],
                "verdicts": [],
            }
        ),
    )


def _packed_checked(checked: CheckedConversation | InvalidConversationRecord, kind: str) -> _Packed:
    conversation = checked.conversation
    return _Packed(
        entry=json_text(
            {
                "id": conversation.conversation_id,
                "kind": kind,
                "seed": _cut(checked.seed.message, _CHARACTERS_IN_ENTRY),
                "turns": conversation.turn_count,
                "end_reason": conversation.end_reason,
                "rules": sorted({violation.rule for violation in checked.violations}),
                "why": _why(checked.violations),
                "latency_ms": _latency_ms(conversation.messages),
                "scenario": _chips(checked.seed),
            }
        ),
        conversation=json_text(
            {
                "seed_id": conversation.seed_id,
                "sample": conversation.sample,
                "context": checked.seed.context,
                "started_at": _shown(conversation.started_at),
                "attempts": conversation.attempts,
                "messages": [_message(message) for message in conversation.messages],
                "opening": conversation.opening,
                "findings": [
                    {
                        "rule": violation.rule,
                        "severity": violation.severity,
                        "message_index": violation.message_index,
                        "detail": violation.detail,
                    }
                    for violation in checked.violations
                ],
                "verdicts": [verdict.model_dump(mode="json") for verdict in checked.verdicts],
            }
        ),
    )


def _why(violations: Sequence[Violation]) -> str:
    """Says in a line what is worst about a conversation; nothing if it breaks no rule."""
    for severity in (Severity.INVALID, Severity.WARNING):
        for violation in violations:
            if violation.severity is severity:
                text = f"{spoken(violation.rule)}: {violation.detail}"
                return _cut(text, _CHARACTERS_IN_WHY)
    return ""


def _latency_ms(messages: Sequence[Message]) -> int:
    """Adds up how long the replies took."""
    return sum(message.latency_ms or 0 for message in messages)


def _chips(seed: Seed) -> dict[str, str]:
    """Returns what the list shows and filters by of a seed's scenario; only what the seed says."""
    scenario = seed.scenario
    values = {
        "persona": seed.context.get(PERSONA_NAME) or scenario.persona,
        "language": scenario.language,
        "goal": scenario.goal,
    }
    return {name: _cut(value, _CHARACTERS_IN_CHIP) for name, value in values.items() if value}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _message(message: Message) -> dict[str, Any]:
    text = shown_text(message)
    return {
        "role": message.role,
        "text": text[:MOST_CHARACTERS],
        "characters": len(text),
        "latency_ms": message.latency_ms,
        "attempts": message.attempts,
        "execution_id": message.execution_id,
        "tokens": _tokens(message.usage),
    }


def _tokens(usage: Usage | None) -> str | None:
    """Says how many tokens a call read and wrote; None if neither is known."""
    if usage is None:
        return None
    known = [(usage.input_tokens, "in"), (usage.output_tokens, "out")]
    said = [f"{count:,} {way}" for count, way in known if count is not None]
    return f"tokens: {', '.join(said)}" if said else None


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _batches(items: Iterable[_Packed]) -> Iterator[list[_Packed]]:
    batch: list[_Packed] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += len(item.conversation)
        if characters >= _CHARACTERS_IN_BLOCK:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def json_text(value: Any) -> str:
    """Writes a value as JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def deflated(items: Iterable[str]) -> str:
    """Packs JSON values as one array: deflated, in base64."""
    return base64.b64encode(zlib.compress(encoded(f"[{','.join(items)}]"))).decode()
