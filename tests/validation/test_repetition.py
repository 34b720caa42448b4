import json
from pathlib import Path

import pytest

from duologue.conversation.messages import Message, Role
from duologue.validation.repetition import (
    assistant_echoes_user,
    loop,
    opening_restated,
    repeated_message,
    user_echoes_assistant,
    user_repeats_itself,
)
from tests.validation.talking import found_at, talk

GUIDE_ECHO_BUG = Path(__file__).parents[1] / "fixtures" / "guide_echo_bug.json"


def test_the_echo_bug_of_the_published_guide_is_found() -> None:
    messages = [Message(**said) for said in json.loads(GUIDE_ECHO_BUG.read_text())]
    assert found_at(user_echoes_assistant, messages) == [2, 4, 6]
    assert found_at(assistant_echoes_user, messages) == []


ECHOES = {
    "word for word": ("We close at five today.", "We close at five today."),
    "in other letters": ("We close at five today.", "WE CLOSE  at five today"),
    "short, with all its signs": ("We close at 5.", "We close at 5."),
    "one word changed": (
        "You can bring the shoes back to any of our shops within a month.",
        "You can bring the shoes back to each of our shops within a month.",
    ),
    "full width": ("Open until five today", "\uff2fpen until five today"),
    "Chinese": ("我们今天下午五点关门。", "我们今天下午五点关门"),
    "Hindi": ("हम आज शाम पाँच बजे बंद होते हैं।", "हम आज शाम पाँच बजे बंद होते हैं"),
}


@pytest.mark.parametrize(("said", "echo"), ECHOES.values(), ids=ECHOES)
def test_an_echo_is_found_on_either_side(said: str, echo: str) -> None:
    assert found_at(user_echoes_assistant, talk("Hello", said, echo)) == [2]
    assert found_at(assistant_echoes_user, talk(said, echo)) == [1]
    assert found_at(user_echoes_assistant, talk(said, echo)) == []
    assert found_at(assistant_echoes_user, talk("Hello", said, echo)) == []


NO_ECHOES = {
    "a courtesy": ("OK", "OK"),
    "two words": ("Thank you!", "Thank you!"),
    "making sure": ("Monday to Friday.", "Monday to Friday?"),
    "goodbye": ("Thank you and have a great day!", "Thank you and have a great day!"),
    "another number": (
        "Is your order number 1001 or is it another one?",
        "Is your order number 1002 or is it another one?",
    ),
    "an answer in the same words": (
        "Do you want to return the red shoes or the blue ones?",
        "I want to return the blue shoes, the red ones fit.",
    ),
    "signs only": ("?", "?"),
}


@pytest.mark.parametrize(("said", "answer"), NO_ECHOES.values(), ids=NO_ECHOES)
def test_what_only_resembles_an_echo_is_left_alone(said: str, answer: str) -> None:
    assert found_at(user_echoes_assistant, talk("Hello", said, answer)) == []
    assert found_at(assistant_echoes_user, talk(said, answer)) == []


def test_the_same_side_twice_is_no_echo() -> None:
    twice = [Message(role=Role.USER, text="We close at five today.")] * 2
    assert found_at(user_echoes_assistant, twice) == []


def test_an_opening_that_is_restated_is_found() -> None:
    opening = "How much does a one year warranty cost?"
    messages = talk(opening, "Which device?", "A phone.", "Twenty euros.", opening.upper())
    assert found_at(opening_restated, messages) == [4]
    assert found_at(repeated_message, messages) == []


def test_an_opening_is_restated_also_after_a_greeting_of_the_assistant() -> None:
    opening = "How much does a one year warranty cost?"
    messages = talk("Hi!", opening, "Which device?", opening, opens=Role.ASSISTANT)
    assert found_at(opening_restated, messages) == [3]


@pytest.mark.parametrize("opening", ["Hello", "A warranty, please", "What does a warranty cost?"])
def test_an_opening_that_the_conversation_continues_from_is_fine(opening: str) -> None:
    messages = talk(opening, "Which device?", "Hello, a warranty for a phone, please", "Sure.")
    assert found_at(opening_restated, messages) == []
    assert found_at(opening_restated, []) == []


SENTENCE = "I can only help you with questions about your order."


def test_a_user_who_says_the_same_twice_in_a_row_is_found() -> None:
    question = "When will my order of last week arrive?"
    assert found_at(repeated_message, talk("Hi", "Yes?", question, "Soon.", question)) == [4]
    assert found_at(repeated_message, talk(question, "Soon.", "Eh?", "Hm.", question)) == []


