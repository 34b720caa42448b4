"""Participants that say what the test tells them to."""

import asyncio
from collections.abc import Sequence

from duologue.conversation.messages import Message
from duologue.errors import DuologueError, TransientError
from duologue.participants.protocol import Reply, TurnContext


class ScriptedParticipant:
    """Replies with the next line of its script, and remembers what it was shown.

    `fail_at` is the call, counted from 1, that raises `error` instead of replying; a line is
    spoken only by a call that succeeds.
    """

    def __init__(
        self,
        lines: Sequence[str],
        fail_at: int | None = None,
        error: DuologueError | None = None,
    ) -> None:
        self._lines = iter(lines)
        self._fail_at = fail_at
        self._error = error or TransientError("scripted to fail")
        self.views: list[list[Message]] = []
        self.contexts: list[TurnContext] = []

    @property
    def calls(self) -> int:
        return len(self.views)

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        self.views.append(list(chat_history))
        self.contexts.append(context)
        await asyncio.sleep(0)
        if self.calls == self._fail_at:
            raise self._error
        return Reply(next(self._lines), execution_id=f"execution-{self.calls}", latency_ms=7)
