"""Users who do the assistant's part. The dialogues were written for these tests."""

import pytest

from duologue.conversation.messages import Message, Role
from duologue.validation.role_flip import (
    LIMIT,
    Stretch,
    _ahead,
    role_flip,
    score_ahead,
    speaks_like_assistant,
    strongest_stretch,
)
from duologue.validation.role_model import role_model
from duologue.validation.rule import Expectations
from duologue.validation.transcripts import Transcript, check_transcript, check_transcripts
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
    "further help, at the end of a long message": (
        "Thank you so much for the recipes! I love the idea of the risotto, and I will try it on "
        "Sunday with my two cousins. If you have any more questions or need further assistance, "
        "feel free to ask. Enjoy your meal!"
    ),
    "interest, and an offer to tell more": (
        "It's great that you're interested in our courses! Would you like to know more about fees?"
    ),
    "thanks of a business": "Thank you for using our services.",
    "German thanks of a business": "Danke, dass Sie sich für uns entschieden haben.",
    "French thanks of a business": "Merci d'avoir choisi notre hôtel.",
    "Spanish thanks of a business": "Gracias por elegirnos.",
    "Italian thanks of a business": "Grazie per averci scelto!",
    "Portuguese thanks of a business": "Obrigado por utilizar os nossos serviços.",
    "Dutch thanks of a business": "Bedankt voor het gebruik van onze diensten.",
    "Russian thanks of a business": "Спасибо за обращение в нашу компанию.",
    "Chinese thanks of a business": "感谢您使用我们的服务",
    "Japanese thanks of a business": "お問い合わせいただきありがとうございます",
    "Korean thanks of a business": "저희 서비스를 이용해 주셔서 감사합니다.",
    "German": "Vielen Dank für Ihre Geduld. Wie kann ich Ihnen helfen?",
    "French": "Merci de votre patience. Comment puis-je vous aider ?",
    "Spanish": "Gracias por su paciencia. ¿En qué puedo ayudarle?",
    "Spanish, interest and more": (
        "¡Qué bien que te interese el grado! ¿Te gustaría saber algo más sobre las becas?"
    ),
    "French, interest and more": (
        "Je suis ravi que vous soyez intéressé par ce cours. Souhaitez-vous en savoir plus ?"
    ),
    "German, interest and more": (
        "Schön, dass Sie sich für den Kurs interessieren. Möchten Sie mehr darüber erfahren?"
    ),
    "Italian": "Grazie per la sua pazienza. Come posso aiutarla?",
    "Portuguese": "Obrigado pela sua paciência. Como posso ajudar?",
    "Dutch": "Bedankt voor uw geduld. Waarmee kan ik u helpen?",
    "Russian": "Спасибо за ваше терпение. Чем я могу вам помочь?",
    "Chinese": "感谢您的耐心\u3002请问有什么可以帮您\uff1f",
    "Japanese": "ご連絡ありがとうございます\u3002他にもお手伝いできることはありますか\uff1f",
    "Korean": "문의해 주셔서 감사합니다. 무엇을 도와드릴까요?",
}


@pytest.mark.parametrize("text", FLIPPED.values(), ids=FLIPPED)
def test_a_user_who_serves_is_found(text: str) -> None:
    assert found_at(role_flip, talk("Hello", "Hi", text)) == [2]
    assert found_at(role_flip, talk("Hello", text)) == [], "an assistant does right to serve"


def test_one_sign_is_enough_where_the_assistant_speaks_as_a_user() -> None:
    offer = "How can I help you today?"
    assert found_at(role_flip, talk("Hi", "Hello", offer, "I need help with my order.")) == [2]
    assert found_at(role_flip, talk("Hi", "I want to return my shoes.", offer)) == [2]
    assert found_at(role_flip, talk("Hi", "Hello", offer, "You have thirty days.")) == []


def test_an_opening_may_hold_a_letter_to_be_improved() -> None:
    letter = "Thank you for your patience. If you have any questions, feel free to contact me."
    improved = "Dear Ms Ott, many thanks for your patience. Please contact us with any questions."
    assert found_at(role_flip, talk(letter, improved, "shorter")) == []
    assert found_at(role_flip, talk(letter, "I want to return my shoes.", "ok")) == [0]


