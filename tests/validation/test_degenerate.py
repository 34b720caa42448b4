import pytest

from duologue.validation.broken_replies import broken_reply
from duologue.validation.degenerate import degenerate_message
from duologue.validation.rule import Expectations
from tests.validation.talking import found_at, talk

DEGENERATE = {
    "a phrase": "I'm sorry, " * 6,
    "two sentences": "You're not here. I'm not here. " + "I'm not here. " * 6,
    "a word": "no " * 20,
    "after a start": "I wanted to ask about my order because it is late. " + "It is late. " * 9,
    "almost regular": (
        "I'm so glad of you, I'm glad of you. I'm glad of you. I'm really glad of you, I'm so glad "
        "of you, I'm glad of you. I'm so glad of you, I'm so happy with you. I'm so happy with you."
    ),
    "a character": "a" * 300,
    "signs": "Hello" + "!" * 200,
    "Chinese": "我想退货。" * 12,
    "Japanese": "すみません、" * 12,
    "Russian": "Простите, " * 12,
    "Arabic": "أنا آسف جدا " * 12,
    "Thai": "ขอโทษครับ" * 12,
    "lines": "Customer\n" * 30,
}


@pytest.mark.parametrize("text", DEGENERATE.values(), ids=DEGENERATE)
def test_a_message_that_repeats_itself_is_found_on_its_side(text: str) -> None:
    assert found_at(degenerate_message, talk("Hello", "Hi", text, "Oh")) == [2]
    assert found_at(broken_reply, talk("Hello", text, "What?")) == [1]
    assert found_at(degenerate_message, talk("Hello", text)) == []


def test_the_seed_message_is_the_persons_own() -> None:
    seed = DEGENERATE["a phrase"]
    assert found_at(degenerate_message, talk(seed, "Hi"), Expectations(seed_message=seed)) == []


ORDINARY = {
    "emphasis": "No, no, no! That is not what I ordered.",
    "a long question": (
        "I bought a lamp three weeks ago and the shade is cracked. I have kept the box but not the "
        "receipt. I paid by card, I think, or maybe my husband did, he is away until Sunday. Can I "
        "still return the lamp, and do I have to bring the box to the shop?"
    ),
    "asked three times": "Where do I find the order number?\n" * 3,
    "a log": "\n".join(
        f"T{n} connected to PC-{n * 7} at 08:{n:02}\nT{n} disconnected from PC-{n * 7} at 09:{n:02}"
        for n in range(10, 20)
    ),
    "a line": "Dear team\n" + "-" * 200 + "\nmy order is late",
    "a table": "\n".join(f"| item {n} | {n * 3} pieces | {n * 11} euros |" for n in range(12)),
    "laughter": "hahahahaha that is funny",
}


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_emphasis_lists_and_long_questions_are_fine(text: str) -> None:
    assert found_at(degenerate_message, talk("Hello", "Hi", text)) == []
