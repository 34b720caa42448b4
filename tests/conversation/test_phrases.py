"""Phrases are found wherever their pattern is, although most texts are never searched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duologue.conversation import refusals
from duologue.conversation.phrases import Phrases, plain
from duologue.validation import broken_replies, orchestration, out_of_role, role_flip

ALL = {
    "fourth wall": out_of_role._FOURTH_WALL,
    "roles": role_flip._PHRASES._any["en"],
    "roles, Russian": role_flip._PHRASES._any["ru"],
    "roles, Chinese": role_flip._PHRASES._any["zh"],
    "orchestration": orchestration._ENGLISH,
    "orchestration, foreign": orchestration._FOREIGN,
    "refusal": refusals._REFUSAL,
    "error": broken_replies._ERROR,
}


@pytest.mark.parametrize("phrases", ALL.values(), ids=ALL)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_text_with_a_phrase_is_searched(phrases: Phrases, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(phrases.pattern))
    if phrases.pattern.search(plain(text)):
        assert phrases.may_be_in(text), text


def test_a_text_without_its_words_is_not_searched() -> None:
    phrases = Phrases(r"\bhow (?:can|may) i (?:help|assist)\b", r"\bfeel free\b")
    assert phrases.search("HOW CAN I HELP?")
    assert phrases.search("Feel free to ask")
    assert not phrases.match("Please feel free")
    assert not phrases.may_be_in("How can I pay?")
    assert not phrases.may_be_in("I am fine")
    assert Phrases(r"\d+ ?%").search("10 %"), "nothing is certain, so every text is searched"
