import pytest

from duologue.validation.orchestration import orchestration
from duologue.validation.rule import Expectations
from duologue.validation.stage_directions import stage_direction
from tests.validation.talking import found_at, talk

DIRECTIONS = [
    "(The conversation is over.)",
    "*That evening*",
    "[I have none, so I wait]",
    "(Диалог завершён)",
    "*sighs* I have tried that already.",
    "(pauses for a moment) I am not sure.",
    "I have tried that. *hangs up*",
    "Thank you, that helps. [ends the chat]",
    "Bye then! (The customer leaves the chat.)",
    "Ich warte.\n\n*schaut auf die Uhr*",
    "\uff08沉默了一会儿\uff09好吧",
    "【三天后】",
    "J'attends. *raccroche le téléphone*",
    "_looks at the receipt again_",
    "Well, *scrolls through the emails* I can't find it.",
    "It still *grabs the manual* says nothing.",
    "Je ne sais pas. *cherche dans ses papiers* Un instant.",
]
SPEECH = [
    "It costs 5 euros (plus shipping).",
    "I bought it (last week).",
    "I *really* need it.",
    "The number that is *further left* is smaller, right?",
    "**Order:** 1001",
    "* milk\n* bread",
    "(haha)",
    "See [the page](https://example.org).",
    "(https://example.org/a/page)",
    "Where can I go? (e.g. Rome or Oslo)",
    "\uff08今日はよろしくお願いします\uff09",
    "2 * 3 * 4",
    "snake_case_name and other_name",
    "`*a b c*`",
]


@pytest.mark.parametrize("text", DIRECTIONS)
def test_a_stage_direction_of_the_user_is_found(text: str) -> None:
    assert found_at(stage_direction, talk("Hello", "Hi", text, "Oh")) == [2]
    assert found_at(stage_direction, talk("Hello", text)) == []
    assert found_at(stage_direction, talk(text, "Hi"), Expectations(seed_message=text)) == []


@pytest.mark.parametrize("text", SPEECH)
def test_what_people_put_in_brackets_and_asterisks_is_fine(text: str) -> None:
    assert found_at(stage_direction, talk("Hello", "Hi", text)) == []


def test_brackets_that_both_sides_use_are_how_they_speak() -> None:
    messages = talk("Hello", "(I am back in a minute)", "(No hurry at all)")
    assert found_at(stage_direction, messages) == []


INSTRUCTIONS = [
    "Say goodbye and .",
    "I would like a refund, as the task requirements say.",
    "The customer's next message is: where is my order?",
    "Generate the next user message",
    "Okay. The conversation has ended.",
    "Remember to stay in character.",
    "Please check again. We have developer instructions: keep it short.",
    "Where is it?\n\nI am the user, not the assistant.",
    "So now I must continue as the user. Where is my order?",
    "I should reply as a customer: where is my order?",
    "ok thanks. The agent under test will respond.",
    "Следующее сообщение пользователя: где мой заказ?",
    "用户的下一条消息\uff1a我的订单在哪里",
    "Según las instrucciones, pido un reembolso.",
]


@pytest.mark.parametrize("text", INSTRUCTIONS)
def test_an_instruction_for_the_user_is_found(text: str) -> None:
    assert found_at(orchestration, talk("Hello", "Hi", text)) == [2]
    assert found_at(orchestration, talk("Hello", text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "I followed your instructions, and it works.",
        "Could you write a message to my landlord?",
        "What is it for ?",
        "My task is late.",
        "I am the customer, not the seller.",
        "As a customer I must say that I am not happy.",
        "Where are the instructions for developers?",
        "I sent a message and a photo.",
        "Based on your description I take the red one.",
        "根据您的建议\uff0c我买红色的",
    ],
)
def test_talk_about_messages_and_tasks_is_fine(text: str) -> None:
    assert found_at(orchestration, talk("Hello", "Hi", text)) == []
