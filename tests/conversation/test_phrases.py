"""Phrases are found wherever their pattern is, although most texts are never searched."""

import pytest

from duologue.conversation.phrases import Phrases
from duologue.validation import orchestration, out_of_role, role_phrases
from tests.conversation.required_strings import required

ALL = {
    "fourth wall": out_of_role._FOURTH_WALL,
    "sorry": out_of_role._SORRY,
    "policy": out_of_role._POLICY,
    "roles": role_phrases._ENGLISH,
    "orchestration": orchestration._ENGLISH,
    "orchestration, foreign": orchestration._FOREIGN,
}


def unproved(phrases: Phrases) -> list[list[str]]:
    """The alternatives whose matches may lack all anchors, by examples of what they contain."""
    return [
        [min(strings) for strings in sets]
        for sets in required(phrases.pattern.pattern)
        if not any(all(_has_anchor(one, phrases) for one in strings) for strings in sets)
    ]


def _has_anchor(text: str, phrases: Phrases) -> bool:
    return any(anchor in text for anchor in phrases.anchors)


@pytest.mark.parametrize("phrases", ALL.values(), ids=ALL)
def test_no_phrase_is_without_an_anchor(phrases: Phrases) -> None:
    assert not unproved(phrases), "add to its anchors one that is in all forms of these phrases"


def test_a_missing_anchor_shows() -> None:
    phrases = Phrases(r"\bhow (?:can|may) i (?:help|assist)\b", r"feel free", anchors=["i help"])
    assert unproved(phrases) == [["how can i assist"], ["feel free"]]
    assert unproved(Phrases(r"(?:an? |the )+end", anchors=["a end", "an end"])) == [["a ", "a end"]]
    assert not unproved(Phrases(r"(?:an? |the )+end", anchors=[" end"]))
    assert unproved(Phrases(r"\w+ (?:ends)?", anchors=["ends"])), "the word may be left out"


def test_a_text_without_an_anchor_is_not_searched() -> None:
    phrases = Phrases(
        r"\bhow (?:can|may) i (?:help|assist)\b",
        r"\bfeel free\b",
        anchors=["can i", "may i", "free"],
    )
    assert phrases.search("HOW CAN I HELP?")
    assert phrases.search("Please feel free to ask")
    assert not phrases.search("Free of charge")
    assert not phrases.may_be_in("How do I pay?")


def test_apostrophes_and_broken_characters_do_not_matter() -> None:
    phrases = Phrases("i'm an? ai", anchors=["i'm a"])
    assert phrases.search("\ud83d I\u2019m an AI")