def test_a_user_who_offers_help_twice_is_found_in_any_case() -> None:
    offer, again = "I am happy to help with the lamp.", "I'm here to support you, as ever."
    stock = "The lamp is in stock and will be sent to you today."
    assert found_at(role_flip, talk("Hello", stock, offer, stock, "Hm", stock, again)) == [6]
    assert found_at(role_flip, talk("Hello", offer, "Hi", again)) == []


# From the third message on, the sides have changed places.
SWAPPED = {
    "English": (
        "Hi, I'd like to change my flight to Boston.",
        "Sure. Could you tell me your booking reference?",
        "Thanks. I see the booking. Which date would you like to travel on instead?",
        "The 14th, please, and I want an aisle seat.",
        "There is a flight at 9:40 on the 14th for an extra $35. Shall I book it for you?",
        "Yes, please do that.",
        "Your flight has been changed. You will receive a confirmation by email.",
        "Great, thanks a lot.",
    ),
    "German": (
        "Hallo, ich möchte meinen Flug nach Wien umbuchen.",
        "Gerne. Wie lautet Ihre Buchungsnummer?",
        "Danke. Ich habe Ihre Buchung gefunden. An welchem Tag möchten Sie fliegen?",
        "Am 14., bitte, und ich will am Gang sitzen.",
        "Am 14. gibt es einen Flug um 9:40 Uhr für 35 Euro Aufpreis. Soll ich ihn für Sie buchen?",
        "Ja, bitte machen Sie das.",
        "Ihre Buchung wurde geändert. Sie erhalten eine Bestätigung per E-Mail.",
        "Super, danke.",
    ),
    "French": (
        "Bonjour, je voudrais changer mon billet pour Lyon.",
        "Bien sûr. Quel est votre numéro de réservation ?",
        "Merci. J'ai trouvé votre réservation. Quel jour souhaitez-vous partir ?",
        "Le 14, et je veux une place côté couloir.",
        "Il y a un train à 9 h 40 le 14, avec un supplément de 35 euros. Voulez-vous que je "
        "le réserve ?",
        "Oui, s'il vous plaît.",
        "Votre réservation a été modifiée. Vous recevrez une confirmation par e-mail.",
        "Parfait, merci.",
    ),
    "Spanish": (
        "Hola, quiero cambiar mi vuelo a Sevilla.",
        "Claro. ¿Cuál es su número de reserva?",
        "Gracias. He encontrado su reserva. ¿Qué día desea viajar?",
        "El 14, por favor, y quiero pasillo.",
        "Hay un vuelo a las 9:40 del día 14 por 35 euros más. ¿Quiere que lo reserve?",
        "Sí, por favor.",
        "Su reserva ha sido modificada. Recibirá una confirmación por correo.",
        "Genial, gracias.",
    ),
    "Russian": (
        "Здравствуйте, хочу поменять билет в Казань.",
        "Конечно. Назовите номер бронирования.",
        "Спасибо. Я нашёл ваше бронирование. На какой день вы хотите поменять билет?",
        "На 14-е, и хочу место у прохода.",
        "14-го есть рейс в 9:40 с доплатой 35 евро. Оформить его для вас?",
        "Да, пожалуйста.",
        "Ваше бронирование изменено. Вы получите подтверждение на почту.",
        "Отлично, спасибо.",
    ),
    "Dutch": (
        "Hallo, ik wil mijn vlucht naar Wenen omboeken.",
        "Natuurlijk. Wat is uw boekingsnummer?",
        "Dank u. Ik heb uw boeking gevonden. Op welke dag wilt u vliegen?",
        "Op de 14e, en ik wil aan het gangpad zitten.",
        "Op de 14e is er een vlucht om 9.40 uur voor 35 euro extra. Wilt u dat ik die boek?",
        "Ja graag.",
        "Uw boeking is gewijzigd. U ontvangt een bevestiging per e-mail.",
        "Top, bedankt.",
    ),
    "Korean": (
        "안녕하세요, 부산행 비행기 표를 바꾸고 싶어요.",
        "네, 예약 번호가 어떻게 되시나요?",
        "감사합니다. 예약을 확인했습니다. 어느 날짜로 변경을 원하시나요?",
        "14일로 해주세요. 통로 쪽 자리로요.",
        "14일 9시 40분 항공편이 있으며 추가 요금은 35,000원입니다. 예약해 드릴까요?",
        "네, 그렇게 해주세요.",
        "예약이 변경되었습니다. 확인 메일을 보내 드리겠습니다.",
        "좋아요, 감사합니다.",
    ),
}


