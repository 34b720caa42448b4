"""Datasets by chance: nights of a chatbot that stays as it is."""

from itertools import accumulate
from random import Random

from duologue.conversation.messages import EndReason, Message, Role
from duologue.validation.dataset_rules.conversation import DatasetConversation

_LETTERS = Random(7)
WORDS = ["".join(_LETTERS.choices("abcdefghijklmnoprstuvw", k=4 + i % 6)) for i in range(2_000)]
_FREQUENCIES = list(accumulate(1 / (rank + 3) for rank in range(len(WORDS))))
"""As in natural language, few words are most of what is said."""


def text(chance: Random, words: float) -> str:
    """A message of about so many words, a question now and then, and sometimes polite."""
    count = max(1, round(chance.lognormvariate(0, 0.5) * words))
    said = chance.choices(WORDS, cum_weights=_FREQUENCIES, k=count)
    please = ["please"] if chance.random() < 0.2 else []
    return " ".join([*said, *please]) + ("?" if chance.random() < 0.4 else ".")


def conversation(
    chance: Random, seed: int, user_words: float = 12, reply_words: float = 30, speed: float = 1
) -> DatasetConversation:
    """A conversation of three turns, or fewer where the user leaves."""
    turns = 3 if chance.random() < 0.7 else chance.randint(1, 2)
    messages = [Message(role=Role.USER, text=f"{WORDS[seed]} {WORDS[seed + 1]} {WORDS[seed + 2]}?")]
    for _ in range(turns):
        latency = round(chance.lognormvariate(7, 0.6) * speed)
        reply = Message(role=Role.ASSISTANT, text=text(chance, reply_words), latency_ms=latency)
        messages += [reply, Message(role=Role.USER, text=text(chance, user_words))]
    return DatasetConversation(
        conversation_id=f"s{seed}-1",
        messages=messages,
        end_reason=EndReason.MAX_TURNS if turns == 3 else EndReason.USER_ENDED,
        seed_message=messages[0].text,
    )


def night(
    number: int, conversations: int = 60, user_words: float = 12, speed: float = 1
) -> list[DatasetConversation]:
    """The conversations of one night, each of its own chance."""
    chance = Random(number)
    return [
        conversation(chance, seed, user_words=user_words, speed=speed)
        for seed in range(conversations)
    ]
