import unicodedata

import pytest

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Message, Role
from duologue.errors import EmptyReplyError
from duologue.evaluation.rules import broken_rules
from duologue.participants.protocol import usable_text
from duologue.validation.structure import empty_message
from tests.validation.talking import found_at, talk

NOTHING = {
    "no text": "",
    "white space": " \t\r\n\u00a0\u2003\u3000",
    "zero-width spaces": "\u200b\u200b",
    "a byte order mark": "\ufeff",
    "a word joiner": "\u2060",
    "a soft hyphen": "\xad",
    "a direction mark": "\u200f\u061c",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "Braille's empty cell": "\u2800\u2800",
    "variation selectors": "\ufe0f\U000e0100",
    "a tag without its emoji": "\U000e0067\U000e007f",
    "a grapheme joiner": "\u034f",
    "a control character": "\x07",
}
SOMETHING = [
    "a",
    ".",
    "?",
    "\U0001f44d",
    "\u200b\u0645",
    "\u2801",
    "\u2764\ufe0f",
    "\u0600",
    "\ufffd",
]


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING.keys())
def test_every_part_of_duologue_finds_the_same_texts_empty(text: str) -> None:
    assert is_empty(text)
    with pytest.raises(EmptyReplyError):
        usable_text(text, "my-bot")
    assert found_at(empty_message, talk("Hi", text)) == [1]
    assert broken_rules(Message(role=Role.ASSISTANT, text=text), None) == ("empty",)


@pytest.mark.parametrize("text", SOMETHING)
def test_what_a_reader_sees_is_not_empty(text: str) -> None:
    assert not is_empty(text)
    assert usable_text(text, "my-bot") == text
    assert found_at(empty_message, talk("Hi", text)) == []


def test_only_invisible_categories_are_empty() -> None:
    """No letter, digit, sign or symbol is, except for those that fonts draw blank."""
    blank = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"
    found = {
        unicodedata.category(character)
        for character in map(chr, range(0x110000))
        if is_empty(character) and character not in blank
    }
    assert found <= {"Cc", "Cf", "Cn", "Mn", "Zl", "Zp", "Zs"}