@pytest.mark.parametrize("texts", SWAPPED.values(), ids=SWAPPED)
def test_sides_that_change_places_are_found(texts: tuple[str, ...]) -> None:
    messages = talk(*texts)
    assert found_at(role_flip, messages) or found_at(speaks_like_assistant, messages)


IN_PLACE = {name: (*t[:2], "ok", *t[2:]) for name, t in SWAPPED.items()}


@pytest.mark.parametrize("texts", IN_PLACE.values(), ids=IN_PLACE)
def test_the_same_sides_in_their_places_are_fine(texts: tuple[str, ...]) -> None:
    messages = talk(*texts)
    assert found_at(role_flip, messages) == found_at(speaks_like_assistant, messages) == []


SOUND = {
    "terse": (
        "hi",
        "Hello! How can I help?",
        "order late",
        "What is your order number?",
        "1001",
        "It arrives tomorrow.",
        "ok",
        "Anything else?",
        "no",
    ),
    "long-winded": (
        "Good morning, I have a rather long story to tell you about my dishwasher.",
        "Please go ahead.",
        "So, last Tuesday my sister came to visit with her three kids, and as you can imagine we "
        "had a lot of plates. I put everything in, pressed the button as always, and then it just "
        "made this grinding noise and stopped in the middle of the programme.",
        "I am sorry to hear that. Does the display show an error code?",
        "It says E24 I think, though my eyes are not what they used to be. My neighbour says it "
        "could be the pump, but then he also told me my car needed a new clutch when it didn't.",
        "E24 means that the water does not drain. Have you cleaned the filter?",
        "I did that in spring. I don't dare to take anything apart myself, and I really want "
        "somebody to come round and have a look before the weekend.",
        "I can send a technician on Friday at ten.",
        "Friday at ten is wonderful, I'll bake something.",
    ),
    "an expert": (
        "Our nginx returns 502 for about 2% of requests.",
        "Which upstream do you use, and what do the logs say?",
        "gunicorn, 4 sync workers behind a unix socket. The log says upstream prematurely closed "
        "connection. I suspect the 30 s worker timeout.",
        "Try raising the timeout, or use gevent workers.",
        "Tried 120 s, same rate. Could it be max_requests without jitter?",
        "Yes. Set max_requests_jitter so that the workers do not restart together.",
        "That was it. I owe you one.",
    ),
    "instructions": (
        "Write a birthday card for my grandmother.",
        "Happy birthday, dear Grandma! May your day be full of joy.",
        "Make it funnier, and mention her cat.",
        "Happy birthday! The cat says you owe her a party.",
        "Shorter. Put her name, Rosa, in the first line.",
        "Rosa, happy birthday! The cat demands cake.",
        "Now translate it into Spanish.",
        "Rosa, ¡feliz cumpleaños! El gato exige pastel.",
    ),
    "business e-mail": (
        "Dear team, please quote 200 units of part K-11. Kind regards, Lena Ott, Ott GmbH",
        "Dear Ms Ott, 200 units cost 1,840 euros. Shall I send a formal quotation?",
        "Dear Mr Lang, thank you for the price. Please send the quotation to our purchasing "
        "department and let me know the delivery time. Kind regards, Lena Ott",
        "Dear Ms Ott, delivery takes three weeks. The quotation is attached.",
        "Dear Mr Lang, we accept. Our order number is 88120. If you need our VAT number, please "
        "ask Mr Brandt in accounting. Kind regards, Lena Ott",
    ),
    "own data": (
        "I need to register for the conference.",
        "Gladly. What are your name, employer and dietary needs?",
        "Ines Prado, University of Porto, vegetarian.",
        "Which workshops would you like to attend?",
        "A2 on Monday and C1 on Wednesday.",
        "And how would you like to pay?",
        "By invoice. The address is Rua das Flores 12, 4050-262 Porto.",
        "You are registered.",
        "Thank you, see you in May.",
    ),
    "German customer": (
        "Guten Tag, mein Paket ist beschädigt angekommen.",
        "Das tut mir leid. Können Sie mir ein Foto schicken?",
        "Hab ich gerade hochgeladen. Die Ecke ist eingedrückt und die Vase kaputt.",
        "Danke. Möchten Sie eine neue Vase oder Ihr Geld zurück?",
        "Lieber eine neue, es ist ein Geschenk. Schaffen Sie das bis Samstag?",
        "Ja, wir schicken sie heute noch los.",
        "Perfekt, vielen Dank!",
    ),
}


