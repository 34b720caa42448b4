"""Broken conversations of every kind in several languages are invalid; what people write is not."""
# ruff: noqa: RUF001

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from duologue.conversation.messages import Message, Role
from duologue.settings.rules import Severity
from duologue.validation.check import check_messages
from duologue.validation.rule import Expectations
from tests.validation.talking import talk

TALKS: dict[str, tuple[str, ...]] = {
    "en": (
        "Hi, my kettle stopped heating after two weeks. What can I do?",
        "I am sorry about that. Did you buy it in one of our shops or online?",
        "Online, about two weeks ago, with the blue lid.",
        "Then we can send you a new one. Do you still have the invoice?",
        "Yes, it is somewhere in my mails, I will look for it.",
        "Please forward it to us, and the new kettle leaves our store the same day.",
        "Great, and do I have to send the old one back?",
        "No, you may throw it away or bring it to a recycling yard.",
    ),
    "de": (
        "Hallo, mein Wasserkocher heizt nach zwei Wochen nicht mehr. Was kann ich tun?",
        "Das tut mir leid. Haben Sie ihn im Laden oder im Internet gekauft?",
        "Im Internet, vor ungefähr zwei Wochen, der mit dem blauen Deckel.",
        "Dann schicken wir Ihnen einen neuen. Haben Sie die Rechnung noch?",
        "Ja, irgendwo in meinen Mails, ich suche sie gleich heraus.",
        "Leiten Sie sie an uns weiter, dann geht der neue am selben Tag hinaus.",
        "Prima, und muss ich den alten zurückschicken?",
        "Nein, den können Sie entsorgen oder zum Wertstoffhof bringen.",
    ),
    "es": (
        "Hola, mi hervidor dejó de calentar a las dos semanas. ¿Qué puedo hacer?",
        "Lo siento mucho. ¿Lo compró en una tienda o por internet?",
        "Por internet, hace unas dos semanas, el de la tapa azul.",
        "Entonces le enviamos uno nuevo. ¿Todavía tiene la factura?",
        "Sí, está en algún correo, la busco ahora mismo.",
        "Reenvíenosla y el nuevo sale el mismo día del almacén.",
        "Perfecto, ¿y tengo que devolver el viejo?",
        "No, puede tirarlo o llevarlo a un punto limpio.",
    ),
    "ru": (
        "Добрый день, мой чайник перестал греть через две недели. Что делать?",
        "Очень жаль. Вы купили его в магазине или через интернет?",
        "Через интернет, недели две назад, с синей крышкой.",
        "Тогда мы отправим вам новый. У вас сохранился чек?",
        "Да, где-то в почте, сейчас поищу его.",
        "Перешлите его нам, и новый чайник уедет в тот же день.",
        "Отлично, а старый нужно отправлять обратно?",
        "Нет, его можно выбросить или сдать в переработку.",
    ),
    "zh": (
        "你好，我的水壶用了两周就不加热了，怎么办？",
        "非常抱歉。请问您是在门店买的还是在网上买的？",
        "网上买的，大概两周之前，蓝色盖子的那款。",
        "那我们给您换一个新的，发票还在吗？",
        "在的，应该在邮箱里，我找一下。",
        "请转发给我们，新的水壶当天就会寄出。",
        "太好了，旧的那个需要寄回去吗？",
        "不用，您可以扔掉或者送去回收站。",
    ),
    "ja": (
        "こんにちは、二週間前に買ったやかんが温まらなくなりました。どうすればいいですか？",
        "申し訳ございません。店舗とオンラインのどちらでお求めでしょうか。",
        "オンラインです。青いふたのものを二週間ほど前に買いました。",
        "では新しいものをお送りします。領収書はお持ちですか。",
        "はい、メールのどこかにあるはずなので探してみます。",
        "転送していただければ、その日のうちに発送いたします。",
        "助かります。古いほうは送り返す必要がありますか？",
        "いいえ、処分していただくか回収所にお持ちください。",
    ),
}
SHORT = {
    "en": "tell me",
    "de": "sag schon",
    "es": "dime ya",
    "ru": "скажи мне",
    "zh": "快说吧",
    "ja": "教えて",
}
PHRASE = {
    "en": "I'm sorry about it, ",
    "de": "Das ist schade, ",
    "es": "Lo siento tanto, ",
    "ru": "Мне очень жаль, ",
    "zh": "真的很抱歉，",
    "ja": "本当にすみません、",
}
ASIDES = {
    "en": "The conversation is over",
    "de": "Der Kunde wartet auf eine Antwort",
    "es": "El cliente cuelga el teléfono",
    "ru": "Диалог завершён",
    "zh": "对话结束",
    "ja": "会話が終了しました",
}
BLANKS = {
    "en": "name",
    "de": "Name",
    "es": "nombre",
    "ru": "имя",
    "zh": "姓名",
    "ja": "名前",
}
LABELS = {
    "en": "Customer",
    "de": "Kunde",
    "es": "Cliente",
    "ru": "Клиент",
    "zh": "客户",
    "ja": "お客様",
}
INSTRUCTIONS = {
    "en": "The next user message is: thank the agent",
    "de": "Die nächste Nachricht des Kunden: er bedankt sich",
    "es": "El siguiente mensaje del cliente: da las gracias",
    "ru": "Следующее сообщение пользователя: поблагодарить",
    "zh": "用户的下一条消息：表示感谢",
    "ja": "ユーザーの次の発言：お礼を言う",
}
BRACKETS = (("(", ")"), ("[", "]"), ("*", "*"), ("（", "）"), ("【", "】"))


