"""The user's side of conversations, in the form that is compared."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import ENOUGH_WORDS, wording
from duologue.errors import UsageError

LEAST_CONVERSATIONS = 50
"""The fewest of each side. With 50, the AUC's 95 % interval is about 0.11 to either side of 0.5;
with fewer it says nothing."""

LEAST_OPENINGS = 10
"""The fewest different first messages on each side. Conversations with the same one are alike, so
they are either all training data or all test data."""

MOST_CONVERSATIONS = 2_000
"""The most of each side. More would make the interval narrower than 0.02 and change no decision."""

SAME_SHARE = 0.5
"""From this share of conversations in common, two files are taken for the same conversations."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a user."""

    text: str
    position: int
    """Among all messages of its conversation, from 0."""
    answered: str | None
    """The chatbot's message before it; None if there is none."""
    answered_before: str | None
    """The chatbot's message before that one."""


@dataclass(frozen=True, slots=True)
class UserSide:
    """What one user said in one conversation."""

    id: str
    spoken: tuple[Spoken, ...]
    """At least one message."""
    domain: str | None = None
    """What the conversation is about, if its file says so."""
    is_cut: bool = False
    """Whether the user said more than is compared."""

    @property
    def group(self) -> str:
        """A key that is equal for conversations that belong together.

        Duplicates, samples of one seed, and a real conversation and those simulated from its first
        message all open with the same words. First messages of a few words, such as a greeting,
        are the same by chance: then all messages have to be.
        """
        opening = wording(self.spoken[0].text).words
        return " ".join(opening) if len(opening) >= ENOUGH_WORDS else self.everything

    @property
    def everything(self) -> str:
        """All that the user said, as one text."""
        return "\n".join(" ".join(wording(one.text).words) for one in self.spoken)


def user_side(
    id: str, messages: Sequence[Message], positions: Sequence[int], domain: str | None = None
) -> UserSide | None:
    """Returns the user's side of a conversation; None if one side says nothing.

    Args:
        id: the conversation's.
        messages: of both sides, in order.
        positions: of each message among all that its file has.
        domain: what the conversation is about, if known.
    """
    spoken: list[Spoken] = []
    replies: list[str] = []
    for message, position in zip(messages, positions, strict=True):
        if is_empty(message.text):
            continue
        if message.role is Role.ASSISTANT:
            replies.append(message.text)
            continue
        latest, before = [*reversed(replies[-2:]), None, None][:2]
        spoken.append(Spoken(message.text, position, latest, before))
    if not spoken or not replies:
        return None
    return UserSide(id, tuple(spoken), domain)


def comparable(
    simulated: Iterable[UserSide], real: Iterable[UserSide], names: tuple[str, str]
) -> tuple[list[UserSide], list[UserSide]]:
    """Returns two sides that can be compared fairly.

    Each has at most MOST_CONVERSATIONS, chosen by chance. A simulation stops after a number of
    turns, and people do not. So each conversation is compared only up to the length of the
    longest one on the shorter side.

    Args:
        simulated: the users to judge.
        real: the users to compare them with.
        names: of both, for errors.

    Raises:
        UsageError: a side is too small, or both are the same.
    """
    sides = (list(simulated), list(real))
    for side, name in zip(sides, names, strict=True):
        check_size(side, name)
    _check_difference(*sides, names)
    chosen = [_chosen(side) for side in sides]
    most = min(max(len(user.spoken) for user in side) for side in chosen)
    first, second = ([_up_to(most, user) for user in side] for side in chosen)
    if most < 2:
        name = min(zip(sides, names, strict=True), key=lambda pair: _longest(pair[0]))[1]
        raise UsageError(
            f"{name}: no user writes a second message; expected conversations in which users "
            "answer the chatbot"
        )
    return first, second


def digest(user: UserSide) -> bytes:
    """Returns a key that puts users in a random but reproducible order."""
    return hashlib.sha256(user.id.encode("utf-8", "surrogatepass")).digest()


def check_size(side: Sequence[UserSide], name: str) -> None:
    """Checks that a side is large enough.

    Raises:
        UsageError: it is not; says how many conversations it needs.
    """
    if len(side) < LEAST_CONVERSATIONS:
        raise UsageError(
            f"{name}: holds {len(side)} conversations in which both sides say something; realism "
            f"needs at least {LEAST_CONVERSATIONS}"
        )
    openings = len({user.group for user in side})
    if openings < LEAST_OPENINGS:
        raise UsageError(
            f"{name}: its {len(side)} conversations open with only {openings} different messages; "
            f"realism needs at least {LEAST_OPENINGS}, so use more seeds"
        )


def _check_difference(
    simulated: Sequence[UserSide], real: Sequence[UserSide], names: tuple[str, str]
) -> None:
    first, second = ({user.everything for user in side} for side in (simulated, real))
    shared = len(first & second)
    if shared >= SAME_SHARE * min(len(first), len(second)):
        raise UsageError(
            f"{names[0]} and {names[1]}: {shared} conversations are the same in both; expected "
            "simulated users in one and real users in the other"
        )


def _chosen(side: Sequence[UserSide]) -> list[UserSide]:
    if len(side) <= MOST_CONVERSATIONS:
        return list(side)
    kept = sorted(side, key=digest)[:MOST_CONVERSATIONS]
    return sorted(kept, key=lambda user: user.id)


def _longest(side: Sequence[UserSide]) -> int:
    return max(len(user.spoken) for user in side)


def _up_to(most: int, user: UserSide) -> UserSide:
    if len(user.spoken) <= most:
        return user
    return replace(user, spoken=user.spoken[:most], is_cut=True)
