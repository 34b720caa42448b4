import pytest

from duologue.conversation.refusals import is_refusal

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I\u2019m sorry, I can\u2019t assist with that request.",
    "I cannot help with this",
    "Unfortunately, I am unable to assist you with that.",
    "I'm not able to help with that, but here is the number of our shop.",
    "I can't assist with that kind of request.",
    "I won't be able to help you with this.",
    "I'm unable to assist.",
    "As an AI language model, I cannot give opinions.",
    "As a chatbot, I'm not able to feel anything.",
    "I cannot fulfill your request.",
    "I can't comply.",
    "I'm sorry, I can't provide that information.",
    "I cannot provide legal advice.",
    "I can't give you medical advice, please see a doctor.",
    "I must respectfully decline to answer.",
    "I have to decline that request.",
    "I'm not comfortable discussing that topic.",
    "Sorry, that goes against my guidelines.",
    "Dabei kann ich Ihnen leider nicht weiterhelfen.",
    "Ich kann Ihnen damit nicht helfen.",
    "Als KI kann ich keine Rechtsberatung geben.",
    "Lo siento, no puedo ayudarte con eso.",
    "Como modelo de lenguaje, no puedo opinar.",
    "Désolé, je ne peux pas vous aider avec cela.",
    "Je ne suis pas en mesure de vous aider.",
    "En tant qu'IA, je ne peux pas répondre.",
    "Mi dispiace, non posso aiutarti con questo.",
    "Come modello linguistico, non posso avere opinioni.",
    "Desculpe, não posso ajudar com isso.",
    "Como uma IA, não posso opinar.",
    "Daar kan ik u helaas niet mee helpen.",
    "Als taalmodel kan ik geen mening geven.",
    "Przykro mi, nie mogę ci w tym pomóc.",
    "Извините, я не могу вам в этом помочь.",
    "I'm sorry, I can't role-play.",
    "I cannot continue this conversation.",
    "I cannot generate that kind of content.",
    "很抱歉\uff0c作为人工智能\uff0c我无法提供意见。",
    "我无法协助您完成这个请求。",
    "申し訳ありませんが、そのご要望にはお応えできません。",
    "AI로서 그 질문에는 도와드릴 수 없습니다.",
]

NO_REFUSALS = [
    "I'm sorry, your order is late.",
    "I'm sorry, we cannot refund an order after 30 days.",
    "Unfortunately I can't find that order. Could you check the number?",
    "I can't help but notice that your subscription ends today.",
    "I can't help with that until you have signed in.",
    "If I can't help with that, a colleague will.",
    "I cannot cancel the order, because it has been shipped.",
    "I'm unable to see an order 1001; is the number right?",
    "We can't deliver to that address.",
    "I can help with that.",
    "I'm happy to assist you with that request.",
    "As an AI assistant, I can look that up for you at once.",
    "I do not see why not. Yes, you can return it.",
    "It is illegal to send batteries by air, so it goes by ship.",
    "The card was declined. Please try another.",
    "I apologize for the delay. It has been sent.",
    "You can't assist at the match without a ticket.",
    "Es tut mir leid, Ihre Bestellung ist verspätet.",
    "Ich kann Ihnen dabei helfen.",
    "Das Paket kann nach 30 Tagen nicht erstattet werden.",
    "Lo siento, no podemos devolver el dinero después de 30 días.",
    "Puedo ayudarte con eso.",
    "Désolé, votre commande est en retard.",
    "Je ne peux pas trouver cette commande.",
    "Mi dispiace, il tuo ordine è in ritardo.",
    "Não posso encontrar o pedido. Qual é o número?",
    "Não posso ajudar com a entrega antes de amanhã, mas depois sim.",
    "Daar kan ik u mee helpen.",
    "Nie mogę znaleźć zamówienia.",
    "Я не могу найти ваш заказ.",
    "我无法找到您的订单。",
    "その商品は返品できません。",
    "",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_what_declines_to_help_is_a_refusal(text: str) -> None:
    assert is_refusal(text)
    assert is_refusal(f"Hello!\n\n{text.upper()}\n")


@pytest.mark.parametrize("text", NO_REFUSALS)
def test_bad_news_and_help_are_no_refusals(text: str) -> None:
    assert not is_refusal(text)
