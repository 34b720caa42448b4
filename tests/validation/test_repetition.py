import json
from pathlib import Path

import pytest

from duologue.conversation.messages import Message, Role
from duologue.validation.repetition import (
    MESSAGES_REMEMBERED,
    assistant_echoes_user,
    loop,
    opening_restated,
    repeated_message,
    user_echoes_assistant,
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
def test_an_opening_that_is_gone_on_from_is_fine(opening: str) -> None:
    messages = talk(opening, "Which device?", "Hello, a warranty for a phone, please", "Sure.")
    assert found_at(opening_restated, messages) == []
    assert found_at(opening_restated, []) == []


SENTENCE = "I can only help you with questions about your order."
NEARLY = "I can only help you with questions about your order, sorry."


@pytest.mark.parametrize("again", [SENTENCE, SENTENCE.upper(), NEARLY])
def test_a_message_that_its_speaker_repeats_is_found(again: str) -> None:
    assert found_at(repeated_message, talk("Hi", SENTENCE, "Why?", "So.", "Hm", again)) == [5]
    assert found_at(repeated_message, talk("Hi", "Yes?", SENTENCE, "Why?", again)) == [4]


def test_a_word_for_word_repetition_is_found_over_any_distance() -> None:
    between = [f"This is message {number} of a long talk" for number in range(100)]
    messages = talk("Hi", SENTENCE, *between, "Why?", SENTENCE)
    assert found_at(repeated_message, messages) == [103]


def test_a_near_repetition_is_looked_for_among_the_latest_messages_of_its_speaker() -> None:
    def talk_with_near_repetition(after: int) -> list[Message]:
        between = [f"This is message {number} of a long talk" for number in range(2 * after + 1)]
        return talk("Hi", SENTENCE, *between, NEARLY)

    near = talk_with_near_repetition(after=MESSAGES_REMEMBERED - 1)
    far = talk_with_near_repetition(after=MESSAGES_REMEMBERED)
    assert found_at(repeated_message, near) == [len(near) - 1]
    assert found_at(repeated_message, far) == []


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


def test_a_loop_is_found_where_it_comes_round_and_once() -> None:
    assert found_at(loop, talk("Hi", A, B, A, B)) == [3]
    assert found_at(loop, talk("Hi", A, B, A, B, A, B, A)) == [3]
    assert found_at(loop, talk("Hi", A, "Yes", A, "Yes")) == [3]


def test_two_loops_are_found_both() -> None:
    c = "Then I have to put you through to a colleague."
    assert found_at(loop, talk(A, B, A, B, "Well", c, "No", c, "No")) == [2, 7]


@pytest.mark.parametrize(
    "texts",
    [
        (A, B, A),
        (A, B, A, "It is 1001."),
        ("Hi", A, B, "Pardon?", A, B),
        ("Next", "Yes", "Next", "Yes"),
        ("Thank you so much for your help!", "You are very welcome!") * 2,
    ],
    ids=["half a loop", "an answer", "something between", "too short to tell", "goodbyes"],
)
def test_what_only_resembles_a_loop_is_left_alone(texts: tuple[str, ...]) -> None:
    assert found_at(loop, talk(*texts)) == []
