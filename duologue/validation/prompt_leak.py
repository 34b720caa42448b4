"""A rule on participants that reveal their prompt."""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import wording
from duologue.settings.rules import PROMPT_PHRASE_WORDS
from duologue.validation.rule import Expectations, Finding


def prompt_leak(
    messages: Sequence[Message],
    expected: Expectations,
    *,
    canaries: Collection[str] = (),
    prompt: str = "",
    prompt_phrase_words: int = PROMPT_PHRASE_WORDS,
) -> Iterator[Finding]:
    """Catches a canary string in any message, and a long phrase of the simulated user's prompt in
    a user message.

    A canary is a meaningless string that was put into a prompt in order to be found again; case
    does not matter. The seed message may be part of the prompt and is not checked. The rule is
    active only if canaries or a prompt file are set. Known false positives: a prompt with sentences
    for the user to say.
    """
    if not canaries and not prompt:
        return
    for index, message in enumerate(messages):
        text = message.text.casefold()
        if any(canary.casefold() in text for canary in canaries):
            yield Finding(index, f"the {message.role} message holds a canary string of a prompt")
        elif prompt and message.role is Role.USER and message.text != expected.seed_message:
            of_prompt = _phrases(prompt, prompt_phrase_words)
            if not of_prompt.isdisjoint(_phrases(message.text, prompt_phrase_words)):
                yield Finding(
                    index, f"the user says {prompt_phrase_words} words or more of the prompt"
                )


@lru_cache(maxsize=8)
def _phrases(text: str, length: int) -> frozenset[tuple[str, ...]]:
    """Returns every run of `length` words in a text."""
    words = wording(text).words
    return frozenset(words[i : i + length] for i in range(len(words) - length + 1))
