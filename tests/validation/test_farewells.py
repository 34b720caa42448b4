import pytest

from duologue.conversation.farewells import (
    LONGEST_FAREWELL,
    closing_tail_length,
    is_farewell,
    is_farewell_loop,
    says_goodbye,
)
from duologue.validation.farewells import farewell_tail
from tests.validation.talking import found_at, talk

THANKS = [
    "Thanks!",
    "Thank you so much for your quick help.",
    "Great, thanks again!",
    "No, that's all. Thank you!",
    "You're welcome!",
    "You\u2019re very welcome, Mia! I'm glad I could help.",
    "My pleasure 😊",
    "You're welcome! Let me know if you need anything else.",
    "If you have any more questions, don't hesitate to reach out.",
    "Vielen Dank!",
    "Merci beaucoup !",
    "Muchas gracias",
    "谢谢\uff01",
    "ありがとうございました。",
]
GOODBYES = [
    "Bye",
    "Goodbye!",
    "Thanks, bye!",
    "You're welcome! Have a great day!",
    "You're welcome! Let me know if you need anything else. Goodbye!",
    "Thank you, Mia! Take care.",
    "You too! Enjoy your weekend and see you soon.",
    "Thank you\n\nHave a wonderful trip to Italy!",
    "Tschüß!",
    "Danke schön! Ich wünsche Ihnen noch einen schönen Tag.",
    "Merci, bonne journée !",
    "¡Gracias! ¡Hasta luego!",
    "谢谢\uff0c再见",
    "До свидания!",
]
NO_FAREWELLS = [
    "",
    "😊",
    "OK",
    "No.",
    "Great!",
    "Yes, thank you",
    "Sure, thanks!",
    "Thanks. And on Sundays?",
    "Anything else I can help with?",
    "Thanks, and you?",
    "Thanks, I'd like the red one.",
    "Thanks, but it still does not work.",
    "Thank you for the answer but I can not log in",
    "Thank you. My order number is 1001.",
    "Thank you for your patience. Your order ships on Monday.",
    "Let me know your order number.",
    "If you need to cancel your flight, let me know which one.",
    "Please feel free to cancel my order.",
    "Have a look at our page.",
    "I wish you had told me before.",
    "Enjoy 10% off!",
    "By the way, it broke.",
    "See you at 5",
    "Danke, und am Sonntag?",
    "谢谢\uff0c我要红色的",
    "Thank you! " * LONGEST_FAREWELL,
]


@pytest.mark.parametrize("text", THANKS + GOODBYES)
def test_a_message_that_only_thanks_wishes_or_leaves_is_a_farewell(text: str) -> None:
    assert is_farewell(text)


@pytest.mark.parametrize("text", NO_FAREWELLS)
def test_a_message_with_a_question_or_anything_to_say_is_no_farewell(text: str) -> None:
    assert not is_farewell(text)
    assert not says_goodbye(text)


@pytest.mark.parametrize("text", GOODBYES)
def test_a_goodbye_is_recognised(text: str) -> None:
    assert says_goodbye(text)


@pytest.mark.parametrize("text", THANKS)
def test_thanks_alone_are_no_goodbye(text: str) -> None:
    assert not says_goodbye(text)


def test_the_closing_tail_is_counted_from_the_end() -> None:
    assert closing_tail_length([]) == 0
    assert closing_tail_length(talk("Hello", "Hi, how can I help?")) == 0
    assert closing_tail_length(talk("Thanks!", "What for?", "Thanks!", "You're welcome!")) == 2
    assert closing_tail_length(talk("Thanks!", "Bye")) == 2


@pytest.mark.parametrize(
    ("texts", "has_come_to_goodbyes"),
    [
        (("Where?", "Here.", "Thanks, bye!", "Goodbye!"), True),
        (("Where?", "Here.", "Thanks!", "You're welcome!", "Thanks again!"), True),
        (("Where?", "Here.", "Thanks!", "You're welcome!"), False),
        (("Where?", "Here.", "Thanks!", "You're welcome! Have a nice day!"), False),
        (("Where?", "Here.", "Thanks, bye!"), False),
        (("Thanks, bye!", "Goodbye!", "One more thing: where?"), False),
    ],
)
def test_a_farewell_loop_takes_two_goodbyes_or_three_farewells(
    texts: tuple[str, ...], has_come_to_goodbyes: bool
) -> None:
    assert is_farewell_loop(talk(*texts)) is has_come_to_goodbyes


WORDY = (
    "Thank you for your kind words! I will start with the album. I really appreciate your help.",
    "You're welcome! I'm sure she will love it. If you need any more ideas, feel free to ask.",
    "Thank you again, I'm looking forward to it! Have a wonderful day!",
)


def test_a_farewell_tail_is_found_where_it_begins() -> None:
    assert found_at(farewell_tail, talk("Where?", "Here.", "Thanks!", "Welcome!")) == []
    short = talk("Where?", "Here.", "Thanks!", "You're welcome!", "Bye", "Goodbye!")
    assert found_at(farewell_tail, short) == [2]
    assert found_at(farewell_tail, talk("Where?", "Here.", *WORDY)) == [2]
    assert found_at(farewell_tail, talk("Thanks!", "Bye", "Bye")) == [0]


def test_a_goodbye_or_two_are_no_tail() -> None:
    assert found_at(farewell_tail, []) == []
    assert found_at(farewell_tail, talk("Where?", "Here.", *WORDY[:2])) == []
    assert found_at(farewell_tail, talk(*WORDY, "And where is it?")) == []
    assert found_at(farewell_tail, talk("Where?", "Thanks for asking. It is in the north.")) == []