def said(talk_: Sequence[str], changes: dict[int, str]) -> list[Message]:
    return talk(*(changes.get(index, text) for index, text in enumerate(talk_)))


def broken() -> Iterator[tuple[str, list[Message]]]:
    """Returns each kind of broken conversation in each language, with a name."""
    for language, texts in TALKS.items():
        opening, ending = texts[0], texts[6]
        words = opening.replace("?", "!")
        yield f"{language}: opening three times", said(texts, {2: opening, 4: opening})
        yield f"{language}: opening nearly three times", said(texts, {2: words, 6: opening + " !"})
        yield f"{language}: a message three times", said(texts, {4: texts[2], 6: texts[2]})
        often = [
            part for reply in (*texts[1::2], *texts[1::2]) for part in (SHORT[language], reply)
        ]
        yield f"{language}: short messages", talk(*often)
        for length in (2, 4, 6):
            rounds = 3 if length == 2 else 2
            yield f"{language}: a cycle of {length}", talk(*texts[:length] * rounds)
        yield f"{language}: a phrase inside", said(texts, {4: PHRASE[language] * 7})
        yield (
            f"{language}: a phrase inside, after a start",
            said(texts, {4: texts[4] + PHRASE[language] * 12}),
        )
        for (left, right), place in product(BRACKETS, ("alone", "after", "before")):
            if left == "【" and place == "before" and language in ("zh", "ja"):
                continue  # a title or a name, as people write them
            aside = f"{left}{ASIDES[language]}{'.' if place == 'after' else ''}{right}"
            text = {"alone": aside, "after": f"{ending} {aside}", "before": f"{aside} {ending}"}
            yield f"{language}: aside {left}{right} {place}", said(texts, {6: text[place]})
        yield f"{language}: only a label", said(texts, {4: f"{LABELS[language]}:"})
        labelled = {index: f"{LABELS[language]}: {texts[index]}" for index in (0, 2, 4, 6)}
        yield f"{language}: labelled", said(texts, labelled)
        for left, right in (*BRACKETS[:2], *BRACKETS[3:], ("<", ">")):
            blank = f"{texts[4]} {left}{BLANKS[language]}{right}"
            yield f"{language}: blank {left}{right}", said(texts, {4: blank})
        for mask in ("+7 (XXX) XXX-XX-XX", "XXX-XXX-XXXX", "138XXXXXXXX", "{{phone_number}}"):
            yield f"{language}: {mask}", said(texts, {4: f"{texts[4]} {mask}"})
        yield f"{language}: instruction", said(texts, {6: INSTRUCTIONS[language]})
        yield f"{language}: a single message", talk(opening)
        yield f"{language}: an error as the only reply", talk(opening, "Error 500: upstream failed")
        yield f"{language}: one side", [Message(role=Role.USER, text=t) for t in texts[:1]]
        for token in ("###STOP###", "TERMINATE", "<|end|>", "[END]"):
            yield f"{language}: {token}", said(texts, {6: f"{ending} {token}"})


