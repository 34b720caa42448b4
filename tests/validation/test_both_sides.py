import pytest

from duologue.conversation.messages import Role
from duologue.validation.both_sides import both_sides_in_one_message, speaker_label
from tests.validation.talking import found_at, talk

BY_THE_USER = {
    "[System]": "That helps, thank you!\n\n[System]: You're welcome! Have a great day.",
    "[Assistant] in one line": "[Assistant]: Your order ships on Monday.",
    "Agent": "I'd like to return them.\nAgent: Of course. What is your order number?",
    "AI": "What are your hours?\n\nAI: We are open from nine to five",
    "bold": "What are your hours?\n**Assistant:** We are open from nine to five.",
    "heading": "What are your hours?\n\n### Assistant:\nWe are open from nine to five.",
    "both labels": "User: When do you open?\nAssistant: At nine.",
    "both labels, the other first": "Agent: We open at nine.\nUser: And on Sundays?",
    "label on its own line": "When do you open?\nChatbot:\nWe open at nine on weekdays.",
    "German": "Wann öffnen Sie?\nAssistent: Wir öffnen um neun.",
    "Chinese": "你们几点开门\uff1f\n助手\uff1a我们早上九点开门。",
    "broken off": "When do you open?\n\nAssistant:",
}
BY_THE_ASSISTANT = {
    "User": "We open at nine.\n\nUser: And when do you close?",
    "Customer": "We open at nine.\nCustomer: Thank you!\nAgent: You're welcome!",
    "Human": "We open at nine.\n\nHuman: And on Sundays",
    "Human, broken off": "We open at nine.\n\nHuman:",
}


@pytest.mark.parametrize("text", BY_THE_USER.values(), ids=BY_THE_USER)
def test_a_user_who_also_speaks_for_the_assistant_is_found(text: str) -> None:
    assert found_at(both_sides_in_one_message, talk("Hello", "Hi", text)) == [2]


@pytest.mark.parametrize("text", BY_THE_ASSISTANT.values(), ids=BY_THE_ASSISTANT)
def test_an_assistant_that_also_speaks_for_the_user_is_found(text: str) -> None:
    assert found_at(both_sides_in_one_message, talk("Hello", text)) == [1]


INNOCENT = {
    "a note": "You can pay by card.\nNote: we don't take cheques.",
    "a login": "To log in, use these.\nUser: admin\nPassword: secret",
    "a login alone": "This is what I typed.\nUser: admin",
    "a form": "We have:\nCustomer: Maria Silva from Lisbon.\nOrder: 1001\nStatus: sent",
    "a definition": "**User**: Can read every document.\n**Editor**: Can also change them.",
    "a system": "I have a laptop.\nSystem: Windows 11 with 16 GB of memory.",
    "within a line": "The label says User: do not open this box at home.",
    "a link": "See here.\n[Support](https://example.org): it has all the answers.",
    "a time": "We open\n9:00 to 17:00 on weekdays, and we close on Sundays.",
    "a topic": "Support: how do I cancel my order?",
    "a word that begins like a label": "Fine.\nUsers: they can all read this page.",
    "nothing": "",
}


@pytest.mark.parametrize("text", INNOCENT.values(), ids=INNOCENT)
def test_a_label_without_a_second_signal_is_left_alone(text: str) -> None:
    assert found_at(both_sides_in_one_message, talk(text, "Hi")) == []
    assert found_at(both_sides_in_one_message, talk(text, opens=Role.ASSISTANT)) == []


def test_a_message_that_opens_with_its_own_label_is_found() -> None:
    messages = talk("User: When do you open?", "Assistant: We open at nine.")
    assert found_at(speaker_label, messages) == [0, 1]
    assert found_at(both_sides_in_one_message, messages) == []


@pytest.mark.parametrize(
    "text", ["When do you open?", "User: admin", "Hours: when do you open?", "Hi.\nUser: I am Mia."]
)
def test_a_message_without_its_own_label_is_fine(text: str) -> None:
    assert found_at(speaker_label, talk(text)) == []
