"""Choosing the shop's next message from the conversation so far."""

import re
from collections.abc import Iterator, Sequence

from . import small_talk
from .faq import OPENING_HOURS, ORDERS, STOCK, TOPICS, Detail, Entry, Topic
from .matching import (
    Match,
    appliance_in,
    day_in,
    detail_in,
    essence,
    matches,
    not_sold_in,
    order_in,
    words_of,
)
from .shop import DAY_NOTES, HOURS, ORDER_STATES, Appliance

ALIKE = 0.7
"""The share of words in common (Jaccard) from which a message counts as said before."""

MOST_WORDS_AROUND_DETAIL = 3
"""With more words a message asks for something, and naming an appliance is not asking for it."""
REPAIR_WORTH_COVERING = 40
"""Dollars; where a typical repair costs at least that, staff recommend a longer warranty."""


def answer(customer: Sequence[str], shop: Sequence[str]) -> str:
    """The shop's next message.

    It is the first of what there is to say that has not been said in this conversation, so the
    shop repeats itself only when it has told everything it knows.

    Args:
        customer: the customer's messages so far, the latest last. Empty: the shop opens.
        shop: the shop's own messages so far.
    """
    if not customer:
        return small_talk.HELLO[0]
    said = [*shop, customer[-1]]
    possible = list(_possible(customer, shop))
    return next((text for text in possible if not _alike_any(text, said)), possible[-1])


def _alike_any(text: str, others: Sequence[str]) -> bool:
    words = set(words_of(text))
    return any(
        len(words & theirs) >= ALIKE * len(words | theirs)
        for theirs in map(set, map(words_of, others))
    )


def _possible(customer: Sequence[str], shop: Sequence[str]) -> Iterator[str]:
    """Everything that could be said next, the best first."""
    latest = customer[-1]
    topic = _focus(customer)
    if small_talk.is_foreign(latest, words_of(latest)):
        yield from small_talk.ENGLISH_ONLY
    yield from _answered_detail(customer, shop)
    if not matches(latest):
        yield from small_talk.small_talk(latest)
    yield from _answers(customer, topic)
    yield from _detail_alone(customer)
    yield from _without_answer(latest, topic)
    yield from _untold(customer, shop, topic)


def _without_answer(latest: str, topic: Topic | None) -> Iterator[str]:
    """What to say to something that the FAQ has no entry for."""
    if not_sold_in(latest):
        yield from small_talk.NOT_SOLD
    if small_talk.is_gibberish(words_of(latest)):
        yield from small_talk.NOT_UNDERSTOOD
    if topic:
        yield from (text.format(topic=topic.label) for text in small_talk.NOT_KNOWN_ABOUT)
    yield from small_talk.NOT_KNOWN


def _untold(customer: Sequence[str], shop: Sequence[str], focus: Topic | None) -> Iterator[str]:
    """What the shop has not told yet, the topic in focus first: the last thing to fall back on."""
    told = " ".join(shop)
    for topic in TOPICS if focus is None else (focus, *TOPICS):
        leads = small_talk.MORE if topic is focus else small_talk.SOMETHING_ELSE
        answers = (text for entry in topic.entries for text in _filled(entry, customer))
        for number, text in enumerate(text for text in answers if text not in told):
            yield leads[number % len(leads)].format(topic=topic.label, answer=text)


def _focus(customer: Sequence[str]) -> Topic | None:
    """What the conversation was about before the latest message; None if nothing yet."""
    topic = None
    for text in customer[:-1]:
        best = next(iter(matches(text, topic)), None)
        topic = best.topic if best else topic
    return topic


def _answered_detail(customer: Sequence[str], shop: Sequence[str]) -> Iterator[str]:
    """Answers to what the shop had asked back about, if the latest message names that detail."""
    if not shop:
        return
    for topic in TOPICS:
        for entry in topic.entries:
            asked = any(shop[-1].endswith(ask) for ask in entry.ask)
            if asked and entry.needs and detail_in(customer[-1], entry.needs):
                yield from _filled(entry, customer)


