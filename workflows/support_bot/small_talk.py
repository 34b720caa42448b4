"""What the shop's staff say when there is no question of the FAQ to answer."""

import re

THANKS = (
    "You're welcome!",
    "Any time. Enjoy your kitchen!",
    "My pleasure.",
    "Glad I could help.",
)
GOODBYE = (
    "Goodbye, and see you in the shop!",
    "Take care!",
    "Bye for now.",
)
HELLO = (
    "Hello! You've reached Kettle & Crumb. What would you like to know?",
    "Hi again. What's on your mind?",
    "Good to see you here. Ask away, about hours, returns, prices or anything else in the shop.",
)
HELP = (
    "Of course. What is it about: an order, a repair, a return, or something you'd like to buy?",
    "Sure, tell me what it is.",
)
WHO = (
    "I'm the shop's assistant, a small program that knows our price list and house rules. What "
    "can I look up for you?",
    "Still the shop's assistant, so no person, but I know the price list by heart.",
)
YES = (
    "Good. What exactly would you like to know?",
    "Fine. Tell me a little more, and I'll look it up.",
)
NO = (
    "All right. If something comes up, just write.",
    "No problem. I'm here if you need anything else.",
)
ENGLISH_ONLY = (
    "Sorry, I only speak English. Could you ask that in English?",
    "I'm afraid English is the only language I know. For others, please call 555-0142: Maren in "
    "the shop also speaks Spanish and German.",
    "I still can't read that, sorry. A few English words are enough, for example: refund, hours, "
    "warranty.",
)
NOT_UNDERSTOOD = (
    "Sorry, I didn't get that. What would you like to know: opening hours, returns, warranty, "
    "delivery, or something else?",
    "I'm still not sure what you mean. Could you put it another way, perhaps with the name of the "
    "appliance?",
    "I don't follow, I'm afraid. The team understands more than I do: 555-0142, Monday to "
    "Saturday.",
)
NOT_KNOWN = (
    "I don't know that, I'm afraid. I can help with the shop, its prices and its rules; for "
    "anything else the team is at 555-0142.",
    "That's beyond me, sorry. Ask at the counter or write to hello@kettleandcrumb.example, and "
    "somebody who knows will answer.",
    "I have no answer to that one either. The phone is your best bet, 9:30 am to 5 pm.",
)
NOT_KNOWN_ABOUT = (
    "On {topic}, that's a detail I don't know. The counter does, at 555-0142.",
    "I can't say for certain, and I'd rather not guess. The team at "
    "hello@kettleandcrumb.example answers questions about {topic} within a day.",
)
NOT_SOLD = (
    "That's not something we sell; we only have small kitchen appliances. For what we do have, "
    "just ask.",
    "Sorry, nothing of that kind here. The department store on Bridge Street may have it.",
)
MORE = (
    "One more thing worth knowing about {topic}: {answer}",
    "While we're on {topic}: {answer}",
)
SOMETHING_ELSE = ("Perhaps this helps, about {topic}: {answer}",)

_PATTERNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\b(bye|goodbye|good night|see you|see ya|farewell|have a (nice|good|great) \w+)\b", GOODBYE),
    (r"\b(thanks|thank you|thx|cheers|ty|appreciate it|much appreciated)\b", THANKS),
    (
        r"\b(who|what) are you\b|\byour name\b|"
        r"\b(are you|is this) (a |an )?(bot|robot|ai|human|real|person|machine)",
        WHO,
    ),
    (r"\b(need|want|some) (some )?help\b|^\W*help\W*$|\bhelp me\b|\ba question\b", HELP),
    (r"^\W*(hi|hello|hey|hiya|good (morning|afternoon|evening)|greetings|yo)\b", HELLO),
    (r"^\W*(yes|yeah|yep|sure|ok|okay|alright|great|perfect|cool|got it|i see)\b[^?]*$", YES),
    (r"^\W*(no|nope|nah|nothing|not really|that'?s all|never ?mind)\b[^?]*$", NO),
)


def small_talk(text: str) -> tuple[str, ...]:
    """What to say to thanks, goodbyes, greetings and the like; empty if a text is none of them."""
    plain = text.lower().replace("\u2019", "'")
    return next((replies for pattern, replies in _PATTERNS if re.search(pattern, plain)), ())


_ENGLISH = (
    "a an the is are was am be do does did i you your my me it its of to for in on at and or how "
    "what when where who why which can could would will have has had if with this that not no "
    "yes please hi hello hey thanks thank from there any some want need get got im"
)
_FOREIGN = (
    "el la los las una es son que cual como cuando donde cuanto cuesta tienen para por horas "
    "abierto ustedes hola gracias le les des est sont quel quelle quels comment quand combien "
    "vous votre pour avec bonjour merci ouvert heures der die das ist sind wie wann wo wieviel "
    "viel kostet haben sie ihr ihre und bis fur mit ein eine einen hallo danke ich il lo gli e "
    "che quanto costa quando dove siete avete per ciao grazie o os uma qual voces tem ate obrigado "
    "de het een wat hoe wanneer zijn jullie kan dank"
)


def is_foreign(text: str, words: list[str]) -> bool:
    """Whether a text is in another language than English, as far as its smallest words tell."""
    letters = [c for c in text if c.isalpha()]
    if letters and sum(ord(c) > 0x24F for c in letters) > len(letters) / 2:
        return True
    foreign = sum(word in _FOREIGN.split() for word in words)
    return foreign >= 2 and foreign > sum(word in _ENGLISH.split() for word in words)


def is_gibberish(words: list[str]) -> bool:
    """Whether a text has nothing to go by: no words, or not one that English is built with."""
    return not any(word in _ENGLISH.split() for word in words)
