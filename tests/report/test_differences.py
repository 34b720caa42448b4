"""Which words differ between two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.report.differences import Part, differences
from duologue.storage.text import encoded


def marked(parts: list[Part]) -> str:
    return "".join(f"[{part.text}]" if part.differs else part.text for part in parts)


@pytest.mark.parametrize(
    ("one", "other", "marked_one", "marked_other"),
    [
        ("It is open.", "It is open.", "It is open.", "It is open."),
        ("It is open.", "It is now closed.", "It is [open].", "It is [now closed]."),
        ("On Monday, please", "On Friday, please", "On [Monday], please", "On [Friday], please"),
        ("It's 12.50 €", "It's 13.50 €", "It's [12].50 €", "It's [13].50 €"),
        ("one\n\ntwo  three", "one two three", "one\n\ntwo  three", "one two three"),
        ("", "Hi!", "", "[Hi!]"),
        ("Hi!", "", "[Hi!]", ""),
        (
            "営業は九時からです",
            "営業は十時からです",
            "営業は[九]時からです",
            "営業は[十]時からです",
        ),
        ("สวัสดีครับ", "สวัสดีค่ะ", "สวัสดี[ครับ]", "สวัสดี[ค่ะ]"),
        ("Well done 👍🏽 sir", "Well done 👍 sir", "Well done [👍🏽] sir", "Well done [👍] sir"),
        ("left of it", "right of here", "[left of it]", "[right of here]"),
    ],
)
def test_words_that_the_other_text_has_not_are_marked(
    one: str, other: str, marked_one: str, marked_other: str
) -> None:
    ours, theirs = differences(one, other)
    assert (marked(ours), marked(theirs)) == (marked_one, marked_other)


@given(st.text(), st.text())
def test_nothing_of_a_text_is_lost(one: str, other: str) -> None:
    ours, theirs = differences(one, other)
    assert "".join(part.text for part in ours) == one
    assert "".join(part.text for part in theirs) == other


@given(st.text())
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert not any(part.differs for parts in differences(text, text) for part in parts)


def test_half_a_surrogate_pair_can_differ() -> None:
    ours, _ = differences("it is \ud83d", "it is \ude00")
    assert [encoded(part.text) for part in ours] == [b"it is ", rb"\ud83d"]
