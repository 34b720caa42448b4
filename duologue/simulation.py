"""The turn loop: two participants, one conversation."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from duologue.conversation.end_marker import split_end_marker
from duologue.conversation.farewells import closing_tail_length, is_farewell_loop
from duologue.conversation.messages import Conversation, EndReason, EndsWith, Message, Role
from duologue.conversation.usage import Usage, total
from duologue.errors import LostStateError, ParticipantError
from duologue.participants.protocol import Participant, Reply, TurnContext
from duologue.seeds import Seed
from duologue.settings.participants import ParticipantSettings
from duologue.settings.run import SimulationSettings
from duologue.tracing import note, span

GENERATOR_VERSION = "1"
"""Part of every conversation's key. Raise it when a change here makes different conversations from
the same seeds, participants and settings, so that no run mixes the two."""


@dataclass(frozen=True, slots=True)
class Participants:
    """Both sides of every conversation of a run, and the version that they talk for."""

    chatbot: Participant
    simulated_user: Participant
    dataset: str = ""
    version: str = ""


class Draft(BaseModel):
    """An unfinished conversation, with everything needed to resume it."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Message]
    started_at: datetime
    user_has_ended: bool = False
    """Whether the simulated user sent the end marker."""
    attempts: int = 0
    """Attempts in all runs; 1 if the first succeeded."""
    discarded: int = 0
    """Invalid conversations that were discarded before it."""
    usage: Usage | None = None
    """Usage of all its calls, including failed ones and those of discarded conversations."""
    opening: int = 1
    """How many messages it started with; a restart keeps them."""
    states: dict[Role, str] = {}
    """The states of stateful local Workflows after their last reply, by the role of that reply."""

    @classmethod
    def of(cls, seed: Seed) -> "Draft":
        """Starts a conversation with the seed's message, after its opening if it has one."""
        given = [*seed.scenario.opening, Message(role=Role.USER, text=seed.message)]
        return cls(messages=given, started_at=datetime.now(UTC), opening=len(given))

    def start_attempt(self) -> None:
        """Counts an attempt; the conversation starts with the first, not while it waited."""
        if self.attempts == 0:
            self.started_at = datetime.now(UTC)
        self.attempts += 1

    def restart(self) -> None:
        """Discards an invalid conversation; its attempts and its usage still count."""
        del self.messages[self.opening :]
        self.states.clear()
        self.started_at = datetime.now(UTC)
        self.user_has_ended = False
        self.discarded += 1


@dataclass(frozen=True, slots=True)
class FailedSeed:
    """A conversation that could not be simulated, and how far it got."""

    seed: Seed
    sample: int
    error_class: str
    reason: str
    draft: Draft
    """The messages so far; at least the seed message."""

    @property
    def conversation_id(self) -> str:
        """The id that the conversation would have had."""
        return conversation_id(self.seed, self.sample)


Outcome = Conversation | FailedSeed
"""What became of a requested conversation, before it is validated."""


async def simulate(
    draft: Draft,
    seed: Seed,
    sample: int,
    participants: Participants,
    settings: SimulationSettings,
    store: Callable[[], Awaitable[None]] | None = None,
) -> Conversation:
    """Lets the participants talk until the conversation ends.

    Args:
        draft: the conversation so far. It grows with each reply, so that the caller can resume it
            if this raises.
        seed: its message opens the conversation, or continues its opening.
        sample: which conversation of the seed this is, from 1.
        participants: the chatbot and the simulated user.
        settings: how long the conversation may be and how it ends.
        store: stores the draft; called before each call, so that no reply before it is lost.

    Raises:
        LostStateError: a participant no longer has the conversation; the draft is at its start.
        ParticipantError: a participant gave no usable reply.
    """
    with span(
        "conversation",
        gen_ai__conversation__id=conversation_id(seed, sample),
        duologue__dataset=participants.dataset or None,
        duologue__version=participants.version or None,
        duologue__seed_id=seed.seed_id,
        duologue__sample=sample,
        duologue__attempt=max(draft.attempts, 1),
    ) as traced:
        conversation = await _simulated(draft, seed, sample, participants, settings, store)
        note(
            traced,
            duologue__end_reason=conversation.end_reason,
            duologue__turns=_replies(conversation.messages[conversation.opening :]),
        )
        return conversation


async def _simulated(
    draft: Draft,
    seed: Seed,
    sample: int,
    participants: Participants,
    settings: SimulationSettings,
    store: Callable[[], Awaitable[None]] | None,
) -> Conversation:
    opening = len(seed.scenario.opening)
    while (end_reason := reason_to_end(draft, seed, settings)) is None:
        if store is not None:
            await store()
        if draft.messages[-1].role is Role.USER:
            context = _context(draft, seed, sample, participants, Role.ASSISTANT)
            reply = await _reply(participants.chatbot, draft.messages, context, draft)
            _add(draft, Role.ASSISTANT, reply.text, reply)
        else:
            view = swap_roles(draft.messages, settings.greeting)
            context = _context(draft, seed, sample, participants, Role.USER)
            reply = await _reply(participants.simulated_user, view, context, draft)
            text, draft.user_has_ended = split_end_marker(reply.text, settings.end_marker)
            if text or reply.content:
                _add(draft, Role.USER, text, reply)
    messages = draft.messages
    if end_reason is EndReason.FAREWELL_LOOP:
        said = without_farewell_tail(messages[opening:], settings.ends_with)
        messages = [*messages[:opening], *said]
    return Conversation(
        conversation_id=conversation_id(seed, sample),
        seed_id=seed.seed_id,
        sample=sample,
        messages=tuple(messages),
        end_reason=end_reason,
        started_at=draft.started_at,
        # If the clock was set back meanwhile, the conversation must not end before it started.
        ended_at=max(datetime.now(UTC), draft.started_at),
        attempts=draft.attempts,
        usage=draft.usage,
        opening=opening,
    )


