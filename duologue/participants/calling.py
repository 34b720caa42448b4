"""Requests a reply: each attempt is counted and timed, its usage added, its failure converted."""

import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from opentelemetry.trace import Span, SpanKind

from duologue.conversation.usage import Usage, total
from duologue.errors import ParticipantError
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Account
from duologue.participants.protocol import Reply
from duologue.participants.retries import with_retries
from duologue.settings.participants import CallSettings
from duologue.tracing import note, span

Answer = TypeVar("Answer")
AddUsage = Callable[[Usage], None]


@dataclass(frozen=True, slots=True)
class Caller:
    """How the calls of one participant are made."""

    participant: str
    """Its reference, for the errors."""
    call: CallSettings
    account: Account
    spending: Spending

    async def reply(
        self,
        request: Callable[[AddUsage], Awaitable[Answer]],
        read: Callable[[Answer], Reply],
        errors: tuple[type[Exception], ...] = (),
        failure: Callable[[Exception], ParticipantError] | None = None,
    ) -> Reply:
        """Requests a reply, again if it may help.

        Args:
            request: calls once. It passes on usage as soon as it is known, so that a call that
                fails afterwards counts as well.
            read: finds the reply in the answer.
            errors: what a call raises when it fails.
            failure: converts one of them.

        Returns:
            The reply, with its latency, attempts and usage.

        Raises:
            ParticipantError: no usable reply; with the usage of all attempts.
        """
        used: list[Usage] = []
        calls = itertools.count(1)

        def add(usage: Usage) -> None:
            used.append(usage)
            self.spending.add(usage)

        async def attempt() -> Reply:
            with span(
                "call",
                SpanKind.CLIENT,
                duologue__participant=self.participant,
                duologue__call=next(calls),
            ) as traced:
                before = len(used)
                try:
                    answered = await answered_once()
                finally:
                    _note_usage(traced, used[before:])
                note(traced, vellum__execution__id=answered.execution_id)
                return answered

        async def answered_once() -> Reply:
            started = time.monotonic()
            try:
                answer = await request(add)
            except errors as error:
                assert failure is not None
                converted = failure(error)
            else:
                latency_ms = round((time.monotonic() - started) * 1000)
                return replace(read(answer), latency_ms=latency_ms)
            # Out of the except clause, so that an SDK's error is not chained to ours: it holds the
            # whole request or answer and, at times, the key.
            raise converted

        try:
            reply, attempts = await with_retries(
                attempt, self.call, self.participant, self.account, self.spending
            )
        except ParticipantError as error:
            error.usage = total(used)
            raise
        return replace(reply, attempts=attempts, usage=total(used))


def _note_usage(traced: Span, used: Sequence[Usage]) -> None:
    if traced.is_recording() and (usage := total(used)):
        note(
            traced,
            gen_ai__usage__input_tokens=usage.input_tokens,
            gen_ai__usage__output_tokens=usage.output_tokens,
            gen_ai__response__model=", ".join(usage.models) or None,
        )
