"""A chatbot that never says the same thing the same way twice, as language models do.

Two of its replies to one question have a mean similarity (ROUGE-L) of about 0.4, with a long tail
below it: each reply picks which facts it mentions, in which order and in which words.
"""

import random
from collections import Counter
from collections.abc import Sequence

from duologue.conversation.messages import Message

_OPENINGS = (
    "",
    "",
    "Sure! ",
    "Thanks for asking. ",
    "Happy to help with that. ",
    "Of course, let me explain. ",
    "Good question! ",
    "I understand, and I am sorry for the trouble. ",
)
_CLOSINGS = (
    "",
    "",
    " Is there anything else I can do for you?",
    " Let me know if that helps.",
    " Just write to us again if anything is unclear.",
    " Have a lovely day!",
)
_FACTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "order": (
        (
            "your parcel left our warehouse on Monday",
            "we shipped your order at the start of the week",
            "the order was handed to the carrier on Monday morning",
            "it has been on its way to you since Monday",
        ),
        (
            "it should arrive within three working days",
            "delivery usually takes up to three days",
            "you can expect it by Thursday",
            "the carrier plans to deliver it this Thursday",
        ),
        (
            "the tracking link is in the message that confirmed your purchase",
            "you can follow it with the link we emailed you",
            "please open the tracking page from our email to see where it is",
        ),
    ),
    "refund": (
        (
            "you can send the item back within thirty days",
            "returns are accepted for a month after delivery",
            "we take goods back up to 30 days after you received them",
            "there is a return period of thirty days",
        ),
        (
            "the money goes back to the card that you paid with",
            "we refund the original payment method",
            "your card is credited with the full amount",
            "the refund is made to the account used for the purchase",
        ),
        (
            "print the label from your account and attach it to the box",
            "a prepaid label is in your account, so shipping costs you nothing",
            "simply use the return label that you find in your profile",
        ),
    ),
    "hours": (
        (
            "the shop is open from nine to six on weekdays",
            "we open at nine and close at six, Monday to Friday",
            "you find us here between 9 and 18 o'clock from Monday until Friday",
            "our doors are open on working days until six in the evening",
        ),
        (
            "on Saturdays we are there until two",
            "Saturday has shorter hours and ends at two in the afternoon",
            "at the weekend we only open on Saturday morning",
        ),
        (
            "we stay closed on public holidays",
            "please note that nobody is here on holidays",
            "holidays and Sundays are our days off",
        ),
    ),
    "password": (
        (
            "choose forgotten password on the login page",
            "click on the link below the login form",
            "the sign-in screen has a button for a forgotten password",
            "start at the login page and ask for a new password there",
        ),
        (
            "we then mail you a link that works for an hour",
            "an email with a reset link follows, valid for sixty minutes",
            "you receive a message whose link expires after one hour",
        ),
        (
            "look into your spam folder if nothing arrives",
            "sometimes the mail lands among the junk, so have a look there",
            "should it not show up, check spam",
        ),
    ),
    "invoice": (
        (
            "all invoices are listed under billing in your account",
            "open the billing section to download the bill as a PDF",
            "your account keeps every invoice in the section called billing",
            "the PDF is waiting for you in the billing area",
        ),
        (
            "the address on it can be changed until the end of the month",
            "until the month is over you may still correct the address",
            "write us the right company name and we correct the document",
        ),
        (
            "we also send a copy to your accountant if you name one",
            "another copy can go to a second address by email",
            "your bookkeeper may get every bill automatically",
        ),
    ),
    "warranty": (
        (
            "the device is covered for two years",
            "there is a guarantee of 24 months on it",
            "our warranty runs for two years from the day of purchase",
        ),
        (
            "a technician looks at it and repairs it free of charge",
            "repairs cost nothing during this time",
            "we fix or replace it without charging you",
            "our workshop takes care of the defect at no cost",
        ),
        (
            "damage by water is not included",
            "drops and spilled liquids are excluded, though",
            "only damage that you caused yourself has to be paid by you",
        ),
    ),
}
QUESTIONS = {
    "order": "Where is my order?",
    "refund": "How do I get a refund?",
    "hours": "What are your hours?",
    "password": "I forgot my password.",
    "invoice": "I need an invoice.",
    "warranty": "Is there a warranty?",
}
TOPICS = tuple(QUESTIONS)


def paraphrase(topic: str, rng: random.Random) -> str:
    """Answers a question about a topic in words that are picked at random, the usual ones first."""
    facts = list(_FACTS[topic])
    if rng.random() < 0.3:
        rng.shuffle(facts)
    facts = facts[: rng.choice((1, 2, 2, 3, 3, 3, 3))]
    said = [_usually_first(wordings, rng) for wordings in facts]
    sentences = " ".join(f"{one[0].upper()}{one[1:]}." for one in said)
    return f"{_usually_first(_OPENINGS, rng)}{sentences}{_usually_first(_CLOSINGS, rng)}"


def _usually_first(wordings: Sequence[str], rng: random.Random) -> str:
    return rng.choices(wordings, [place**-1.5 for place in range(1, len(wordings) + 1)])[0]


def wrong(topic: str, rng: random.Random) -> str:
    """Answers another question, in the same style."""
    return paraphrase(rng.choice([one for one in TOPICS if one != topic]), rng)


def topic_of(chat_history: Sequence[Message]) -> str:
    """Returns which question the latest message asks."""
    latest = chat_history[-1].text
    return next(topic for topic, question in QUESTIONS.items() if question in latest)


_asked: Counter[str] = Counter()


def start_again() -> None:
    """Has every question count as not asked yet, so that a test sees the same replies each time."""
    _asked.clear()


def _rng(chat_history: Sequence[Message]) -> random.Random:
    """Depends on what is asked and how often it was, not on which of several calls is first."""
    question = "\n".join(message.text for message in chat_history)
    _asked[question] += 1
    return random.Random(f"{_asked[question]} {question}")


def noisy(chat_history: list[Message]) -> str:
    """Always right, never in the same words."""
    return paraphrase(topic_of(chat_history), _rng(chat_history))


def one_in_ten_wrong(chat_history: list[Message]) -> str:
    """Like `noisy`, and wrong in one reply of ten."""
    return _sometimes_wrong(chat_history, 0.1)


def one_in_four_wrong(chat_history: list[Message]) -> str:
    """Like `noisy`, and wrong in one reply of four."""
    return _sometimes_wrong(chat_history, 0.25)


def _sometimes_wrong(chat_history: list[Message], share: float) -> str:
    topic, rng = topic_of(chat_history), _rng(chat_history)
    return wrong(topic, rng) if rng.random() < share else paraphrase(topic, rng)
