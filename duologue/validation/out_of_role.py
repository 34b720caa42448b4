"""Rules on users who leave their role: they know of the simulation, or refuse as models do.

Users who serve have a file of their own, `role_flip.py`. The rules only look at the user's
messages: in an assistant's all of this is right. Case does not matter.
"""

from collections.abc import Iterable, Iterator, Sequence

from duologue.conversation.messages import Message, Role
from duologue.conversation.phrases import Phrases, plain
from duologue.conversation.refusals import is_refusal
from duologue.validation.role_phrases import AS_AN_AI, PhraseTables
from duologue.validation.rule import Expectations, Finding


def _any_of(*phrases: str, anchors: Iterable[str]) -> Phrases:
    """Any of the phrases, in small letters and with straight apostrophes, as whole words.

    The word's boundary stands before all of them, which is several times as fast as before each.
    """
    return Phrases(rf"\b(?:{'|'.join(phrases)})", anchors=anchors)


_AI = (
    r"(?:an? )?(?:ai|artificial intelligence|(?:large )?language model|llm|chat ?bot|virtual "
    r"assistant)(?: (?:language model|assistant|model|chatbot|program))?"
)
_FOURTH_WALL = _any_of(
    rf"as {_AI},? i\b(?! (?:expert|engineer|enthusiast))",
    rf"i(?:'m| am) (?:just |only |actually |really )?{_AI}(?=\s*[.,;!]|\s*$| (?:and|so|but|"
    r"that|which|created|designed|developed|trained|here)\b)",
    r"as (?:(?:the|a) simulated user|the user)(?: in this \w+)?, i (?:would|will|should|might)\b",
    r"as (?:the|a) (?:user|customer), i (?:would|will|should|might) (?:say|ask|respond|reply)\b",
    r"the (?:simulated )?(?:user|customer) (?:would|might|could|should) (?:say|respond|reply|ask|"
    r"answer)\b",
    r"(?:in|for|of|end) (?:this|the) (?:simulation|role-?play)\b|\bsimulated (?:user|customer)\b",
    r"(?:stay|staying|remain|remaining|break|breaking) (?:in|of|out of)? ?character\b",
    r"here(?:'s| is) (?:a|one|the|my|how (?:a|the)) (?:\w+ )?(?:possible |next )?(?:user|customer)"
    r"(?:'s)? (?:message|reply|response|turn|might|would|could)\b",
    r"my (?:system prompt|instructions (?:say|tell|are|require)|persona(?:'s)? (?:is|would))\b",
    anchors=(
        *(" ai", " artificial", "language model", "llm", "chatbot", "chat bot", " virtual a"),
        *("user, i", "customer, i", "as the user", "user in this", "user would", "user might"),
        *("user could", "user should"),
        *("customer would", "customer might", "customer could", "customer should"),
        *("simulat", "role-play", "roleplay", "character", "here's", "here is", "system prompt"),
        *("my instructions", "my persona"),
    ),
)

_SAYS_IT_IS_AN_AI = PhraseTables(AS_AN_AI)
_ABOUT_MODELS = ("intel", "model", "chatbot", "assist", "asist", " ki", "ia", " ai")
"""A text in ASCII without any of these does not say so."""

_SORRY = _any_of(r"sorry\b", r"i apologi[sz]e\b", anchors=("sorry", "i apologi"))
_POLICY = _any_of(
    r"(?:against|violates?|outside) (?:my|our|the) (?:guidelines|polic(?:y|ies)|programming)\b",
    r"(?:harmful|inappropriate|illegal|unethical|offensive) (?:content|behaviou?r|requests?|"
    r"activit(?:y|ies)|information)\b",
    r"is there (?:anything|something) else\b",
    anchors=(
        *("against ", "violate", "outside ", "harmful ", "inappropriate ", "illegal "),
        *("unethical ", "offensive ", "is there "),
    ),
)


def fourth_wall(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user who knows of the simulation: "As an AI, I", "In this simulation".

    Only the first person counts, so that "As an AI, you should know" is fine. Known false
    positives: users who talk about role play or about their own system prompt.
    """
    for index, message in _by_the_user(messages):
        if _FOURTH_WALL.search(message.text) or _says_it_is_an_ai(plain(message.text)):
            yield Finding(index, "the user speaks as a model, or of the simulation")


def assistant_refusal(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user who refuses as assistants do: "I'm sorry, but I can't assist with that".

    Two signs are needed: a refusal in an assistant's words, and an apology, a policy or an offer of
    something else. What the user cannot find, open or say does not count. Known false positives: a
    user who was asked for a favour and declines in just these words.
    """
    for index, message in _by_the_user(messages):
        if (_SORRY.search(message.text) or _POLICY.search(message.text)) and is_refusal(
            message.text
        ):
            yield Finding(index, "the user refuses in an assistant's words")


def _says_it_is_an_ai(text: str) -> bool:
    if text.isascii() and not any(part in text for part in _ABOUT_MODELS):
        return False
    return bool(_SAYS_IT_IS_AN_AI.found(text))


def _by_the_user(messages: Sequence[Message]) -> Iterator[tuple[int, Message]]:
    return ((i, message) for i, message in enumerate(messages) if message.role is Role.USER)