def test_an_assistant_that_says_the_same_three_times_in_a_row_is_found() -> None:
    assert found_at(repeated_message, talk("Hi", SENTENCE, "Why?", SENTENCE, "So.")) == []
    assert found_at(repeated_message, talk("Hi", SENTENCE, "Why?", SENTENCE, "So.", SENTENCE)) == [
        5
    ]


@pytest.mark.parametrize(
    "phrase", ["Yes.", "Yes, please.", "No, thank you.", "Thank you so much for your help!"]
)
def test_courtesies_may_be_repeated(phrase: str) -> None:
    messages = talk("Hi", "A bag?", phrase, "A receipt?", phrase, "A coffee?", phrase)
    assert found_at(repeated_message, messages) == []


def test_one_side_may_say_what_the_other_said_long_before() -> None:
    messages = talk("Hi", SENTENCE, "Oh.", "Yes.", SENTENCE)
    assert found_at(repeated_message, messages) == []


def test_the_same_phrase_about_other_numbers_is_no_repetition() -> None:
    messages = talk(
        "Hi", "The order 1001 has left our house.", "And?", "The order 1002 has left our house."
    )
    assert found_at(repeated_message, messages) == []


A, B = "Could you tell me your order number, please?", "I have told you already."


C, D = "Please hold the line for a moment.", "I have been waiting for an hour."


def test_a_cycle_of_two_is_found_in_its_third_round_and_once() -> None:
    assert found_at(loop, talk("Hi", A, B, A, B, A, B)) == [3]
    assert found_at(loop, talk("Hi", A, B, A, B, A, B, A)) == [3]
    assert found_at(loop, talk("Hi", A, "Yes", A, "Yes", A, "Yes")) == [3]


def test_a_longer_cycle_is_found_in_its_second_round() -> None:
    assert found_at(loop, talk("Hi", A, B, C, D, A, B, C, D)) == [5]
    six = ["Which colour?", "I would like a blue one", "Which size?", "It is for a tall man"]
    six += ["Anything else?", "Start again with the colour please"]
    assert found_at(loop, talk("Hi", *six, *six)) == [7]


@pytest.mark.parametrize(
    "texts",
    [
        (A, B, A),
        ("Hi", A, B, A, B),
        (A, B, A, "It is 1001."),
        ("Hi", A, B, "Pardon?", A, B),
        ("Next", "Yes") * 4,
        ("Thank you so much for your help!", "You are very welcome!") * 3,
    ],
    ids=[
        "half a loop",
        "two rounds",
        "an answer",
        "something between",
        "too short to tell",
        "goodbyes",
    ],
)
def test_what_only_resembles_a_loop_is_left_alone(texts: tuple[str, ...]) -> None:
    assert found_at(loop, talk(*texts)) == []


REPEATED = {
    "a sentence three times": ["I want to cancel my subscription today"] * 3 + ["And then?"],
    "with other signs": [
        "I want to cancel my subscription today",
        "I want to cancel my subscription today!",
        "i want to cancel my subscription TODAY",
    ],
    "not in a row": ["Where is my parcel with the boots?", "Hm", "Oh"] * 3,
    "two words, many times": ["Cancel order"] * 14,
    "one word, most of the time": ["Hello?", "Refund", "Refund", "Refund"],
    "nearly the same": [
        "I would like to send the boots back that I ordered last week because they are small",
        "I would like to send the boots back that I ordered last week since they are small",
        "I would like to send the boots back that I had ordered last week because they are small",
        "I would like to send the boots back that I ordered last week because they are so small",
    ],
    "twice verbatim, and once with a few words more": [
        "yes I would like to book a train ticket .",
        "yes I would like to book a train ticket .",
        "yes I would like to book a train ticket for monday .",
    ],
    "a template": [
        f"Do you have a nice hotel for two in {c}?" for c in ("Rome", "Oslo", "Bern", "Riga")
    ],
    "Chinese": ["我想退掉上周买的那双黑色的鞋子"] * 3,
    "Russian": ["Где моя новая посылка?"] * 3,
    "Arabic": ["أريد إلغاء اشتراكي في هذه الخدمة اليوم"] * 3,
    "Japanese": ["先週注文した靴がまだ届いていないのですが"] * 3,
    "goodbyes without end": ["Goodbye!"] * 6,
}