REPLIES = {
    "an error": "Error: 500 Internal Server Error",
    "a stack trace": 'Traceback (most recent call last):\n  File "bot.py", line 3, in do\nKeyError',
    "a tool call": '{"name": "get_order", "arguments": {"id": "A17"}}',
    "a tagged tool call": '<tool_call>{"name": "get_order", "arguments": {}}</tool_call>',
    "fenced": '```json\n{"tool": "search", "tool_input": {"q": "kettle"}}\n```',
    "notes": "Internal note: the customer wants a new kettle, ask for the invoice first.",
    "thoughts": "The user wants to return a kettle. I should respond with the policy.",
    "one character": "0" * 400,
    "exclamation marks": "!" * 300,
    "a time-out": "Request timed out.",
    "an exception": "openai.RateLimitError: Rate limit reached for requests",
}


VARIANTS = list(broken())


def invalid_rules(messages: Sequence[Message]) -> set[str]:
    found = check_messages(messages, Expectations())
    return {violation.rule for violation in found if violation.severity is Severity.INVALID}


@pytest.mark.parametrize(("name", "messages"), VARIANTS, ids=[name for name, _ in VARIANTS])
def test_each_kind_is_found_in_each_language(name: str, messages: list[Message]) -> None:
    assert invalid_rules(messages), name


@pytest.mark.parametrize("language", TALKS)
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_that_is_none_is_a_warning_and_names_its_message(language: str, reply: str) -> None:
    messages = said(TALKS[language], {3: reply})
    found = check_messages(messages, Expectations())
    assert [(v.rule, v.message_index) for v in found if v.rule == "broken_reply"] == [
        ("broken_reply", 3)
    ]
    assert not invalid_rules(messages)


def ordinary() -> Iterator[tuple[str, list[Message]]]:
    """Returns what people write, and looks like one of the kinds, with a name."""
    thanks = {
        "en": "Thank you!",
        "de": "Vielen Dank!",
        "es": "¡Muchas gracias!",
        "ru": "Спасибо!",
        "zh": "谢谢！",
        "ja": "ありがとうございます！",
    }
    yes = {"en": "Yes", "de": "Ja", "es": "Sí", "ru": "Да", "zh": "是的", "ja": "はい"}
    smile = {"en": "haha", "de": "haha", "es": "jaja", "ru": "ахах", "zh": "哈哈", "ja": "笑"}
    for language, texts in TALKS.items():
        yield f"{language}: as it is", talk(*texts)
        yield f"{language}: opening twice", said(texts, {2: texts[0]})
        yield f"{language}: asked and answered twice", talk(*texts[:4], *texts[1:8])
        yield f"{language}: thanks on both sides", talk(*texts, *[thanks[language]] * 2)
        yield f"{language}: greetings on both sides", talk(*["Hello!"] * 2, *texts)
        yield f"{language}: yes three times", said(texts, {2: yes[language], 6: yes[language]})
        yield f"{language}: a laugh", said(texts, {4: f"{texts[4]} ({smile[language]})"})
        yield f"{language}: a link", said(texts, {4: f"{texts[4]} [1](https://example.com/a)"})
        yield f"{language}: bold", said(texts, {4: f"**{texts[4]}**"})
        yield f"{language}: size XXL", said(texts, {4: f"{texts[4]} XXL"})
        yield f"{language}: figures", said(texts, {4: f"{texts[4]} (12 x 30 cm)"})
        yield (
            f"{language}: masked for all",
            said(texts, {3: f"{texts[3]} [NAME]", 4: f"{texts[4]} [NAME]"}),
        )
        emphasis = f"{yes[language]}, {yes[language]}, {yes[language]}! {texts[4]}"
        yield f"{language}: emphasis", said(texts, {4: emphasis})
    yield "en: you too", talk(*TALKS["en"], "Have a nice day!", "You too!", "Thanks, you too!")
    yield (
        "en: read-back",
        said(
            TALKS["en"],
            {3: "Please read the number back to me: 4417 blue kettle.", 4: "4417 blue kettle."},
        ),
    )
    yield (
        "en: an error quoted",
        said(
            TALKS["en"], {4: "It shows Error: 500 on the display, and then it stops. What is that?"}
        ),
    )
    yield "en: a colon", said(TALKS["en"], {4: "My question: do I need the box?"})
    yield "en: an aside", said(TALKS["en"], {4: "I have two of them (one is at my office)."})
    yield "en: next message", said(TALKS["en"], {4: "I will send it in my next message."})


ORDINARY = list(ordinary())


@pytest.mark.parametrize(("name", "messages"), ORDINARY, ids=[name for name, _ in ORDINARY])
def test_what_people_write_is_valid(name: str, messages: list[Message]) -> None:
    assert not invalid_rules(messages), name
