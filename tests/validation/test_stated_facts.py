"""The rules on facts: what contradicts them, and, above all, what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.messages import Message, Role
from duologue.validation.readings import dates_in, numbers_in, same_date, same_number
from duologue.validation.rule import Expectations
from duologue.validation.stated_facts import fact_contradicted, fact_unused

FACTS = {
    "order": "KC-20714",
    "customer number": "5512",
    "price": "$1,234.50",
    "guests": "3",
    "ordered on": "2026-03-05",
    "postcode": "LS1 4AB",
}


def talk(*texts: str) -> list[Message]:
    """The user opens, and both take turns."""
    return [
        Message(role=Role.ASSISTANT if number % 2 else Role.USER, text=text)
        for number, text in enumerate(texts)
    ]


def contradicted(*texts: str, facts: dict[str, str] | None = None, opening: int = 0) -> list[int]:
    """Returns which messages are reported."""
    expected = Expectations(facts=FACTS if facts is None else facts, opening=opening)
    return [found.message_index or 0 for found in fact_contradicted(talk(*texts), expected)]


HELLO = ("Hi, I have a question.", "Sure, what is it?")


@pytest.mark.parametrize(
    "said",
    [
        "My order is KC-20741.",
        "it's about order kc 20741",
        "Order number: KC20999",
        "KC-20741 has not arrived",
        "my customer number is 5521",
        "customer number: 5521, thanks",
        "The price was $1,243.50",
        "the price is 1.243,50 €? no, price: 1.243,50",
        "price = 999",
        "I ordered it on March 8",
        "I ordered on 8 March 2026",
        "It was ordered on 05/04/2026",
        "ordered 2025-03-05",
        "My postcode is LS2 4AB",
        "Kundin hier, order ist KC-20741",
    ],
)
def test_another_value_for_a_fact_is_a_contradiction(said: str) -> None:
    assert contradicted(*HELLO, said) == [2]


@pytest.mark.parametrize(
    "said",
    [
        "My order is KC-20714.",
        "order kc20714 please",
        "order KC 20714",
        "the last digits are 0714",
        "my customer number is 5512",
        "customer number 05512? I don't know",
        "I have 5521 reasons to complain",
        "The price was $1234.50",
        "the price is 1.234,50",
        "the price was 1234,5 dollars",
        "the price was 1 234.50",
        "the price was about $1,200",
        "I think the price was 1200",
        "The price was 1,100.00 €",
        "I ordered it on March 5",
        "ordered on the 5th of March 2026",
        "ordered 5.3.2026",
        "ordered 03/05/2026",
        "ordered 05/03/26",
        "ordered on 5 mars",
        "Bestellt am 5. März, also ordered on 5. März 2026",
        "I ordered it on a Thursday",
        "I ordered 2 of them",
        "the price of 2 of them",
        "It's not order KC-20741.",
        "I also have another order KC-20741",
        "my other order KC-20741 came on time",
        "the old price was 999",
        "can I get it by March 8?",
        "I was born on 8 March 1990",
        "We are 3 guests",
        "Is 12.5 % the discount?",
        "call me at 555 0123 456",
        "ordered at 10:30",
        "wait, KC-20741... no, KC-20714",
        "my friend paid a price before: 99",
    ],
)
def test_the_same_value_another_way_or_something_else_is_none(said: str) -> None:
    assert contradicted(*HELLO, said) == []


@pytest.mark.parametrize(
    ("asked", "said", "is_one"),
    [
        ("For how many guests?", "4", True),
        ("For how many guests?", "4 please", True),
        ("For how many guests?", "3", False),
        ("For how many guests?", "four or so, maybe 4", False),
        ("For how many guests? And on which day?", "4", False),
        ("What is your postcode?", "LS1 4AC", True),
        ("What is your postcode?", "ls14ab", False),
        ("What is your customer number?", "5521", True),
        ("What is your customer number?", "Is it the 5521 on the letter?", False),
        ("What is your phone number?", "5521", False),
        ("How many?", "4", False),
    ],
)
def test_the_answer_to_a_question_for_a_fact_counts(asked: str, said: str, is_one: bool) -> None:
    assert contradicted("Hello there", asked, said) == ([2] if is_one else [])


@pytest.mark.parametrize(
    ("name", "value", "asked", "said", "is_one"),
    [
        ("number of tickets", "4", "How many?", "Find me four tickets on the 14th.", False),
        ("show time", "10 pm", "When?", "I would like a show on the 5th of this month.", False),
        ("appointment time", "11 am", "Which appointment time?", "On March 7th at 11:30.", False),
        ("visit date", "the 12th", "Hello.", "What is the weather on the 11th?", False),
        ("visit date", "the 12th", "Hello.", "Book a visit on the 11th.", True),
        ("visit date", "the 12th", "Hello.", "Book a visit on March 12.", False),
        ("visit date", "5th of this month", "Hello.", "Book a visit on the 6th of March.", True),
        ("visit date", "the 12th", "Hello.", "Is the visit on the 2nd floor?", False),
        (
            "restaurant name",
            "Vanessa's Bistro 2",
            "Hi.",
            "A restaurant at 6 in the evening.",
            False,
        ),
        ("property name", "888 Gate Homes", "Hi.", "See the property on March 14.", False),
    ],
)
def test_a_day_is_no_number_and_a_number_in_a_name_is_none(
    name: str, value: str, asked: str, said: str, is_one: bool
) -> None:
    found = contradicted("Hi.", asked, said, facts={name: value})
    assert bool(found) is is_one


def test_who_quotes_the_chatbot_contradicts_nothing() -> None:
    told = "I found order KC-20741 over $99.00, ordered on 8 March."
    said = "Order KC-20741? The price was $99.00? Ordered on 8 March?"
    assert contradicted("Where is it?", told, said) == []
    assert contradicted("Where is it?", "Let me look.", said) == [2, 2, 2]


def test_another_facts_value_contradicts_none() -> None:
    facts = {"order": "KC-20714", "second order": "KC-20741"}
    assert contradicted(*HELLO, "orders are order KC-20741, KC-20714", facts=facts) == []
    assert contradicted(*HELLO, "order KC-20741", facts=facts) == []
    assert contradicted(*HELLO, "order KC-20742", facts=facts) == [2, 2]


def test_the_chatbots_own_words_and_given_messages_are_not_the_users() -> None:
    assert contradicted("Hi", "Your order KC-20741 is on its way.", "ok") == []
    given = ("My order is KC-20741", "Thanks.", "So where is it?")
    assert contradicted(*given, opening=2) == []
    assert contradicted(*given) == [0]


def test_each_fact_is_reported_once() -> None:
    assert contradicted(*HELLO, "order KC-20741", "Hm.", "I said order KC-20799") == [2]


def test_without_facts_nothing_is_looked_at() -> None:
    assert contradicted(*HELLO, "order KC-20741", facts={}) == []
    assert contradicted(*HELLO, "order KC-20741", facts={"mood": "in a hurry"}) == []


def unused(*texts: str, facts: dict[str, str]) -> list[str]:
    return [found.detail for found in fact_unused(talk(*texts), Expectations(facts=facts))]


def test_facts_that_nobody_mentions_are_information() -> None:
    assert unused("Order kc20714, bought on 5 March for 1.234,50", facts={
        "order": "KC-20714", "bought": "2026-03-05", "price": "$1,234.50",
    }) == []  # fmt: skip
    assert unused("Hello", "Order KC-20714?", "Yes", facts={"order": "KC-20714"}) == [
        "the user never mentions order"
    ]
    assert unused("Hello", facts={"order": "KC-1", "size": "12 cm", "colour": "dark red"}) == [
        "the user never mentions order, size, colour"
    ]
    assert unused("Hello", facts={"why": "it broke while nobody was at home"}) == []
    assert unused("Hello", facts={}) == []


@given(
    st.integers(0, 9_999_999),
    st.integers(0, 99),
    st.sampled_from(
        [(",", "."), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("", "."), ("", ",")]
    ),
)
def test_a_number_is_the_same_in_every_format(
    whole: int, cents: int, marks: tuple[str, str]
) -> None:
    thousands, point = marks
    text = f"{whole:,}".replace(",", thousands) + f"{point}{cents:02}"
    (one,), (other,) = numbers_in(text), numbers_in(f"{whole}.{cents:02}")
    assert same_number(one, other)


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y"]))
def test_a_date_is_the_same_in_every_order(day: object, form: str) -> None:
    written = day.strftime(form)  # type: ignore[attr-defined]
    year = str(day.year)  # type: ignore[attr-defined]
    written = written if year.zfill(4) in written else written.replace(year, year.zfill(4))
    (one,), (other,) = dates_in(written), dates_in(day.isoformat())  # type: ignore[attr-defined]
    assert same_date(one, other)
