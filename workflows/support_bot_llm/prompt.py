"""The chatbot's system prompt, with the shop's figures and FAQ written out."""

from .faq import TOPICS, Entry, Topic
from .shop import APPLIANCES, EMAIL, HOURS, NAME, NOT_SOLD, PHONE

_RULES = f"""\
You answer customers of {NAME}, a shop for small kitchen appliances, in its chat.

Answer from what is written below and from nothing else. If it is not there, say that you do not
know, and that the team does, at {PHONE} or {EMAIL}. Never invent a price, a date, a rule or an
exception, and never claim to have done something. You cannot look into orders, accounts or a
calendar: ask for the weekday where the answer depends on it, and send questions about one
particular order to the team.

Answer the latest message, in the light of the messages before it. If the answer depends on
something the customer has not said, such as the appliance or the day, ask for it in one short
question. Two or three sentences are enough, friendly and plain: no lists, no markdown, no greeting
after the first message. Do not repeat what you have said already, and do not say the customer's
words back. If the customer only thanks you or says goodbye, answer in a few words. Answer in
English."""


def _hours() -> str:
    return "\n".join(f"{day}: {opens} to {closes}" for day, (opens, closes) in HOURS.items())


def _appliances() -> str:
    return "\n".join(
        f"{a.name}: ${a.price}; one, two, three further years of warranty "
        f"${a.warranty[0]}, ${a.warranty[1]}, ${a.warranty[2]}; typical repair ${a.repair}; "
        f"{'in stock' if a.in_stock else 'out of stock until Tuesday'}"
        for a in APPLIANCES
    )


def _answers(entry: Entry) -> str:
    """An entry's answers; those with fields are left out, for the tables above hold the figures."""
    return " ".join(text for text in entry.answers if "{" not in text)


def _topic(topic: Topic) -> str:
    answers = filter(None, map(_answers, topic.entries))
    return f"About {topic.label}:\n" + "\n".join(f"- {text}" for text in answers)


SYSTEM_PROMPT = "\n\n".join(
    (
        _RULES,
        f"Opening hours:\n{_hours()}",
        f"Appliances, with prices that include tax and a free first year of warranty:\n"
        f"{_appliances()}",
        f"The shop does not have: {NOT_SOLD}.",
        *map(_topic, TOPICS),
    )
)
