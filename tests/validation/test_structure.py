import pytest

from duologue.conversation.messages import EndReason, EndsWith, Message, Role
from duologue.validation.rule import Expectations
from duologue.validation.structure import (
    broken_alternation,
    empty_message,
    no_messages,
    wrong_ending,
    wrong_length,
    wrong_opening,
)
from tests.validation.talking import found_at, talk

SAID = ("Hello", "Hi", "When?", "Now", "Good", "Bye", "Bye then", "So long")


def settings(ends_with: EndsWith, end_reason: EndReason, turns: int = 2) -> Expectations:
    return Expectations(turns=turns, ends_with=ends_with, end_reason=end_reason)


def test_a_conversation_without_messages_is_found() -> None:
    assert found_at(no_messages, []) == [None]
    assert found_at(no_messages, talk("Hello")) == []


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u3000\u00a0"])
def test_a_message_of_nothing_but_space_is_found(blank: str) -> None:
    assert found_at(empty_message, talk("Hello", blank, "Are you there?", blank)) == [1, 3]


def test_a_message_of_one_sign_is_not_empty() -> None:
    assert found_at(empty_message, talk("Hello", "?", "0", "👍")) == []


def test_two_messages_of_one_side_in_a_row_are_found() -> None:
    messages = [Message(role=Role.USER, text=text) for text in ("Hello", "Are you there?")]
    assert found_at(broken_alternation, [*messages, *talk("Yes", opens=Role.ASSISTANT)]) == [1]


def test_sides_that_take_turns_are_fine_whoever_opens() -> None:
    assert found_at(broken_alternation, talk("Hello", "Hi", "When?")) == []
    assert found_at(broken_alternation, talk("Hi", "When?", opens=Role.ASSISTANT)) == []


def test_the_seed_message_must_open_word_for_word_as_user() -> None:
    expected = Expectations(seed_message="Hello")
    assert found_at(wrong_opening, talk("Hello", "Hi"), expected) == []
    assert found_at(wrong_opening, talk("hello", "Hi"), expected) == [0]
    assert found_at(wrong_opening, talk("Hello", "Hi", opens=Role.ASSISTANT), expected) == [0]


def test_a_foreign_transcript_may_open_with_a_greeting_of_the_assistant() -> None:
    assert found_at(wrong_opening, talk("How can I help?", "Hi", opens=Role.ASSISTANT)) == []


@pytest.mark.parametrize(
    ("ends_with", "end_reason", "messages", "is_fine"),
    [
        (EndsWith.USER, EndReason.MAX_TURNS, 5, True),
        (EndsWith.USER, EndReason.MAX_TURNS, 4, False),
        (EndsWith.USER, EndReason.MAX_TURNS, 3, False),
        (EndsWith.USER, EndReason.MAX_TURNS, 7, False),
        (EndsWith.ASSISTANT, EndReason.MAX_TURNS, 4, True),
        (EndsWith.ASSISTANT, EndReason.MAX_TURNS, 5, False),
        (EndsWith.ASSISTANT, EndReason.MAX_TURNS, 2, False),
        (EndsWith.USER, EndReason.USER_ENDED, 2, True),
        (EndsWith.USER, EndReason.USER_ENDED, 3, True),
        (EndsWith.USER, EndReason.USER_ENDED, 6, False),
        (EndsWith.ASSISTANT, EndReason.FAREWELL_LOOP, 4, True),
        (EndsWith.ASSISTANT, EndReason.FAREWELL_LOOP, 6, False),
    ],
)
def test_the_length_must_fit_the_turns_and_the_end_reason(
    ends_with: EndsWith, end_reason: EndReason, messages: int, is_fine: bool
) -> None:
    expected = settings(ends_with, end_reason)
    assert found_at(wrong_length, talk(*SAID[:messages]), expected) == ([] if is_fine else [None])


@pytest.mark.parametrize(
    ("ends_with", "end_reason", "messages", "is_fine"),
    [
        (EndsWith.USER, EndReason.MAX_TURNS, 5, True),
        (EndsWith.USER, EndReason.MAX_TURNS, 4, False),
        (EndsWith.USER, EndReason.USER_ENDED, 3, True),
        (EndsWith.USER, EndReason.USER_ENDED, 2, True),
        (EndsWith.USER, EndReason.FAREWELL_LOOP, 4, True),
        (EndsWith.ASSISTANT, EndReason.MAX_TURNS, 4, True),
        (EndsWith.ASSISTANT, EndReason.MAX_TURNS, 3, False),
        (EndsWith.ASSISTANT, EndReason.USER_ENDED, 3, False),
        (EndsWith.ASSISTANT, EndReason.FAREWELL_LOOP, 3, False),
    ],
)
def test_the_side_that_ends_must_fit_the_settings_and_the_end_reason(
    ends_with: EndsWith, end_reason: EndReason, messages: int, is_fine: bool
) -> None:
    expected = settings(ends_with, end_reason)
    last = messages - 1
    assert found_at(wrong_ending, talk(*SAID[:messages]), expected) == ([] if is_fine else [last])


def test_what_is_not_known_is_not_checked() -> None:
    for messages in (talk(*SAID), talk(*SAID[:1]), []):
        assert found_at(wrong_length, messages) == []
        assert found_at(wrong_ending, messages) == []
        assert found_at(wrong_opening, messages) == []
