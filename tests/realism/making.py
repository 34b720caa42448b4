"""Small synthetic users with known differences."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from duologue.conversation.messages import Message, Role
from duologue.realism.users import UserSide, user_side

WORDS = (
    *("lamp", "order", "refund", "parcel", "kettle", "invoice", "delivery", "warranty", "toaster"),
    *("change", "return", "track", "cancel", "replace", "check", "send", "open", "find", "pay"),
)
REPLIES = ("It arrives on Monday.", "You can do that online.", "Which one do you mean?")


@dataclass(frozen=True)
class Manner:
    """With which probability a user's message shows each mark, and how long it is."""

    polite: float = 0.1
    exclaims: float = 0.05
    capital: float = 0.5
    end_mark: float = 0.5
    words: float = 8
    spread: float = 0.6
    polite_opening: float = 0.1
    messages: int = 4


REAL = Manner()


def text(chance: random.Random, manner: Manner, polite: float) -> str:
    count = max(2, round(chance.lognormvariate(0, manner.spread) * manner.words))
    said = " ".join(chance.choice(WORDS) for _ in range(count))
    if chance.random() < polite:
        said = f"{said} please"
    if chance.random() < manner.capital:
        said = said.capitalize()
    if chance.random() < manner.exclaims:
        return f"{said}!"
    return f"{said}." if chance.random() < manner.end_mark else said


def conversation(chance: random.Random, manner: Manner) -> tuple[Message, ...]:
    messages = []
    for number in range(manner.messages):
        polite = manner.polite if number else manner.polite_opening
        messages.append(Message(Role.USER, text(chance, manner, polite)))
        messages.append(Message(Role.ASSISTANT, chance.choice(REPLIES)))
    return tuple(messages)


def users(count: int, manner: Manner = REAL, seed: int = 0, prefix: str = "c") -> list[UserSide]:
    chance = random.Random(f"{seed} {prefix}")
    made = []
    for number in range(count):
        messages = conversation(chance, manner)
        side = user_side(f"{prefix}{number}", messages, range(len(messages)))
        assert side is not None
        made.append(side)
    return made


def write(path: Path, sides: Iterable[UserSide], **fields: str) -> str:
    """Writes users as a transcript file; a message of the chatbot follows each of theirs."""
    lines = []
    for user in sides:
        messages = []
        for one in user.spoken:
            messages.append({"role": "user", "content": one.text})
            messages.append({"role": "assistant", "content": "It arrives on Monday."})
        lines.append(json.dumps({"id": user.id, "messages": messages, **fields}))
    path.write_text("\n".join(lines))
    return str(path)
