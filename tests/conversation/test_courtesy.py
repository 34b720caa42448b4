import pytest

from duologue.conversation.courtesy import is_greeting, is_polite
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.dataset_rules.facts import facts_of
from duologue.validation.manner import polite_user
from tests.validation.talking import found_at, talk

POLITE = [
    "Could you please tell me?",
    "Thanks a lot!",
    "I'd appreciate that.",
    "Bitte noch heute",
    "Una caña, por favor",
    "S'il vous plaît",
    "Un caffè, per favore",
    "Obrigada!",
    "Alstublieft",
    "Подскажите, пожалуйста",
    "请告诉我",
    "謝謝",
    "教えてください",
    "お願いします",
    "도와주셔서 감사합니다",
]
BLUNT = [
    "When?",
    "Sorry, my order is late",
    "I am in favor of it",
    "我想申请退款",
    "今天请假",
    "Где заказ?",
]

GREETINGS = [
    "Hi",
    "Hello there!",
    "Good morning, how are you today?",
    "Guten Tag!",
    "¡Hola! ¿Qué tal?",
    "Bonjour",
    "Buongiorno!",
    "Olá, tudo bem?",
    "Здравствуйте!",
    "您好",
    "你好\uff01很高兴认识你",
    "こんにちは。よろしくお願いします。",
    "はじめまして、今日はよろしくお願いいたします",
    "안녕하세요",
    "नमस्ते",
]
NO_GREETINGS = [
    "",
    "!",
    "Hi, where is my order?",
    "Hidden",
    "Welcome to our shop",
    "你好\uff0c我想退货",
    "お願いがあります",
]


@pytest.mark.parametrize("text", POLITE)
def test_rule_and_measure_agree_on_what_is_polite(text: str) -> None:
    assert is_polite(text)
    assert found_at(polite_user, talk(text, "Yes", text)) == [None]
    assert facts_of(DatasetConversation("a", talk("Where?", "There.", text))).polite == 1


@pytest.mark.parametrize("text", BLUNT)
def test_what_is_not_polite(text: str) -> None:
    assert not is_polite(text)
    assert facts_of(DatasetConversation("a", talk("Where?", "There.", text))).polite == 0


@pytest.mark.parametrize("text", GREETINGS)
def test_a_message_that_only_says_hello_is_a_greeting(text: str) -> None:
    assert is_greeting(text)


@pytest.mark.parametrize("text", NO_GREETINGS)
def test_a_message_with_anything_else_is_no_greeting(text: str) -> None:
    assert not is_greeting(text)
