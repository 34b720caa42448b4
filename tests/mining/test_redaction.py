"""Personal data is replaced, and nothing else."""

import re
import unicodedata
from collections import Counter
from random import Random

import pytest
from stdnum import iban, luhn

from duologue.conversation.messages import Message, Role
from duologue.mining.redaction import Redactor
from duologue.settings.mining import MiningSettings
from duologue.traffic.candidates import RealConversation
from tests.mining.planted import HARMLESS, Planted, planted


def conversation(*texts: str, id_: str = "c1", names: tuple[str, ...] = ()) -> RealConversation:
    sides = (Role.USER, Role.ASSISTANT)
    said = tuple(Message(role=sides[i % 2], text=text) for i, text in enumerate(texts))
    return RealConversation(id_, said, (id_,), names=names)


def redacted(*texts: str, names: tuple[str, ...] = (), **settings: object) -> list[str]:
    found = Redactor(MiningSettings.model_validate(settings)).redacted(
        conversation(*texts, names=names)
    )
    return [message.text for message in found.messages]


def plain(text: str) -> str:
    return re.sub(r"\W", "", text).lower()


def left(one: Planted, texts: list[str]) -> list[tuple[str, str]]:
    """What is still there, in one of its messages, however it is written."""
    words = {word.lower() for text in texts for word in re.findall(r"\w+", text)}
    return [
        (kind, value)
        for kind, value in one.values
        if (
            value.lower() in words
            if kind == "name"
            else any(plain(value) in plain(text) for text in texts)
        )
    ]


def test_at_least_99_of_100_planted_values_are_replaced_and_no_other_number() -> None:
    total, missed, changed = Counter[str](), Counter[str](), []
    examples = []
    for number, one in enumerate(planted(Random(11), 600)):
        texts = redacted(*one.texts)
        assert len(texts) == len(one.texts)
        total.update(kind for kind, _ in one.values)
        for kind, value in left(one, texts):
            missed[kind] += 1
            examples.append((number, kind, value, one.texts))
        if texts[0] != one.texts[0]:
            changed.append(texts[0])
    assert changed == []
    assert missed.total() <= 0.01 * total.total(), (missed, total, examples[:10])


def test_what_harms_nobody_stays() -> None:
    for text in HARMLESS.values():
        assert redacted(text) == [text]


def test_a_value_is_the_same_everywhere_however_it_is_written() -> None:
    texts = redacted(
        "My name is Tjark Petersen, call 0151 23456789 about order number 4711-2233",
        "Hi Tjark, is +49 151 23456789 right, and order 47112233? TJARK PETERSEN, tjark@web.de?",
    )
    first, last = re.search(r"name is (\w+) (\w+)", texts[0]).groups()  # type: ignore[union-attr]
    assert f"Hi {first}, " in texts[1]
    assert f"{first} {last}".upper() in texts[1]
    phone = re.search(r"call 0([\d ]+) about", texts[0])
    assert phone is not None
    assert f"+49 {phone[1]} right" in texts[1]
    order = re.search(r"number ([\d-]+)", texts[0])
    assert order is not None
    assert f"order {order[1].replace('-', '')}?" in texts[1]


def test_invented_numbers_are_valid_and_of_the_same_form() -> None:
    (text,) = redacted("DE89 3704 0044 0532 0130 00 and 4111-1111-1111-1111")
    found = re.fullmatch(r"(DE\d\d(?: \d{4}){4} \d\d) and (\d{4}(?:-\d{4}){3})", text)
    assert found is not None
    assert iban.is_valid(found[1])
    assert luhn.is_valid(found[2].replace("-", ""))
    assert found[1] != "DE89 3704 0044 0532 0130 00"


def test_the_same_seed_invents_the_same_and_another_one_does_not() -> None:
    text = "My name is Nkechi Obi, order number 884120957"
    assert redacted(text) == redacted(text)
    assert redacted(text) != redacted(text, random_seed=2)


def test_no_placeholder_is_left() -> None:
    (text,) = redacted("My name is Anna Schmidt, anna@gmx.de, 0171 2345678, order number 12345678")
    assert not re.search(r"[\[\]<>{}]|XXX|REDACTED", text)


def test_a_name_that_is_also_a_word_is_replaced_only_as_a_name() -> None:
    texts = redacted("Will you be open in May?", "Hi Will, yes. Will you come?", "Thanks, will do")
    assert texts[0] == "Will you be open in May?"
    assert "Will," not in texts[1]
    assert "Will you come?" in texts[1]
    assert texts[2] == "Thanks, will do"


def test_names_from_a_column_are_replaced() -> None:
    (text,) = redacted("as Zbyszko I want a refund", names=("Zbyszko Wrona",))
    assert "Zbyszko" not in text


def test_own_patterns_are_replaced_by_others_of_the_same_form() -> None:
    (text,) = redacted("I am M-123456, not 123456", own_patterns={"member": "M-[0-9]{6}"})
    assert re.fullmatch(r"I am [A-Z]-\d{6}, not 123456", text)
    assert "M-123456" not in text


@pytest.mark.parametrize("pattern", ["(", "x*"])
def test_a_pattern_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"own_patterns\.member"):
        MiningSettings(own_patterns={"member": pattern})


def test_counts_are_of_values_and_never_hold_them() -> None:
    redactor = Redactor(MiningSettings())
    redactor.redacted(conversation("anna@gmx.de", "anna@gmx.de?", "yes, and ben@gmx.de"))
    assert redactor.counts == {"e-mail address": 2}