@pytest.mark.parametrize("texts", SOUND.values(), ids=SOUND)
def test_users_of_all_kinds_are_fine(texts: tuple[str, ...]) -> None:
    messages = talk(*texts)
    assert found_at(role_flip, messages) == found_at(speaks_like_assistant, messages) == []


NO_FLIP = {
    "an offer to show": "Is there anything else I can provide?",
    "thanks for contacting": "Thank you for contacting them for me.",
    "asks for help": "Can you help me? I need to know if you have any questions for me.",
    "a question about an order": "My refund has been promised twice. Your order form is broken.",
    "welcome": "You're welcome!",
    "thanks for help": "Thank you for calling us back so soon.",
    "German thanks": "Danke, dass Sie uns geholfen haben.",
    "more": "I would like to know more. Is there anything else I need to know?",
    "further help for the user": "I'll reach out if I have questions or need further assistance.",
}


@pytest.mark.parametrize("text", NO_FLIP.values(), ids=NO_FLIP)
def test_one_sign_alone_is_no_flip(text: str) -> None:
    assert found_at(role_flip, talk("Hello", "Hi, how can I help you?", text)) == []


def test_the_strongest_stretch_is_as_counted_by_hand() -> None:
    texts = {2: "a", 4: "b", 6: "c", 8: "d"}
    assert strongest_stretch(texts, [1.0, -2.0, 2.5, 0.5]) == Stretch(6, 2, 3.0)
    assert strongest_stretch(texts, [4.0, -1.0, 2.5, 0.5]) == Stretch(2, 4, LIMIT + 2.0)
    assert strongest_stretch({2: "a", 4: "b", 6: "b"}, [1.0, 2.0, 2.0]) == Stretch(2, 3, 3.0)
    assert strongest_stretch({2: "a"}, [3.0]) is None
    assert strongest_stretch({}, []) is None


@pytest.mark.parametrize("odd", ["", " ", "\ud800", "\U0001f600" * 50, "\x03" * 20, "a" * 200_000])
def test_odd_texts_do_no_harm(odd: str) -> None:
    messages = [Message(role=role, text=odd) for role in (Role.USER, Role.ASSISTANT) * 4]
    assert found_at(role_flip, messages) == []
    assert found_at(role_flip, []) == found_at(speaks_like_assistant, []) == []


def test_the_rules_need_no_user() -> None:
    messages = talk("How can I help you? You're welcome.", opens=Role.ASSISTANT)
    assert found_at(role_flip, messages) == found_at(speaks_like_assistant, messages) == []


def test_a_score_does_not_depend_on_the_messages_that_are_scored_with_it() -> None:
    texts = [text for said in SWAPPED.values() for text in said]
    together = role_model().score(texts, [""] * len(texts)).tolist()
    assert together == [role_model().score([text], [""]).item() for text in texts]


def test_conversations_that_are_checked_together_get_the_same_findings() -> None:
    transcripts = [
        Transcript(name, tuple(talk(*said)), (*range(len(said)),), Expectations())
        for name, said in (SWAPPED | IN_PLACE).items()
        for _ in range(3)
    ]
    together = [*check_transcripts(transcripts)]
    score_ahead([])
    assert together == [(one, check_transcript(one)) for one in transcripts]
    assert any(result.violations for _, result in together)


def test_a_message_is_scored_ahead_with_the_one_before_it() -> None:
    messages = talk("Hi", "How may I help?", "How may I help you?")
    score_ahead([messages])
    scores = role_model().score(["Hi", "How may I help you?"], ["", "How may I help?"])
    assert [_ahead["Hi", ""], _ahead["How may I help you?", "How may I help?"]] == scores.tolist()