def _context(
    draft: Draft, seed: Seed, sample: int, participants: Participants, role: Role
) -> TurnContext:
    """Says which reply is next, and which execution the same participant replied with last."""
    messages = draft.messages
    replies = _replies(messages[len(seed.scenario.opening) :])
    own = (message.execution_id for message in reversed(messages) if message.role is role)
    return TurnContext(
        seed,
        conversation_id(seed, sample),
        sample,
        turn=replies + 1 if role is Role.ASSISTANT else replies,
        side="chatbot" if role is Role.ASSISTANT else "simulated_user",
        dataset=participants.dataset,
        version=participants.version,
        attempt=max(draft.attempts, 1),
        previous_execution_id=next(own, None),
        previous_state=draft.states.get(role),
    )


async def _reply(
    participant: Participant, view: Sequence[Message], context: TurnContext, draft: Draft
) -> Reply:
    """Requests a reply, and adds its usage to the draft, also if it failed."""
    try:
        with span("turn", duologue__turn=context.turn, duologue__side=context.side):
            reply = await participant.reply(view, context)
    except ParticipantError as error:
        draft.usage = total([draft.usage, error.usage])
        if isinstance(error, LostStateError):
            draft.restart()
        raise
    draft.usage = total([draft.usage, reply.usage])
    return reply


def turns_of(seed: Seed, settings: SimulationSettings) -> int:
    """Returns how many turns a seed's conversations have at most."""
    return seed.scenario.max_turns or settings.turns


def reason_to_end(draft: Draft, seed: Seed, settings: SimulationSettings) -> EndReason | None:
    """Returns why the conversation has ended; None while it continues.

    If conversations end with ASSISTANT, a simulated user that leaves with a last message still
    gets an answer to it. The seed's opening ends no conversation and does not count as turns.
    """
    said = draft.messages[len(seed.scenario.opening) :]
    last = draft.messages[-1].role
    ends_here = last is Role[settings.ends_with.name]
    if draft.user_has_ended and (ends_here or settings.ends_with is EndsWith.USER):
        return EndReason.USER_ENDED
    if is_farewell_loop(said):
        return EndReason.FAREWELL_LOOP
    if _replies(said) >= turns_of(seed, settings) and ends_here:
        return EndReason.MAX_TURNS
    return None


def _replies(messages: Sequence[Message]) -> int:
    return sum(message.role is Role.ASSISTANT for message in messages)


def swap_roles(messages: Sequence[Message], greeting: str | None) -> list[Message]:
    """Returns the conversation as the simulated user sees it: its own messages are ASSISTANT.

    The greeting, if there is one, comes first as USER. Some prompt layers drop a leading ASSISTANT
    message, and the simulated user then forgets what it asked.
    """
    swapped = {Role.USER: Role.ASSISTANT, Role.ASSISTANT: Role.USER}
    view = [
        Message(role=swapped[message.role], text=message.text, content=message.content)
        for message in messages
    ]
    return [Message(role=Role.USER, text=greeting), *view] if greeting else view


def without_farewell_tail(messages: Sequence[Message], ends_with: EndsWith) -> list[Message]:
    """Trims a farewell loop to its first goodbye, or to its second if `ends_with` requires it.

    The seed message and the first reply always stay.
    """
    kept = len(messages) - closing_tail_length(messages) + 1
    if kept < len(messages) and messages[kept - 1].role is not Role[ends_with.name]:
        kept += 1
    return list(messages[: max(kept, 2)])


def conversation_id(seed: Seed, sample: int) -> str:
    """Returns a conversation's id: its seed's id and the sample."""
    return f"{seed.seed_id}-{sample}"


def conversation_key(
    seed: Seed,
    sample: int,
    chatbot: ParticipantSettings,
    simulated_user: ParticipantSettings,
    settings: SimulationSettings,
) -> str:
    """Hashes everything that shapes a conversation, as 64 hexadecimal digits.

    Settings that only decide how it is obtained (timeouts, concurrency) are left out.
    """
    parts = [model.model_dump(mode="json") for model in (seed, chatbot, simulated_user, settings)]
    content = json.dumps([GENERATOR_VERSION, sample, *parts], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _add(draft: Draft, role: Role, text: str, reply: Reply) -> None:
    if reply.state is not None:
        draft.states[role] = reply.state
    draft.messages.append(_message(role, text, reply))


def _message(role: Role, text: str, reply: Reply) -> Message:
    return Message(
        role=role,
        text=text,
        execution_id=reply.execution_id,
        latency_ms=reply.latency_ms,
        attempts=reply.attempts,
        usage=reply.usage,
        content=reply.content,
    )
