import pytest

from duologue.validation.both_sides import bare_label, labelled_user
from duologue.validation.residue import placeholder
from duologue.validation.structure import hardly_a_conversation
from tests.validation.talking import found_at, talk


@pytest.mark.parametrize(
    "text", ["CUSTOMER:", "User:", "[Клиент]:", "**Patient:**", "用户\uff1a", "客户"]
)
def test_a_message_that_is_only_a_label_is_found(text: str) -> None:
    assert found_at(bare_label, talk("Hello", "Hi", text)) == [2]
    assert found_at(bare_label, talk("Hello", text)) == []


@pytest.mark.parametrize("text", ["Yes", "Red one please", "No thanks :)", "At 10:30", "Order: 12"])
def test_a_short_message_is_no_label(text: str) -> None:
    assert found_at(bare_label, talk("Hello", "Hi", text)) == []


@pytest.mark.parametrize("label", ["User", "Клиент", "Anna", "Пациентка", "患者"])
def test_a_label_before_every_message_is_found(label: str) -> None:
    messages = talk(f"{label}: Hello", "Hi", f"{label}: A lamp", "Which?", f"{label}: A red one")
    assert found_at(labelled_user, messages) == [0]


def test_topics_before_some_messages_are_fine() -> None:
    messages = talk("Order: it is late", "Hm", "Invoice: it is wrong", "Oh", "And now?")
    assert found_at(labelled_user, messages) == []


@pytest.mark.parametrize(
    "text",
    [
        "My name is (name).",
        "Call +7 (XXX) XXX-XX-XX",
        "It is 0800 XXX XXX.",
        "INSTRUCTIONS.",
        "Меня зовут [имя].",
        "我叫【姓名】",
        "Born on DD/MM/YYYY",
    ],
)
def test_a_blank_in_any_bracket_is_found(text: str) -> None:
    assert found_at(placeholder, talk("Hello", "Hi", text)) == [2]


@pytest.mark.parametrize(
    "text",
    ["Size XXL, please", "It is (really) late", "YES!", "Chapter XXX", "x x x", "(see above)"],
)
def test_sizes_and_asides_are_no_blanks(text: str) -> None:
    assert found_at(placeholder, talk("Hello", "Hi", text)) == []


def test_the_marks_of_an_anonymised_corpus_are_no_blanks() -> None:
    assert found_at(placeholder, talk("I am [NAME]", "Hello [NAME]!", "Yes")) == []
    assert found_at(placeholder, talk("I am [NAME]", "Hello!", "Yes")) == [0]


def test_what_is_hardly_a_conversation_is_found() -> None:
    assert found_at(hardly_a_conversation, talk("Hello")) == [None]
    assert found_at(hardly_a_conversation, talk("Thanks, bye!", "Goodbye!")) == [0]
    assert found_at(hardly_a_conversation, talk("Hello", "Hi")) == []
    assert found_at(hardly_a_conversation, talk("Ciao!", "Buongiorno!")) == [], "it is a greeting"
    assert found_at(hardly_a_conversation, []) == []


def test_a_label_in_three_of_ten_messages_suffices_and_the_opening_may_lack_a_name() -> None:
    plain = [f"I would like to know more about item number {n}." for n in range(10)]
    some = [f"User: {text}" if n in (3, 5, 8) else text for n, text in enumerate(plain)]
    named = [plain[0], *(f"Maria: {text}" for text in plain[1:4])]
    for texts, place in ((some, 6), (named, 2), (plain, None)):
        talked = talk(*(text for said in texts for text in (said, "Of course.")))
        assert found_at(labelled_user, talked) == ([] if place is None else [place])


def test_a_name_before_most_of_the_users_messages_is_found() -> None:
    said = ["Is there rum in it?", "And in that?", "Jon Doe: Is it sweet?", "Jon Doe: I see."]
    texts = [part for text in [*said, "Jon Doe: Two, then."] for part in (text, "It depends.")]
    assert found_at(labelled_user, talk(*texts)) == [4]
    assert found_at(labelled_user, talk(*texts[:-2])) == [], "twice may be chance"