def _detail_alone(customer: Sequence[str]) -> Iterator[str]:
    """What is most likely meant by an order number, or by not much more than a day or a name."""
    latest = customer[-1]
    is_short = len(words_of(latest)) <= MOST_WORDS_AROUND_DETAIL
    for detail, entry in (
        (Detail.ORDER, ORDERS.entries[0]),
        (Detail.APPLIANCE, STOCK.entries[0]),
        (Detail.DAY, OPENING_HOURS.entries[1]),
    ):
        if detail_in(latest, detail) and (is_short or detail is Detail.ORDER):
            yield from _filled(entry, customer)


def _answers(customer: Sequence[str], focus: Topic | None) -> Iterator[str]:
    """Answers from the FAQ to the latest message; where it asks two things, to both at once."""
    latest = customer[-1]
    found = matches(latest, focus)
    wants_appliance = bool(found) and found[0].entry.needs is Detail.APPLIANCE
    if wants_appliance and not_sold_in(latest) and not appliance_in(latest):
        yield from small_talk.NOT_SOLD
    both = _asked_together(latest)
    if len(both) > 1:
        yield " ".join(next(iter(_filled_or_asked(match.entry, customer))) for match in both)
    for match in found:
        if match.points >= found[0].points - 1:
            yield from _filled_or_asked(match.entry, customer)


def _asked_together(text: str) -> list[Match]:
    """The first two questions of a text that are about different topics, in its order."""
    parts = re.split(r"[.?!;\n]+|\band\b|\balso\b", essence(text))
    best = [match for part in parts for match in matches(part)[:1]]
    return list({match.topic.label: match for match in reversed(best)}.values())[::-1][:2]


def _filled_or_asked(entry: Entry, customer: Sequence[str]) -> Iterator[str]:
    """An entry's answers, or the question back if something is missing for them."""
    answers = list(_filled(entry, customer))
    yield from answers or entry.ask


def _filled(entry: Entry, customer: Sequence[str]) -> Iterator[str]:
    """An entry's answers with its fields filled; nothing if the customer has not said for what."""
    fields = _fields(entry.needs, customer)
    if fields is not None:
        yield from (text.format_map(fields) for text in entry.answers)


def _fields(needs: Detail | None, customer: Sequence[str]) -> dict[str, object] | None:
    match needs:
        case None:
            return {}
        case Detail.DAY:
            day = day_in(customer[-1])
            return _day_fields(day) if day else None
        case Detail.ORDER:
            orders = (order for text in reversed(customer) if (order := order_in(text)))
            order = next(orders, None)
            return _order_fields(order) if order else None
        case Detail.APPLIANCE:
            named = (a for text in reversed(customer) if (a := appliance_in(text)))
            appliance = next(named, None)
            return _appliance_fields(appliance) if appliance else None


def _day_fields(day: str) -> dict[str, object]:
    opens, closes = HOURS[day]
    return {"day": day, "opens": opens, "closes": closes, "note": DAY_NOTES[day]}


def _order_fields(order: str) -> dict[str, object]:
    return {"order": order, "state": ORDER_STATES[int(order[-1]) % len(ORDER_STATES)]}


def _appliance_fields(appliance: Appliance) -> dict[str, object]:
    name, price = appliance.name, appliance.price
    price_line = f"Our {name} is ${price}, tax included and with a year of warranty."
    stock = (
        f"Yes, we have the {name} in stock, at ${price}."
        if appliance.in_stock
        else f"We do sell the {name}, at ${price}, but it's out of stock until Tuesday's delivery."
    )
    return {
        "appliance": appliance.with_article,
        "the_appliance": f"The {name}",
        "price": price,
        "price_line": price_line,
        "repair": appliance.repair,
        "stock": stock,
        "worth": _worth_line(appliance),
        "warranty": _warranty_line(appliance),
    }


def _warranty_line(appliance: Appliance) -> str:
    one, two, three = appliance.warranty
    return (
        f"For {appliance.with_article} it's ${one} for one extra year, ${two} for two and "
        f"${three} for three"
    )


def _worth_line(appliance: Appliance) -> str:
    name, first = appliance.with_article, appliance.warranty[0]
    if appliance.repair >= REPAIR_WORTH_COVERING:
        return (
            f"For {name}, yes, if you use it every day: one repair is about ${appliance.repair}, "
            f"and the extra year ${first}."
        )
    return (
        f"For {name}, frankly, hardly anybody needs it. A repair would be about "
        f"${appliance.repair}."
    )