@pytest.mark.parametrize(
    ("text", "harmful"),
    [
        ("Reach me at john[dot]doe[at]mail[dot]com", "doe"),
        ("john dot doe at gmail dot com", "doe"),
        ("see https://shop.invalid/?email=maria%40web.de", "maria"),
        ("メールはuser3@web.deです", "user3"),
        ("カードは4111111111111111です", "411111111111"),
        ("電話は+81 90-1234-5678です", "1234"),
        ("전화는 +82 10-2345-6789입니다", "2345"),
        ("Ich bin Frau Dr. Katharina von Hohenstein", "Hohenstein"),
        ("Guten Tag Frau von Hohenstein", "Hohenstein"),
        ("Rechnung falsch, mfg Jürgen Müller-Lüdenscheidt", "Müller"),
        ("My SSN is 123-45-6789", "123"),
    ],
)
def test_values_are_found_next_to_any_script_and_however_they_are_spelt(
    text: str, harmful: str
) -> None:
    (found,) = redacted(text)
    assert harmful not in found


def test_only_the_address_of_a_sentence_is_replaced() -> None:
    (found,) = redacted("Reach me at john[dot]doe[at]mail[dot]com")
    assert found.startswith("Reach me at ")


@pytest.mark.parametrize(
    "text", ["I ordered at shop.com", "Look at www.shop.com", "log in at x.org"]
)
def test_a_site_is_no_address(text: str) -> None:
    assert redacted(text) == [text]


def test_a_known_name_is_replaced_in_lower_case_too() -> None:
    assert "miller" not in " ".join(redacted("i'm bob miller", "Hi Bob Miller!", "bob")).lower()


def test_ids_hold_no_personal_data_and_stay_distinct() -> None:
    redactor = Redactor(MiningSettings())
    given = ["p@web.de", "+14155552671", *(f"u{one}@web.de" for one in "abcdefghijkl")]
    found = [redactor.redacted(conversation("hello", id_=one)).id for one in given]
    assert not set(found) & set(given)
    assert not any("web.de" in one for one in found)
    assert len(set(found)) == len(given)
    again = redactor.redacted(conversation("hi", id_="p@web.de")).id
    assert again == found[0]
    plain = ["1750000000", "order-17", "0af7651916cd43dd8448eb211c80319c"]
    assert [redactor.redacted(conversation("hello", id_=one)).id for one in plain] == plain


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("this is emma johnson. wrong colour", "emma johnson"),
        ("Please send it to my wife, Anna Kowalska, instead.", "Anna Kowalska"),
        ("meine Tochter Lena hat bestellt", "Lena"),
        ("Best regards, Oluwaseun", "Oluwaseun"),
        ("C'est encore Jean-Pierre, toujours pas de colis", "Jean-Pierre"),
        ("Me chamo Vinícius Carvalho", "Vinícius Carvalho"),
        ("Obrigado,\nThiago Souza", "Thiago Souza"),
        ("Goedemiddag, u spreekt met Marieke Bakker", "Marieke Bakker"),
        ("Groetjes,\nFemke", "Femke"),
        ("Zamówienie jest na nazwisko Kowalczyk", "Kowalczyk"),
        ("Witam, jestem Agnieszka Zielińska", "Agnieszka Zielińska"),
        ("Привет, я Алексей, не приходит код", "Алексей"),
        ("Меня зовут Наталья Соколова.", "Наталья Соколова"),
        ("С уважением,\nСергей Петрович", "Сергей Петрович"),
        ("Добрий день, мене звати Оксана Шевченко", "Оксана Шевченко"),
        ("Merhaba, benim adım Mehmet Yılmaz", "Mehmet Yılmaz"),
        ("Dobrý den, jmenuji se Jana Nováková", "Jana Nováková"),
        ("Hej, jag heter Björn Lindqvist", "Björn Lindqvist"),
        ("你好,我叫王小明", "王小明"),
        ("麻烦转告周敏女士", "周敏"),
        ("私の名前は中村さくらです", "中村さくら"),
        ("小林と申しますが、返品したいです", "小林"),
        ("伊藤様からの紹介です", "伊藤"),
        ("제 이름은 최유진이에요", "최유진"),
        ("저는 박지영이라고 합니다", "박지영"),
        ("السلام عليكم، اسمي خالد منصور", "خالد منصور"),
        ("मेरा नाम प्रिया शर्मा है, मदद कीजिए", "प्रिया शर्मा"),
    ],
)
def test_names_are_found_after_cues_of_many_languages(text: str, names: str) -> None:
    (told,) = redacted(text)
    assert told != text
    assert not any(name in told for name in names.split())
    script = {unicodedata.name(letter).split()[0] for letter in names if letter.isalpha()}
    made = {unicodedata.name(letter).split()[0] for letter in told if letter.isalpha()}
    assert script & made, "a name in the same script"


@pytest.mark.parametrize(
    "text",
    [
        "It's said that delivery is free",
        "my friend, Please help",
        "Sincerely, A Customer",
        "meine Frau möchte umtauschen",
        "Aqui é São Paulo",
        "Ik ben boos",
        "Jestem zadowolona",
        "Это срочно",
        "Спасибо,\nжду ответа",
        "Adım adım anlatır mısınız?",
        "我叫了外卖",
        "我的名字是错的",
        "请叫先生来",
        "私は学生です",
        "大丈夫です。",
        "皆さん、こんにちは",
        "저는 학생입니다",
        "고객님 감사합니다",
        "أنا بحاجة للمساعدة",
        "मेरा नाम बदलना है",
    ],
)
def test_what_only_looks_like_a_cue_changes_nothing(text: str) -> None:
    assert redacted(text) == [text]
