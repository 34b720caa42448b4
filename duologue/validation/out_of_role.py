"""Rules on users who leave their role: they serve, know of the simulation, or refuse as models do.

The rules only look at the user's messages: in an assistant's all of this is right. Case does not
matter. Most phrases are English; add a phrase or a language where it belongs.
"""

from collections.abc import Iterable, Iterator, Sequence

from duologue.conversation.messages import Message, Role
from duologue.conversation.phrases import Phrases
from duologue.conversation.refusals import is_refusal
from duologue.validation.rule import Expectations, Finding


def _any_of(*phrases: str) -> Phrases:
    """Any of the phrases, in small letters and with straight apostrophes, as whole words.

    The word's boundary stands before all of them, which is several times as fast as before each.
    """
    return Phrases(rf"\b(?:{'|'.join(phrases)})")


# Within a text that puts no spaces between words. What comes first keeps it off ASCII words.
_WITHIN = r"(?=[^\x00-\x7f])\w{0,30}"

_OFFER = _any_of(
    r"(?:how|what) (?:else )?(?:can|may|could) i (?:help|assist|do for) you\b",
    r"anything (?:else )?(?:that )?(?:i|we) can (?:help|assist|do for you)\b",
    r"i(?:'d| would|'ll| will|'m| am) (?:be )?(?:more than |always )?(?:happy|glad|here|ready) to "
    r"(?:help|assist|support)\b",
    r"i(?: can|'ll| will) (?:help|assist|support) you\b",
    # German, Spanish, French, Italian, Portuguese, Dutch, Russian, Chinese, Japanese, Korean
    r"(?:wie|womit) kann ich (?:ihnen|dir) (?:\w+ )?helfen\b",
    r"(?:en qué|cómo) (?:puedo|podemos) (?:ayudar|asistir)",
    r"(?:comment|en quoi) puis-je vous (?:aider|assister)\b",
    r"come posso (?:aiutar|esser)",
    r"(?:como|em que) posso (?:ajudar|ajudá)",
    r"(?:hoe|waarmee) kan ik (?:u|je) helpen\b",
    r"(?:чем|как) (?:я )?могу (?:вам )?помочь\b",
    rf"{_WITHIN}(?:可以帮[您你]|能帮[您你]|为您做些?什么|お手伝いできます|ご用件)|무엇을 도와",
)
"""Signal one: the user offers help."""

_SERVICE = _any_of(
    r"thank(?:s| you) for (?:contacting|reaching out|your (?:patience|understanding)|choosing)\b",
    r"apologi[sz]e for (?:any|the) (?:inconvenience|confusion|delay)\b",
    r"i (?:\w+ )?understand your (?:concern|frustration|situation|needs)\b",
    r"you(?:'re| are) (?:very |most |so )?welcome\b",
    r"i(?:'ve| have) (?:\w+ )?(?:processed|updated|cancell?ed|booked|issued|submitted|scheduled)"
    r" your\b",
    r"your (?:order|refund|return|booking|reservation|request) (?:has been|will be|is being)\b",
    r"(?:could|can|would|may|might) (?:you (?:please )?(?:provide|share|confirm)|i (?:please )?"
    r"(?:have|get|ask for)) (?:me (?:with )?)?your\b",
    # German, Spanish, French, Chinese, Japanese
    r"vielen dank für (?:ihre (?:geduld|anfrage|nachricht)|ihr verständnis)\b",
    r"gracias por (?:(?:su|tu) (?:paciencia|comprensión)|contactar)\b",
    r"(?:disculpe|lamento) las molestias\b",
    r"merci (?:pour|de) votre (?:patience|compréhension)\b|veuillez nous excuser",
    rf"{_WITHIN}(?:感谢您的(?:耐心|理解|联系)|不客气|带来的?不便|ご迷惑をおかけ)",
)
"""Signal two: the user speaks as someone who serves."""

_OPEN_DOOR = _any_of(
    r"(?:if|should) you (?:have|need|require|ever need) (?:any )?(?:\w+ )?(?:questions?|help|"
    r"assistance|support|anything)\b",
    r"feel free to (?:ask|reach|contact)\b",
    r"(?:don't|do not) hesitate to\b",
    # German, Spanish, French, Chinese, Japanese
    r"(?:wenn|falls|sollten) sie (?:noch )?(?:weitere )?(?:fragen|hilfe)\b",
    r"si (?:tiene|necesita) (?:alguna?|más|otra)\b|no dude en\b",
    r"si vous avez (?:d'autres|des|besoin)\b|n'hésitez pas à\b",
    rf"{_WITHIN}(?:您(?:还)?有\w{{0,6}}问题|随时(?:联系|告诉|问)我|お気軽に)",
)
"""Signal three: the user leaves the door open for the other's questions."""

_CUSTOMER = _any_of(
    r"i(?:'m| am)? (?:need|having|have) (?:some )?(?:help|trouble|a (?:question|problem)) (?:with|"
    r"about)\b",
    r"(?:can|could) you (?:please )?help me\b",
    r"i(?:'d like| would like| want|'m trying| need) to (?:return|cancel|order|book|buy|change) "
    r"(?:my|a|an|the)\b",
)
"""Signal four, in a neighbouring message of the assistant: it asks as a user does."""

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
)

_SORRY = _any_of(r"sorry\b", r"i apologi[sz]e\b")
_POLICY = _any_of(
    r"(?:against|violates?|outside) (?:my|our|the) (?:guidelines|polic(?:y|ies)|programming)\b",
    r"(?:harmful|inappropriate|illegal|unethical|offensive) (?:content|behaviou?r|requests?|"
    r"activit(?:y|ies)|information)\b",
    r"is there (?:anything|something) else\b",
)


def role_flip(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user who serves, as the assistant should: "How can I assist you today?".

    There are three signs: the message offers help, speaks as someone who serves ("Thank you for
    your patience"), or leaves the door open ("If you have any questions"). Two in one message
    suffice; so does one if the assistant's message before or after it asks as a user does, or if
    another of the user's messages offers help or leaves the door open too. Sources: CAMEL, arXiv
    2303.17760; "Echoing", arXiv 2511.09710. Known false positives: a user who reads such phrases
    back, or drafts a letter to customers.
    """
    offers: list[int] = []
    for index, message in _by_the_user(messages):
        offers_help = bool(_OFFER.search(message.text)) + bool(_OPEN_DOOR.search(message.text))
        signs = offers_help + bool(_SERVICE.search(message.text))
        if offers_help:
            offers.append(index)
        if signs > 1:
            yield Finding(index, "the user offers help and speaks as the assistant should")
        elif signs and _asks_as_a_user(messages[max(index - 1, 0) : index + 2]):
            yield Finding(index, "the user serves, and the assistant next to it asks for help")
        elif len(offers) > 1 and offers[-1] == index:
            yield Finding(index, "the user offers help for the second time")


def fourth_wall(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user who knows of the simulation: "As an AI, I", "In this simulation".

    Only the first person counts, so that "As an AI, you should know" is fine. Known false
    positives: users who talk about role play or about their own system prompt.
    """
    for index, message in _by_the_user(messages):
        if _FOURTH_WALL.search(message.text):
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


def _asks_as_a_user(neighbours: Iterable[Message]) -> bool:
    return any(
        message.role is Role.ASSISTANT and _CUSTOMER.search(message.text) for message in neighbours
    )


def _by_the_user(messages: Sequence[Message]) -> Iterator[tuple[int, Message]]:
    return ((i, message) for i, message in enumerate(messages) if message.role is Role.USER)
