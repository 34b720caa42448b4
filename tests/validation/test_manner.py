import pytest

from duologue.validation.manner import polite_user, verbose_user
from duologue.validation.rule import Expectations
from tests.validation.talking import found_at, talk


@pytest.mark.parametrize(
    "polite",
    [
        "Could you please tell me?",
        "Thanks a lot!",
        "Bitte noch heute",
        "请告诉我",
        "教えてください",
    ],
)
def test_a_user_who_is_polite_most_of_the_time_is_reported(polite: str) -> None:
    assert found_at(polite_user, talk(polite, "Yes", polite)) == [None]
    assert found_at(polite_user, talk("When?", polite, "Where?", polite)) == []
    assert found_at(polite_user, talk(polite, "Yes", "When?", "Now")) == [], "half is not most"
    assert found_at(polite_user, talk(polite, "Yes")) == [], "one message tells nothing"


def test_a_user_whose_messages_are_long_is_reported() -> None:
    long, short = "words and more " * 25, "just a few"
    assert found_at(verbose_user, talk(long, short, long)) == [None]
    assert found_at(verbose_user, talk(long, long, short)) == []
    assert found_at(verbose_user, talk(long, short)) == []
    assert found_at(verbose_user, []) == []


def test_both_can_be_set() -> None:
    messages = talk("Please", "Yes", "When?", "Now", "Where do I find it?")
    assert len(list(polite_user(messages, Expectations(), polite_share=0.3))) == 1
    assert len(list(verbose_user(messages, Expectations(), many_words=2))) == 1
