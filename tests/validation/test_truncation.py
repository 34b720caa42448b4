import pytest

from duologue.settings.rules import TRUNCATION_WORDS
from duologue.validation.rule import Expectations
from duologue.validation.truncation import truncation
from tests.validation.talking import found_at, talk

LONG = (
    "Thank you for the question. You can return the shoes within thirty days, in the shop or by "
    "mail. We send you a label, so that it costs nothing. Once they are here, "
)

CUT = {
    "an article": LONG + "you get back the",
    "a conjunction": LONG + "we look at them and",
    "a comma": LONG + "we look at them,",
    "an open bracket": LONG + "we look at them (",
    "a hyphen": LONG + "we look at them care-",
    "white space behind": LONG + "you get your \n",
    "German": LONG + "Sie erhalten Ihr Geld und",
    "Chinese": "您可以在三十天内退货\u3002" * 20 + "您可以把鞋子带到商店\uff0c",
    "a code fence": LONG + "try this.\n```python\nprint('shoes')\nprint('that fit')",
}


@pytest.mark.parametrize("text", CUT.values(), ids=CUT)
def test_a_message_that_breaks_off_is_found_on_either_side(text: str) -> None:
    assert found_at(truncation, talk("Hi", text)) == [1]
    assert found_at(truncation, talk(text)) == [0]


WHOLE = {
    "a full stop": LONG + "you get your money back.",
    "no full stop": LONG + "you get your money back",
    "a list": LONG + "you need:\n- the receipt\n- the box\n- the shoes",
    "a quotation": LONG + "we say \u201cthank you!\u201d",
    "an emoji": LONG + "you get your money back 😊",
    "a preposition": LONG + "you get what you asked for",
    "closed fences": LONG + "try this.\n```python\nprint('shoes')\n```",
    "backticks in a sentence": LONG + "put it between ``` and send it to us.",
    "haste": "Hi there. I want to return the",
    "no sentences": "shoes " * TRUNCATION_WORDS + "and",
    "nothing": "",
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_a_message_that_may_end_so_is_fine(text: str) -> None:
    assert found_at(truncation, talk("Hi", text)) == []


def test_the_length_can_be_set() -> None:
    message = talk("Hi. I want to return the")
    assert [f.message_index for f in truncation(message, Expectations(), truncation_words=5)] == [0]
