"""Drafts as checkpoints: stored reply by reply, so that a crash repeats only the call in flight."""

import secrets
from collections.abc import Iterable

from duologue.conversation.messages import Message
from duologue.seeds import Seed
from duologue.simulation import Draft
from duologue.versions.checkpoints import Checkpoints

WORTH_STORING_MS = 20
"""Replies that took less are made again after a crash: a function or a Workflow in this process
replies within milliseconds, and storing each of its replies would take a good part of that."""


class DraftPart(Draft):
    """What a draft gained since the part before."""

    kept: int = 0
    """Messages of the parts before it that still count; `messages` has those after them."""
    writer: str = ""
    """Which process wrote it. Two write if one was given up but still runs."""


class GrowingDraft:
    """A draft that this process stores as it grows."""

    def __init__(self, draft: Draft, key: str, checkpoints: Checkpoints) -> None:
        """Wraps a draft; stores nothing yet.

        Args:
            draft: as it was read, or new.
            key: of its checkpoint.
            checkpoints: where it is stored.
        """
        self.draft = draft
        self._key = key
        self._checkpoints = checkpoints
        self._writer = secrets.token_hex(4)
        self._discarded = draft.discarded
        self._has_failed = False
        self._count = 0
        """Messages that this process has stored."""

    @property
    def is_worth_storing(self) -> bool:
        """Whether it has replies that are not stored, and that took a while.

        Not once the storage failed: the log would fill up, and the result is tried again.
        """
        if self._has_failed:
            return False
        added = self.draft.messages[self._kept :]
        return sum(message.latency_ms or 0 for message in added) >= WORTH_STORING_MS

    async def store(self) -> None:
        """Stores what it has gained.

        Raises:
            Exception: whatever the storage raises.
        """
        draft, kept = self.draft, self._kept
        added = {**dict(draft), "messages": draft.messages[kept:]}
        part = DraftPart.model_construct(**added, kept=kept, writer=self._writer)
        self._has_failed = True
        await self._checkpoints.append(self._key, part, whole=draft)
        self._has_failed = False
        self._discarded, self._count = draft.discarded, len(draft.messages)

    @property
    def _kept(self) -> int:
        """Messages that are stored and still count; none of a conversation that was discarded."""
        return self._count if self._discarded == self.draft.discarded else 0


async def read_draft(key: str, seed: Seed, checkpoints: Checkpoints) -> Draft:
    """Returns the draft of a conversation; a new one if none is stored.

    Raises:
        UsageError: the checkpoints cannot be read.
    """
    return await stored_draft(key, checkpoints) or Draft.of(seed)


async def stored_draft(key: str, checkpoints: Checkpoints) -> Draft | None:
    """Returns the draft stored under a key; None if there is none or it is damaged.

    Raises:
        UsageError: the checkpoints cannot be read.
    """
    return joined(await checkpoints.read_parts(key, DraftPart))


def joined(parts: Iterable[DraftPart]) -> Draft | None:
    """Joins the parts of a draft; None if there are none.

    A part that builds on a missing one counts as missing, too.
    """
    by_writer: dict[str, list[Message]] = {}
    draft = None
    for part in parts:
        before = by_writer.get(part.writer, [])
        if part.kept <= len(before):
            messages = by_writer[part.writer] = [*before[: part.kept], *part.messages]
            fields = part.model_dump(exclude={"messages", "kept", "writer"})
            draft = Draft(messages=messages, **fields)
    return draft
