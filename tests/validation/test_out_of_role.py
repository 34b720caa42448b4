import pytest

from duologue.conversation.messages import Role
from duologue.validation.out_of_role import assistant_refusal, fourth_wall
from tests.validation.talking import found_at, talk

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
    "German": "Als KI kann ich keine Schuhe tragen.",
    "French": "En tant qu'IA, je n'ai pas de numéro de commande.",
    "Spanish": "Soy un modelo de lenguaje, no tengo zapatos.",
    "Italian": "Sono un assistente virtuale e non ho scarpe.",
    "Portuguese": "Como uma IA, não tenho um número de pedido.",
    "Dutch": "Als AI heb ik geen bestelnummer.",
    "Russian": "Как языковая модель, я не ношу ботинки.",
    "Chinese": "作为一个人工智能助手\uff0c我没有订单号\u3002",
    "Japanese": "AIアシスタントとして\u3001私は靴を履きません\u3002",
    "Korean": "저는 AI 어시스턴트입니다. 주문 번호가 없어요.",
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
    "German to an AI": "Als KI müssten Sie das wissen.",
    "French to an AI": "Vous êtes une IA ou une personne ?",
    "a character": "Which character is missing in my password?",
}


@pytest.mark.parametrize("text", WITHIN_THE_WALL.values(), ids=WITHIN_THE_WALL)
def test_a_user_who_speaks_of_models_and_roles_is_fine(text: str) -> None:
    assert found_at(fourth_wall, talk("Hello", "Hi", text)) == []


REFUSALS = {
    "assist": "I'm sorry, but I can't assist with that.",
    "request": "I\u2019m sorry, but I cannot help you with that request.",
    "fulfil": "I apologize, but I am unable to fulfill this request.",
    "discussions": "I'm sorry, but I can't engage in discussions that belittle people.",
    "policy": "I can't assist with that, as it would be against my guidelines.",
    "else": "I can't provide that information. Is there something else you would like?",
}


@pytest.mark.parametrize("text", REFUSALS.values(), ids=REFUSALS)
def test_a_user_who_refuses_as_assistants_do_is_found(text: str) -> None:
    assert found_at(assistant_refusal, talk("Hello", "Hi", text)) == [2]
    assert found_at(assistant_refusal, talk("Hello", text)) == [], "an assistant may refuse"


NO_REFUSALS = {
    "no meetings": "I'm sorry, but I can't take part in meetings that start before nine.",
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
    for rule in (fourth_wall, assistant_refusal):
        assert found_at(rule, messages) == found_at(rule, []) == []
