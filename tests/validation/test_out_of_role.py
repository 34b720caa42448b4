import pytest

from duologue.conversation.messages import Role
from duologue.validation.out_of_role import assistant_refusal, fourth_wall, role_flip
from tests.validation.talking import found_at, talk

FLIPPED = {
    "an offer and patience": "Thank you for your patience! How can I help you today?",
    "welcome, and the door left open": "You're welcome! If you have any questions, just ask.",
    "an offer with a curly apostrophe": (
        "I\u2019d be happy to assist you. Could you please provide your order number?"
    ),
    "an apology and the door": (
        "I apologize for the inconvenience. Please don't hesitate to contact us again."
    ),
    "German": "Vielen Dank für Ihre Geduld. Wie kann ich Ihnen helfen?",
    "Spanish": "Gracias por su paciencia. ¿En qué puedo ayudarle?",
    "French": "Merci de votre patience. Comment puis-je vous aider ?",
    "Chinese": "感谢您的耐心\u3002请问有什么可以帮您\uff1f",
}


@pytest.mark.parametrize("text", FLIPPED.values(), ids=FLIPPED)
def test_a_user_who_serves_is_found(text: str) -> None:
    assert found_at(role_flip, talk("Hello", "Hi", text)) == [2]
    assert found_at(role_flip, talk("Hello", text)) == [], "an assistant does right to serve"


def test_one_signal_is_enough_where_the_assistant_asks_as_a_user() -> None:
    offer = "How can I help you today?"
    assert found_at(role_flip, talk("Hi", "Hello", offer, "I need help with my order.")) == [2]
    assert found_at(role_flip, talk("Hi", "I want to return my shoes.", offer)) == [2]
    assert found_at(role_flip, talk("Hi", "Hello", offer, "You have thirty days.")) == []


NOT_FLIPPED = {
    "an offer to show": "Is there anything else I can provide?",
    "thanks for contacting": "Thank you for contacting them for me.",
    "asks for help": "Can you help me? I need to know if you have any questions for me.",
    "a question about an order": "My refund has been promised twice. Your order form is broken.",
    "welcome": "You're welcome!",
}


@pytest.mark.parametrize("text", NOT_FLIPPED.values(), ids=NOT_FLIPPED)
def test_one_signal_alone_is_no_flip(text: str) -> None:
    assert found_at(role_flip, talk("Hello", "Hi, how can I help you?", text)) == []


BEYOND_THE_WALL = {
    "as an AI": "As an AI language model, I don't have an order number.",
    "am an AI": "I'm just an AI, so I can't open the parcel.",
    "a chatbot": "Sorry, I am a chatbot and have no address.",
    "as the user": 'As the user, I would say: "Hello!"',
    "as a customer": "As a customer, I would ask about the warranty.",
    "the user would": "The user would respond that the shoes are too small.",
    "the simulation": "In this simulation I am looking for shoes.",
    "in character": "Let me stay in character and ask about shoes.",
    "a message to send": "Here's a possible user message for that:",
}


@pytest.mark.parametrize("text", BEYOND_THE_WALL.values(), ids=BEYOND_THE_WALL)
def test_a_user_who_knows_of_the_play_is_found(text: str) -> None:
    assert found_at(fourth_wall, talk("Hello", "Hi", text)) == [2]
    assert found_at(fourth_wall, talk("Hello", text)) == [], "an assistant may say what it is"


WITHIN_THE_WALL = {
    "to an AI": "As an AI, you should know that.",
    "a question": "Am I talking to an AI or to a person?",
    "a profession": "I am an AI engineer and need a laptop.",
    "a customer": "As a customer, I would like to pay by card.",
    "a user": "As a user I expect more of this page.",
    "a scenario": "In this scenario, what would I pay?",
    "a character": "Which character is missing in my password?",
}


@pytest.mark.parametrize("text", WITHIN_THE_WALL.values(), ids=WITHIN_THE_WALL)
def test_a_user_who_speaks_of_models_and_roles_is_fine(text: str) -> None:
    assert found_at(fourth_wall, talk("Hello", "Hi", text)) == []


REFUSALS = {
    "assist": "I'm sorry, but I can't assist with that.",
    "request": "I\u2019m sorry, but I cannot help you with that request.",
    "fulfil": "I apologize, but I am unable to fulfill this request.",
    "policy": "I can't assist with that, as it would be against my guidelines.",
    "else": "I can't provide that information. Is there something else you would like?",
}


@pytest.mark.parametrize("text", REFUSALS.values(), ids=REFUSALS)
def test_a_user_who_refuses_as_assistants_do_is_found(text: str) -> None:
    assert found_at(assistant_refusal, talk("Hello", "Hi", text)) == [2]
    assert found_at(assistant_refusal, talk("Hello", text)) == [], "an assistant may refuse"


NO_REFUSALS = {
    "cannot find": "I'm sorry, but I can't find my order number.",
    "cannot help it": "I'm sorry, I can't help it.",
    "cannot help the other": "I just moved here, I am sorry I can not help you.",
    "no apology": "I can't assist with that.",
    "only an apology": "I'm sorry, my order number is 1001.",
    "cannot provide": "Sorry, I can't provide the receipt, I have lost it.",
}


@pytest.mark.parametrize("text", NO_REFUSALS.values(), ids=NO_REFUSALS)
def test_a_user_who_cannot_do_something_is_fine(text: str) -> None:
    assert found_at(assistant_refusal, talk("Hello", "Hi", text)) == []


def test_the_rules_need_no_user() -> None:
    messages = talk("How can I help you? You're welcome.", opens=Role.ASSISTANT)
    for rule in (role_flip, fourth_wall, assistant_refusal):
        assert found_at(rule, messages) == found_at(rule, []) == []


def test_a_user_who_offers_help_twice_is_found_in_any_case() -> None:
    offer, again = "I am happy to help with the lamp.", "I'm here to support you, as ever."
    assert found_at(role_flip, talk("Hello", "Hi", offer, "Oh.", "Hm", "Yes?", again)) == [6]
    assert found_at(role_flip, talk("Hello", "Hi", offer, "Oh.", "Thanks.", "Yes?")) == []
    assert found_at(role_flip, talk("Hello", offer, "Hi", again)) == []