@pytest.mark.parametrize("said", REPEATED.values(), ids=REPEATED)
def test_a_user_who_keeps_saying_the_same_is_found_once(said: list[str]) -> None:
    texts = [part for number, text in enumerate(said) for part in (text, f"Answer {number}, then.")]
    assert len(found_at(user_repeats_itself, talk(*texts))) == 1


NOT_REPEATED = {
    "insists once": ["I want to cancel my subscription today"] * 2 + ["Now!", "Please."],
    "yes to many questions": ["Hi", "Yes", "A red one", "Yes", "In May", "Yes", "Yes", "Oslo"],
    "thanks": ["Where is it?", "Thank you!", "And when?", "Thank you!", "Thank you!"],
    "numbers": [f"My order {number} has not come yet, where is it?" for number in (1, 2)] + ["Hm"],
    "other questions": [
        "How much is the red lamp?",
        "How long is the red cable?",
        "Is the red lamp in stock?",
    ],
}


@pytest.mark.parametrize("said", NOT_REPEATED.values(), ids=NOT_REPEATED)
def test_people_may_insist_agree_and_thank(said: list[str]) -> None:
    texts = [part for number, text in enumerate(said) for part in (text, f"Answer {number}, then.")]
    assert found_at(user_repeats_itself, talk(*texts)) == []


@pytest.mark.parametrize(
    "texts",
    [
        ("こんにちは。よろしくお願いします。", "こんにちは。よろしくお願いします。"),
        ("Hello there, nice to meet you!", "Hello there, nice to meet you!"),
        ("You too!", "You too!"),
    ],
)
def test_greetings_that_both_sides_exchange_are_no_echo(texts: tuple[str, str]) -> None:
    messages = talk(*texts, "What can I do?", "My lamp broke.", "Oh.", opens=Role.ASSISTANT)
    assert found_at(user_echoes_assistant, messages) == []


def test_a_text_sent_back_with_a_request_is_no_echo() -> None:
    text = "We are pleased to tell you that your parcel has left our house today."
    assert found_at(user_echoes_assistant, talk("Write a note", text, f"shorten: {text}")) == []


def test_two_and_a_half_rounds_are_a_loop_unless_the_user_says_little() -> None:
    question, answer = "Which order is it about, please?", "It is about the blue kettle I bought."
    assert found_at(loop, talk("Hi, I need help with it", *[question, answer] * 2, question)) != []
    assert (
        found_at(loop, talk("Hi, I need help with it", *[question, "The kettle"] * 2, question))
        == []
    )
    assert found_at(loop, talk("Hi, I need help with it", *[question, answer] * 2)) == []


def test_a_user_who_starts_over_is_a_loop() -> None:
    first, second = (
        "I'd like to order a small pizza, please.",
        "Could I also get two cans of water?",
    )
    ends = ("No, that's all for now.", "You're welcome, your order is on its way.")
    again = (first, "Thanks for ordering a small pizza!", second, "Sure, two cans it is.")
    talked = talk(first, "Anything else to drink?", second, "I have added them.", *ends, *again)
    assert found_at(loop, talked) == [6]
    assert found_at(loop, talked[:8]) == []


def test_the_same_in_other_words_is_a_loop_if_the_answer_stays_the_same() -> None:
    asked = (
        "What times are available on Friday for an appointment?",
        "Please tell me what times are available on Friday for an appointment?",
        "Could you check what times are available on Friday for my appointment?",
        "So what times are available on Friday for an appointment then?",
    )
    same = "I can help you to make an appointment or tell you about our shop."
    other = ("We open at nine.", "Do you mean this Friday?", "Ten or eleven.", "Eleven is best.")
    between = ("Do you also repair lamps?", "Yes, in the basement.")
    stuck = talk(asked[0], same, *between, *(t for text in asked[1:] for t in (text, same)))
    answered = talk(*(t for pair in zip(asked, other, strict=True) for t in pair))
    assert found_at(loop, stuck) == [8]
    assert found_at(loop, answered) == []


def test_a_long_cycle_counts_if_the_user_rewords_it() -> None:
    bot = ("Do you want to search the month?", "Do you want to switch to the transfer?", "To whom?")
    first = (
        "Yes, please search the month for me.",
        "No, I do not want to switch to it.",
        "Nobody.",
    )
    again = (
        "Yes, please search the whole month.",
        "No, I really do not want to switch.",
        "Nobody.",
    )
    sides = [
        text for said in (first, again) for pair in zip(bot, said, strict=True) for text in pair
    ]
    assert found_at(loop, talk("How much did I spend?", *sides)) != []
    assert found_at(loop, talk("How much did I spend?", *sides[:8])) == []
