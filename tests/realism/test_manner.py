"""Marks of single messages, in several languages."""

import pytest

from duologue.realism import manner
from duologue.realism.users import Spoken


def spoken(text: str, answered: str | None = None, before: str | None = None) -> Spoken:
    return Spoken(text, 2, answered, before)


@pytest.mark.parametrize(
    ("mark", "there", "not_there"),
    [
        (manner.capital_first, ["Hi", "«Привет»", "1. Äpfel"], ["hi", "ok. Fine", "привет"]),
        (manner.ends_with_mark, ["ok.", "ok?", "好的。", 'so "yes!"', "…"],
         ["ok", "ok :)", "好的"]),
        (manner.asks, ["why?", "为什么\uff1f"], ["why", "why."]),
        (manner.exclaims, ["great!", "好\uff01"], ["great"]),
        (manner.has_emoji, ["ok 👍", "ok :)", "thanks <3"], ["at 10:30)", "ratio 3:1", "ok"]),
        (manner.hesitates, ["um no", "maybe tuesday", "well... ok", "vielleicht", "嗯"],
         ["tuesday", "the museum"]),
        (manner.slips, ["i dont know", "what??", "ok , fine", "so i said", "noooo", "yes,ok"],
         ["I don't know.", "What?", "It costs 1,50.", "www.shop.com"]),
        (manner.shouts, ["WHERE IS IT", "ГДЕ ЭТО"], ["OK", "where is it", "Where"]),
        (manner.has_markup, ["a:\n- b\n- c", "**now**", "one\n\ntwo"], ["a - b", "one\ntwo"]),
        (manner.has_number, ["order 5512", "٣ pieces"], ["order"]),
        (manner.greets, ["Hello! I need help", "Guten Tag, ich suche", "你好\uff0c我想"],
         ["I need", "Help!"]),
        (manner.acknowledges, ["Great, thanks", "That sounds good", "ok so", "好的"],
         ["no", "greatest hits", "but why", "oklahoma"]),
        (manner.objects, ["no, the other", "that's not what I asked", "aber warum", "不是"],
         ["yes", "north", "notes please", "Nothing else"]),
        (manner.polite, ["yes please", "谢谢"], ["yes"]),
        (manner.few_words, ["yes", "order 5512 now"], ["the order of last week"]),
    ],
)  # fmt: skip
def test_marks(mark: manner.Mark, there: list[str], not_there: list[str]) -> None:
    assert [text for text in there if mark(spoken(text)) != 1] == []
    assert [text for text in not_there if mark(spoken(text)) != 0] == []


def test_marks_mean_nothing_where_a_script_has_no_such_thing() -> None:
    assert manner.capital_first(spoken("你好")) is None
    assert manner.shouts(spoken("你好")) is None
    assert manner.word_length(spoken("你好")) is None
    assert manner.takes_up(spoken("hello there")) is None


def test_words_that_come_from_the_chatbot() -> None:
    assert manner.takes_up(spoken("the blue kettle", "We have a Blue one.")) == 0.5
    assert manner.word_length(spoken("a kettle")) == 3.5


@pytest.mark.parametrize(
    ("reply", "before", "misses"),
    [
        ("I'm sorry, I can't help with that.", None, True),
        ("Leider weiß ich das nicht.", None, True),
        ("Could you rephrase that?", None, True),
        ("We ship on Monday with the usual carrier.", "We ship on Monday with the usual carrier.",
         True),
        ("We ship on Monday.", "Which order do you mean?", False),
    ],
)  # fmt: skip
def test_replies_that_miss_the_point(reply: str, before: str | None, misses: bool) -> None:
    assert manner.is_miss(reply, before) is misses
    marked = manner.after_miss(manner.objects)(spoken("no, not that", reply, before))
    assert marked == (1.0 if misses else None)
