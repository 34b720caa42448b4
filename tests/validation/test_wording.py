import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.wording import likeness, says_the_same, wording


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", "hello world"),
        ("  two\n\tlines ", "two lines"),
        ("don't / DON\u2019T", "dont dont"),
        ("snake_case and kebab-case", "snake case and kebab case"),
        ("\uff26ull width \uff11\uff12", "full width 12"),
        ("Straße", "strasse"),
        ("cafe\u0301 = café", "café café"),
        ("हिन्दी में", "हिन्दी में"),
        ("你好 Anna", "你 好 anna"),
        ("한국어 문장", "한국어 문장"),
        ("👍 ?!", ""),
    ],
)
def test_the_words_of_a_message_are_free_of_how_it_is_typed(text: str, words: str) -> None:
    assert " ".join(wording(text).words) == words


@given(st.text())
def test_the_words_of_words_are_the_same_words(text: str) -> None:
    words = wording(text).words
    assert wording(" ".join(words)).words == words


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_has_the_same_words_next_to_other_letters(text: str) -> None:
    assert wording(f"{text} é").words == (*wording(text).words, "é")


@given(st.text(), st.text())
def test_likeness_is_a_share_and_has_no_direction(one: str, other: str) -> None:
    assert 0 <= likeness(one, other) == likeness(other, one) <= 1


def test_likeness_is_the_share_of_distinct_words_in_common() -> None:
    assert likeness("a b c d e f g h i j", "a b c d e f g h i x") == pytest.approx(9 / 11)
    assert likeness("a b c d e e", "e d c b a a") == 1
    assert likeness("a b c d", "a b c d") == 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("a b c d e", "A, b; c. D e!", True),
        ("a b c d e f g h", "a b c d e f g h i j", True),
        ("a b c d e f g h", "a b c d e f g h i j k", False),
        ("it costs 10 euros today", "it costs 12 euros today", False),
        ("it costs 10 euros today and", "it costs 10 euros today", True),
    ],
)
def test_messages_say_the_same_from_four_fifths_of_their_words_on(
    one: str, other: str, is_same: bool
) -> None:
    assert says_the_same(one, other) is is_same
