import pytest

from duologue.conversation.messages import Role
from duologue.validation.language import language_drift
from duologue.validation.rule import Expectations
from tests.validation.talking import found_at, talk

ENGLISH = "How long do I have to send back a pair of shoes that are too small?"
ENGLISH_REPLY = "You have thirty days from the day on which the parcel reached you."
GERMAN = "Wie lange habe ich Zeit, um die Schuhe wieder zurückzuschicken?"
GERMAN_REPLY = "Sie haben dreißig Tage Zeit, gerechnet von dem Tag, an dem das Paket ankam."
FRENCH = "Je voudrais savoir combien de temps il me reste pour renvoyer les chaussures."
CHINESE = "我还有多长时间可以把这双鞋子退回去\uff1f我想知道一下具体的规定"
RUSSIAN = "Сколько времени осталось, чтобы вернуть ботинки, которые мне малы?"


@pytest.mark.parametrize("foreign", [GERMAN, FRENCH, CHINESE, RUSSIAN])
def test_a_side_that_changes_its_language_is_found(foreign: str) -> None:
    assert found_at(language_drift, talk(ENGLISH, ENGLISH_REPLY, foreign)) == [2]
    assert found_at(language_drift, talk(ENGLISH, foreign)) == [1]


def test_a_change_into_english_is_found_too() -> None:
    assert found_at(language_drift, talk(GERMAN, GERMAN_REPLY, ENGLISH)) == [2]
    assert found_at(language_drift, talk(CHINESE, ENGLISH_REPLY)) == [1]


def test_it_is_reported_once_a_side() -> None:
    messages = talk(ENGLISH, GERMAN_REPLY, GERMAN, GERMAN_REPLY, FRENCH)
    assert found_at(language_drift, messages) == [1, 2]


def test_the_opening_is_the_users_also_after_a_greeting() -> None:
    messages = talk(ENGLISH_REPLY, GERMAN, GERMAN_REPLY, opens=Role.ASSISTANT)
    assert found_at(language_drift, messages) == [0]


ALL_RIGHT = {
    "one language": (ENGLISH, ENGLISH_REPLY, "And who pays if I send them back by mail?"),
    "a few foreign words": (ENGLISH, "Danke schön!", "Merci beaucoup", "Pizza Margherita"),
    "a name and a number": (ENGLISH, "Müller, Königstraße 12, 70173 Stuttgart"),
    "a short opening": ("Hallo", ENGLISH_REPLY, GERMAN),
    "code": (GERMAN, f"```\n# {ENGLISH}\n# {ENGLISH_REPLY}\n```"),
    "a link": (ENGLISH, "https://example.org/wie-lange-habe-ich-zeit-um-die-schuhe"),
    "quoted words": (ENGLISH, "The sign says \u201eHeute geschlossen\u201c, so we are closed."),
    "near relatives": (
        "Jeg vil gjerne vite hvor lang tid jeg har på å sende tilbake skoene",
        "Hej, jeg vil gerne vide, hvor længe jeg må vente på at få mine sko tilbage",
    ),
}


@pytest.mark.parametrize("texts", ALL_RIGHT.values(), ids=ALL_RIGHT)
def test_short_or_doubtful_texts_are_no_drift(texts: tuple[str, ...]) -> None:
    assert found_at(language_drift, talk(*texts)) == []


def test_length_and_confidence_can_be_set() -> None:
    messages = talk(ENGLISH, GERMAN_REPLY)
    assert list(language_drift(messages, Expectations(), language_letters=200)) == []
    assert list(language_drift(messages, Expectations(), language_confidence=1.0)) == []
